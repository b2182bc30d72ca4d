"""Our templates in French."""

TEXTS = {
    "reminder": (
        "Votre rendez-vous du {weekday} {date} à {time}",
        "{greeting} {organization} vous rappelle votre rendez-vous {for_service} du {weekday}"
        " {date} à {time}. {reply_hint}",
    ),
    "reminder/voice": (
        "",
        "{greeting} Nous vous rappelons votre rendez-vous {for_service} du {weekday} {date} à"
        " {time}. {reply_hint} Au revoir.",
    ),
    "nudge": (
        "Votre prochain rendez-vous commence {time_until}",
        "{greeting} Votre rendez-vous {with_customer} {for_service} commence {time_until},"
        " à {time}.",
    ),
    "nudge/voice": (
        "",
        "{greeting} Votre rendez-vous {with_customer} {for_service} commence {time_until},"
        " à {time}. Au revoir.",
    ),
    "cancellation": (
        "Votre rendez-vous du {weekday} {date} est annulé",
        "{greeting} Votre rendez-vous {for_service} du {weekday} {date} à {time} est annulé."
        " {organization}",
    ),
    "cancellation/voice": (
        "",
        "{greeting} Votre rendez-vous {for_service} du {weekday} {date} à {time} est annulé."
        " Au revoir.",
    ),
    "confirmation": (
        "Votre rendez-vous du {weekday} {date} à {time} est confirmé",
        "{greeting} Votre rendez-vous {for_service} du {weekday} {date} à {time} est confirmé."
        " À bientôt ! {organization}",
    ),
    "confirmation/voice": (
        "",
        "{greeting} Votre rendez-vous {for_service} du {weekday} {date} à {time} est confirmé."
        " Au revoir.",
    ),
    "moved": (
        "Votre rendez-vous est maintenant le {weekday} {date} à {time}",
        "{greeting} Votre rendez-vous {for_service} a changé. Il est maintenant le {weekday}"
        " {date} à {time}. {organization} {reply_hint}",
    ),
    "moved/voice": (
        "",
        "{greeting} Votre rendez-vous {for_service} a changé. Il est maintenant le {weekday}"
        " {date} à {time}. {reply_hint} Au revoir.",
    ),
    "move_requested": (
        "Votre demande de changement",
        "{greeting} Vous souhaitez déplacer votre rendez-vous {for_service} du {weekday} {date} à"
        " {time}. {organization} vous recontactera.",
    ),
    "opt_out": (
        "Vous ne recevrez plus nos messages",
        "Vous ne recevrez plus de messages de la part de {organization}.",
    ),
    "opt_out/messages": (
        "",
        "Vous ne recevrez plus de messages de la part de {organization}. Répondez START pour en"
        " recevoir de nouveau.",
    ),
    "opt_out/voice": (
        "",
        "Vous ne recevrez plus d'appels de la part de {organization}. Au revoir.",
    ),
    "help": (
        "À propos de ces messages",
        "{organization} vous envoie des messages au sujet de vos rendez-vous. Pour toute autre"
        " question, adressez-vous directement à {organization}.",
    ),
    "help/messages": (
        "",
        "{organization} vous envoie des messages au sujet de vos rendez-vous. {reply_hint} Répondez"
        " STOP pour ne plus en recevoir.",
    ),
}
