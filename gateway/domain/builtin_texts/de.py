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
