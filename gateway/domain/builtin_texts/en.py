"""Our templates in English."""

TEXTS = {
    "reminder": (
        "Your appointment on {weekday}, {date} at {time}",
        "{greeting} {organization} reminds you of your appointment {for_service} on {weekday},"
        " {date} at {time}. {reply_hint}",
    ),
    "reminder/voice": (
        "",
        "{greeting} This is a reminder of your appointment {for_service} on {weekday}, {date}"
        " at {time}. {reply_hint} Goodbye.",
    ),
    "nudge": (
        "Your next appointment starts {time_until}",
        "{greeting} Your appointment {with_customer} {for_service} starts {time_until}, at {time}.",
    ),
    "nudge/voice": (
        "",
        "{greeting} Your appointment {with_customer} {for_service} starts {time_until},"
        " at {time}. Goodbye.",
    ),
    "cancellation": (
        "Your appointment on {weekday}, {date} is canceled",
        "{greeting} Your appointment {for_service} at {organization} on {weekday}, {date} at"
        " {time} is canceled.",
    ),
    "cancellation/voice": (
        "",
        "{greeting} Your appointment {for_service} on {weekday}, {date} at {time} is canceled."
        " Goodbye.",
    ),
    "confirmation": (
        "Your appointment on {weekday}, {date} at {time} is confirmed",
        "{greeting} Your appointment {for_service} at {organization} on {weekday}, {date} at"
        " {time} is confirmed. See you then!",
    ),
    "confirmation/voice": (
        "",
        "{greeting} Your appointment {for_service} on {weekday}, {date} at {time} is confirmed."
        " Goodbye.",
    ),
    "moved": (
        "Your appointment is now on {weekday}, {date} at {time}",
        "{greeting} Your appointment {for_service} at {organization} has moved. It is now on"
        " {weekday}, {date} at {time}. {reply_hint}",
    ),
    "moved/voice": (
        "",
        "{greeting} Your appointment {for_service} has moved. It is now on {weekday}, {date} at"
        " {time}. {reply_hint} Goodbye.",
    ),
    "move_requested": (
        "We will call you about another time",
        "{greeting} You asked for another time for your appointment {for_service} on"
        " {weekday}, {date} at {time}. {organization} will get back to you.",
    ),
    "dunning": (
        "Invoice of {organization}: {amount} due since {due_date}",
        "{greeting} {organization} has not yet received your payment of {amount}, due on"
        " {due_date}. You can pay here: {payment_link} If you have paid meanwhile, thank you.",
    ),
    "dunning/voice": (
        "",
        "{greeting} {organization} has not yet received your payment of {amount}, due on"
        " {due_date}. If you have paid meanwhile, thank you. Goodbye.",
    ),
    "dunning_second": (
        "Second reminder: {amount} due since {due_date}",
        "{greeting} Your payment of {amount} to {organization} was due on {due_date}. Days"
        " overdue: {days_overdue}. Please pay now: {payment_link}",
    ),
    "dunning_second/voice": (
        "",
        "{greeting} Your payment of {amount} to {organization} was due on {due_date}. Days"
        " overdue: {days_overdue}. Please pay now. Goodbye.",
    ),
    "dunning_final": (
        "Last reminder: {amount} due since {due_date}",
        "{greeting} This is the last reminder of your payment of {amount} to {organization}, due on"
        " {due_date}. Days overdue: {days_overdue}. Please pay today: {payment_link} If something"
        " is wrong with the invoice, please contact {organization}.",
    ),
    "dunning_final/voice": (
        "",
        "{greeting} This is the last reminder of your payment of {amount} to {organization}, due on"
        " {due_date}. Days overdue: {days_overdue}. Please pay today, or contact {organization} if"
        " something is wrong with the invoice. Goodbye.",
    ),
    "waitlist": (
        "An appointment is free on {weekday}, {date} at {time}",
        "{greeting} {organization} has a free appointment {for_service} {with_staff} on {weekday},"
        " {date} at {time} {duration_and_price}. It is held for you until {offer_expires}."
        " {reply_hint}",
    ),
    "waitlist/voice": (
        "",
        "{greeting} {organization} has a free appointment {for_service} {with_staff} on {weekday},"
        " {date} at {time} {duration_and_price}. It is held for you until {offer_expires}."
        " {reply_hint} Goodbye.",
    ),
    "waitlist_accepted": (
        "Your appointment on {weekday}, {date} at {time} is booked",
        "{greeting} Your appointment {for_service} {with_staff} on {weekday}, {date} at {time} is"
        " booked. {organization} looks forward to seeing you.",
    ),
    "waitlist_over": (
        "The appointment on {weekday}, {date} at {time} is no longer free",
        "{greeting} The appointment {for_service} on {weekday}, {date} at {time} is not held for"
        " you any more. {organization}",
    ),
    "opt_out": (
        "You will not hear from us again",
        "You will get no more messages from {organization}.",
    ),
    "opt_out/messages": (
        "",
        "You will get no more messages from {organization}. Reply START to get them again.",
    ),
    "opt_out/voice": ("", "You will get no more calls from {organization}. Goodbye."),
    "help": (
        "About these messages",
        "{organization} sends you messages about your appointments. For anything else please"
        " contact {organization} directly.",
    ),
    "help/messages": (
        "",
        "{organization} sends you messages about your appointments. {reply_hint} Reply STOP to"
        " get no more.",
    ),
}
