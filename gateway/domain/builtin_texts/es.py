"""Our templates in Spanish."""

TEXTS = {
    "reminder": (
        "Su cita del {weekday}, {date}, a las {time}",
        "{greeting} {organization} le recuerda su cita {for_service} del {weekday}, {date}, a las"
        " {time}. {reply_hint}",
    ),
    "reminder/voice": (
        "",
        "{greeting} Le recordamos su cita {for_service} del {weekday}, {date}, a las {time}."
        " {reply_hint} Adiós.",
    ),
    "nudge": (
        "Su próxima cita empieza {time_until}",
        "{greeting} Su cita {with_customer} {for_service} empieza {time_until}, a las {time}.",
    ),
    "nudge/voice": (
        "",
        "{greeting} Su cita {with_customer} {for_service} empieza {time_until}, a las {time}."
        " Adiós.",
    ),
    "cancellation": (
        "Su cita del {weekday}, {date}, está cancelada",
        "{greeting} Su cita {for_service} en {organization} del {weekday}, {date}, a las {time}"
        " está cancelada.",
    ),
    "cancellation/voice": (
        "",
        "{greeting} Su cita {for_service} del {weekday}, {date}, a las {time} está cancelada."
        " Adiós.",
    ),
    "confirmation": (
        "Su cita del {weekday}, {date}, a las {time} está confirmada",
        "{greeting} Su cita {for_service} en {organization} del {weekday}, {date}, a las {time}"
        " está confirmada. ¡Hasta entonces!",
    ),
    "confirmation/voice": (
        "",
        "{greeting} Su cita {for_service} del {weekday}, {date}, a las {time} está confirmada."
        " Adiós.",
    ),
    "moved": (
        "Su cita es ahora el {weekday}, {date}, a las {time}",
        "{greeting} Su cita {for_service} en {organization} ha cambiado. Ahora es el {weekday},"
        " {date}, a las {time}. {reply_hint}",
    ),
    "moved/voice": (
        "",
        "{greeting} Su cita {for_service} ha cambiado. Ahora es el {weekday}, {date}, a las"
        " {time}. {reply_hint} Adiós.",
    ),
    "move_requested": (
        "Su solicitud de cambio",
        "{greeting} Ha pedido cambiar su cita {for_service} del {weekday} {date} a las {time}."
        " {organization} se pondrá en contacto con usted.",
    ),
    "opt_out": (
        "Ya no recibirá nuestros mensajes",
        "Ya no recibirá mensajes de {organization}.",
    ),
    "opt_out/messages": (
        "",
        "Ya no recibirá mensajes de {organization}. Responda START para volver a recibirlos.",
    ),
    "opt_out/voice": ("", "Ya no recibirá llamadas de {organization}. Adiós."),
    "help": (
        "Sobre estos mensajes",
        "{organization} le envía mensajes sobre sus citas. Para cualquier otra pregunta, diríjase"
        " directamente a {organization}.",
    ),
    "help/messages": (
        "",
        "{organization} le envía mensajes sobre sus citas. {reply_hint} Responda STOP para no"
        " recibir más.",
    ),
}
