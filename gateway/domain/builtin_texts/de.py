"""Our templates in German."""

TEXTS = {
    "reminder": (
        "Ihr Termin am {weekday}, {date} um {time} Uhr",
        "{greeting} {organization} erinnert Sie an Ihren Termin {for_service} am {weekday},"
        " {date} um {time} Uhr. {reply_hint}",
    ),
    "reminder/voice": (
        "",
        "{greeting} Wir erinnern Sie an Ihren Termin {for_service} am {weekday}, {date} um"
        " {time} Uhr. {reply_hint} Auf Wiederhören.",
    ),
    "nudge": (
        "Ihr nächster Termin beginnt {time_until}",
        "{greeting} Ihr Termin {with_customer} {for_service} beginnt {time_until}, um {time} Uhr.",
    ),
    "nudge/voice": (
        "",
        "{greeting} Ihr Termin {with_customer} {for_service} beginnt {time_until},"
        " um {time} Uhr. Auf Wiederhören.",
    ),
    "cancellation": (
        "Ihr Termin am {weekday}, {date} ist abgesagt",
        "{greeting} Ihr Termin {for_service} bei {organization} am {weekday}, {date} um {time}"
        " Uhr ist abgesagt.",
    ),
    "cancellation/voice": (
        "",
        "{greeting} Ihr Termin {for_service} am {weekday}, {date} um {time} Uhr ist abgesagt."
        " Auf Wiederhören.",
    ),
    "confirmation": (
        "Ihr Termin am {weekday}, {date} um {time} Uhr ist bestätigt",
        "{greeting} Ihr Termin {for_service} bei {organization} am {weekday}, {date} um {time}"
        " Uhr ist bestätigt. Bis dann!",
    ),
    "confirmation/voice": (
        "",
        "{greeting} Ihr Termin {for_service} am {weekday}, {date} um {time} Uhr ist bestätigt."
        " Auf Wiederhören.",
    ),
    "moved": (
        "Ihr Termin ist jetzt am {weekday}, {date} um {time} Uhr",
        "{greeting} Ihr Termin {for_service} bei {organization} wurde verschoben. Er ist jetzt"
        " am {weekday}, {date} um {time} Uhr. {reply_hint}",
    ),
    "moved/voice": (
        "",
        "{greeting} Ihr Termin {for_service} wurde verschoben. Er ist jetzt am {weekday},"
        " {date} um {time} Uhr. {reply_hint} Auf Wiederhören.",
    ),
    "move_requested": (
        "Ihre Bitte um einen anderen Termin",
        "{greeting} Sie möchten Ihren Termin {for_service} am {weekday}, {date} um {time} Uhr"
        " verlegen. {organization} meldet sich bei Ihnen.",
    ),
    "dunning": (
        "Rechnung von {organization}: {amount}, fällig seit {due_date}",
        "{greeting} Ihre Zahlung über {amount} an {organization}, fällig am {due_date}, ist noch"
        " nicht eingegangen. Hier können Sie zahlen: {payment_link} Falls Sie schon gezahlt haben:"
        " vielen Dank.",
    ),
    "dunning/voice": (
        "",
        "{greeting} Ihre Zahlung über {amount} an {organization}, fällig am {due_date}, ist noch"
        " nicht eingegangen. Falls Sie schon gezahlt haben: vielen Dank. Auf Wiederhören.",
    ),
    "dunning_second": (
        "Zweite Erinnerung: {amount}, fällig seit {due_date}",
        "{greeting} Ihre Zahlung über {amount} an {organization} war am {due_date} fällig. Tage"
        " seither: {days_overdue}. Bitte zahlen Sie jetzt: {payment_link}",
    ),
    "dunning_second/voice": (
        "",
        "{greeting} Ihre Zahlung über {amount} an {organization} war am {due_date} fällig. Tage"
        " seither: {days_overdue}. Bitte zahlen Sie jetzt. Auf Wiederhören.",
    ),
    "dunning_final": (
        "Letzte Erinnerung: {amount}, fällig seit {due_date}",
        "{greeting} Dies ist die letzte Erinnerung an Ihre Zahlung über {amount} an {organization},"
        " fällig am {due_date}. Tage seither: {days_overdue}. Bitte zahlen Sie heute:"
        " {payment_link} Stimmt etwas mit der Rechnung nicht, melden Sie sich bitte bei"
        " {organization}.",
    ),
    "dunning_final/voice": (
        "",
        "{greeting} Dies ist die letzte Erinnerung an Ihre Zahlung über {amount} an {organization},"
        " fällig am {due_date}. Tage seither: {days_overdue}. Bitte zahlen Sie heute, oder melden"
        " Sie sich bei {organization}, falls etwas nicht stimmt. Auf Wiederhören.",
    ),
    "waitlist": (
        "Ein Termin ist frei: {weekday}, {date} um {time} Uhr",
        "{greeting} Bei {organization} ist ein Termin {for_service} {with_staff} frei: {weekday},"
        " {date} um {time} Uhr {duration_and_price}. Er ist bis {offer_expires} Uhr für Sie"
        " reserviert. {reply_hint}",
    ),
    "waitlist/voice": (
        "",
        "{greeting} Bei {organization} ist ein Termin {for_service} {with_staff} frei: {weekday},"
        " {date} um {time} Uhr {duration_and_price}. Er ist bis {offer_expires} Uhr für Sie"
        " reserviert. {reply_hint} Auf Wiederhören.",
    ),
    "waitlist_accepted": (
        "Ihr Termin am {weekday}, {date} um {time} Uhr ist gebucht",
        "{greeting} Ihr Termin {for_service} {with_staff} am {weekday}, {date} um {time} Uhr ist"
        " gebucht. {organization} freut sich auf Sie.",
    ),
    "waitlist_over": (
        "Der Termin am {weekday}, {date} um {time} Uhr ist nicht mehr frei",
        "{greeting} Der Termin {for_service} am {weekday}, {date} um {time} Uhr ist nicht mehr für"
        " Sie reserviert. {organization}",
    ),
    "opt_out": (
        "Sie hören nicht mehr von uns",
        "Sie erhalten keine Nachrichten mehr von {organization}.",
    ),
    "opt_out/messages": (
        "",
        "Sie erhalten keine Nachrichten mehr von {organization}. Mit START bekommen Sie sie"
        " wieder.",
    ),
    "opt_out/voice": (
        "",
        "Sie erhalten keine Anrufe mehr von {organization}. Auf Wiederhören.",
    ),
    "help": (
        "Zu diesen Nachrichten",
        "{organization} schickt Ihnen Nachrichten zu Ihren Terminen. Bei anderen Fragen wenden"
        " Sie sich bitte direkt an {organization}.",
    ),
    "help/messages": (
        "",
        "{organization} schickt Ihnen Nachrichten zu Ihren Terminen. {reply_hint} Mit STOP"
        " bekommen Sie keine mehr.",
    ),
}
