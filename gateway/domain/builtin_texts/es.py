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
    "dunning": (
        "Factura de {organization}: {amount}, vencida el {due_date}",
        "{greeting} {organization} aún no ha recibido su pago de {amount}, que vencía el"
        " {due_date}. Puede pagar aquí: {payment_link} Si ya ha pagado, gracias.",
    ),
    "dunning/voice": (
        "",
        "{greeting} {organization} aún no ha recibido su pago de {amount}, que vencía el"
        " {due_date}. Si ya ha pagado, gracias. Adiós.",
    ),
    "dunning_second": (
        "Segundo aviso: {amount}, con vencimiento el {due_date}",
        "{greeting} Su pago de {amount} a {organization} venció el {due_date}. Días de retraso:"
        " {days_overdue}. Por favor, pague ahora: {payment_link}",
    ),
    "dunning_second/voice": (
        "",
        "{greeting} Su pago de {amount} a {organization} venció el {due_date}. Días de retraso:"
        " {days_overdue}. Por favor, pague ahora. Adiós.",
    ),
    "dunning_final": (
        "Último aviso: {amount}, con vencimiento el {due_date}",
        "{greeting} Este es el último aviso de su pago de {amount} a {organization}, que venció el"
        " {due_date}. Días de retraso: {days_overdue}. Por favor, pague hoy: {payment_link} Si hay"
        " algún error en la factura, póngase en contacto con {organization}.",
    ),
    "dunning_final/voice": (
        "",
        "{greeting} Este es el último aviso de su pago de {amount} a {organization}, que venció el"
        " {due_date}. Días de retraso: {days_overdue}. Por favor, pague hoy, o póngase en contacto"
        " con {organization} si hay algún error en la factura. Adiós.",
    ),
    "waitlist": (
        "Hay una cita libre: {weekday}, {date}, a las {time}",
        "{greeting} {organization} tiene una cita libre {for_service} {with_staff}: {weekday},"
        " {date}, a las {time} {duration_and_price}. La tiene reservada hasta {offer_expires}."
        " {reply_hint}",
    ),
    "waitlist/voice": (
        "",
        "{greeting} {organization} tiene una cita libre {for_service} {with_staff}: {weekday},"
        " {date}, a las {time} {duration_and_price}. La tiene reservada hasta {offer_expires}."
        " {reply_hint} Adiós.",
    ),
    "waitlist_accepted": (
        "Su cita del {weekday}, {date}, a las {time} está reservada",
        "{greeting} Su cita {for_service} {with_staff} del {weekday}, {date}, a las {time} está"
        " reservada. ¡Hasta pronto! {organization}",
    ),
    "waitlist_over": (
        "La cita del {weekday}, {date}, a las {time} ya no está libre",
        "{greeting} La cita {for_service} del {weekday}, {date}, a las {time} ya no está reservada"
        " para usted. {organization}",
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
