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
    "dunning": (
        "Facture de {organization} : {amount} à payer depuis le {due_date}",
        "{greeting} {organization} n'a pas encore reçu votre paiement de {amount}, dû le"
        " {due_date}. Vous pouvez payer ici : {payment_link} Si vous avez payé entre-temps, merci.",
    ),
    "dunning/voice": (
        "",
        "{greeting} {organization} n'a pas encore reçu votre paiement de {amount}, dû le"
        " {due_date}. Si vous avez payé entre-temps, merci. Au revoir.",
    ),
    "dunning_second": (
        "Deuxième rappel : {amount} à payer depuis le {due_date}",
        "{greeting} Votre paiement de {amount} à {organization} était dû le {due_date}. Jours de"
        " retard : {days_overdue}. Merci de payer maintenant : {payment_link}",
    ),
    "dunning_second/voice": (
        "",
        "{greeting} Votre paiement de {amount} à {organization} était dû le {due_date}. Jours de"
        " retard : {days_overdue}. Merci de payer maintenant. Au revoir.",
    ),
    "dunning_final": (
        "Dernier rappel : {amount} à payer depuis le {due_date}",
        "{greeting} Ceci est le dernier rappel de votre paiement de {amount} à {organization}, dû"
        " le {due_date}. Jours de retard : {days_overdue}. Merci de payer aujourd'hui :"
        " {payment_link} Si la facture vous semble erronée, adressez-vous à {organization}.",
    ),
    "dunning_final/voice": (
        "",
        "{greeting} Ceci est le dernier rappel de votre paiement de {amount} à {organization}, dû"
        " le {due_date}. Jours de retard : {days_overdue}. Merci de payer aujourd'hui, ou"
        " adressez-vous à {organization} si la facture vous semble erronée. Au revoir.",
    ),
    "waitlist": (
        "Un rendez-vous s'est libéré : {weekday} {date} à {time}",
        "{greeting} Un rendez-vous {for_service} {with_staff} s'est libéré chez {organization} :"
        " {weekday} {date} à {time} {duration_and_price}. Il vous est réservé jusqu'à"
        " {offer_expires}. {reply_hint}",
    ),
    "waitlist/voice": (
        "",
        "{greeting} Un rendez-vous {for_service} {with_staff} s'est libéré chez {organization} :"
        " {weekday} {date} à {time} {duration_and_price}. Il vous est réservé jusqu'à"
        " {offer_expires}. {reply_hint} Au revoir.",
    ),
    "waitlist_accepted": (
        "Votre rendez-vous du {weekday} {date} à {time} est réservé",
        "{greeting} Votre rendez-vous {for_service} {with_staff} du {weekday} {date} à {time} est"
        " réservé. À bientôt chez {organization} !",
    ),
    "waitlist_over": (
        "Le rendez-vous du {weekday} {date} à {time} n'est plus libre",
        "{greeting} Le rendez-vous {for_service} du {weekday} {date} à {time} ne vous est plus"
        " réservé. {organization}",
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
