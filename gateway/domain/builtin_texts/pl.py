"""Our templates in Polish. Days and services stand apart from the sentence: they keep their form
there, which declension would change inside it."""

TEXTS = {
    "reminder": (
        "Przypomnienie o wizycie: {weekday}, {date}, godz. {time}",
        "{greeting} {organization} przypomina o wizycie {for_service}: {weekday}, {date},"
        " godz. {time}. {reply_hint}",
    ),
    "reminder/voice": (
        "",
        "{greeting} Przypominamy o wizycie {for_service}: {weekday}, {date}, godzina {time}."
        " {reply_hint} Do usłyszenia.",
    ),
    "nudge": (
        "Następna wizyta zaczyna się {time_until}",
        "{greeting} Następna wizyta {with_customer} {for_service} zaczyna się {time_until},"
        " godz. {time}.",
    ),
    "nudge/voice": (
        "",
        "{greeting} Następna wizyta {with_customer} {for_service} zaczyna się {time_until},"
        " godzina {time}. Do usłyszenia.",
    ),
    "cancellation": (
        "Wizyta odwołana: {weekday}, {date}",
        "{greeting} Wizyta {for_service} została odwołana: {weekday}, {date}, godz. {time}."
        " {organization}",
    ),
    "cancellation/voice": (
        "",
        "{greeting} Wizyta {for_service} została odwołana: {weekday}, {date}, godzina {time}."
        " Do usłyszenia.",
    ),
    "confirmation": (
        "Wizyta potwierdzona: {weekday}, {date}, godz. {time}",
        "{greeting} Wizyta {for_service} jest potwierdzona: {weekday}, {date}, godz. {time}."
        " Do zobaczenia! {organization}",
    ),
    "confirmation/voice": (
        "",
        "{greeting} Wizyta {for_service} jest potwierdzona: {weekday}, {date}, godzina {time}."
        " Do usłyszenia.",
    ),
    "moved": (
        "Nowy termin wizyty: {weekday}, {date}, godz. {time}",
        "{greeting} Termin wizyty {for_service} się zmienił. Nowy termin: {weekday}, {date},"
        " godz. {time}. {organization} {reply_hint}",
    ),
    "moved/voice": (
        "",
        "{greeting} Termin wizyty {for_service} się zmienił. Nowy termin: {weekday}, {date},"
        " godzina {time}. {reply_hint} Do usłyszenia.",
    ),
    "move_requested": (
        "Prośba o zmianę terminu",
        "{greeting} Prosi Pan/Pani o inny termin wizyty {for_service}: {weekday}, {date},"
        " {time}. {organization} skontaktuje się w tej sprawie.",
    ),
    "dunning": (
        "Nieopłacona faktura ({organization}): {amount}, termin {due_date}",
        "{greeting} Nie otrzymaliśmy jeszcze płatności: {amount}, termin {due_date}. Zapłacić można"
        " tutaj: {payment_link} Jeśli płatność już wysłano, dziękujemy. {organization}",
    ),
    "dunning/voice": (
        "",
        "{greeting} Dzwonimy w imieniu: {organization}. Nie ma jeszcze płatności: {amount}, termin"
        " {due_date}. Jeśli płatność już wysłano, dziękujemy. Do usłyszenia.",
    ),
    "dunning_second": (
        "Drugie przypomnienie: {amount}, termin {due_date}",
        "{greeting} Przypominamy ponownie o płatności: {amount}, termin {due_date}, dni po"
        " terminie: {days_overdue}. Prosimy zapłacić teraz: {payment_link} {organization}",
    ),
    "dunning_second/voice": (
        "",
        "{greeting} Dzwonimy w imieniu: {organization}. Przypominamy ponownie o płatności:"
        " {amount}, termin {due_date}, dni po terminie: {days_overdue}. Prosimy zapłacić teraz. Do"
        " usłyszenia.",
    ),
    "dunning_final": (
        "Ostatnie przypomnienie: {amount}, termin {due_date}",
        "{greeting} To ostatnie przypomnienie o płatności: {amount}, termin {due_date}, dni po"
        " terminie: {days_overdue}. Prosimy zapłacić dzisiaj: {payment_link} Jeśli coś się nie"
        " zgadza, prosimy o kontakt. {organization}",
    ),
    "dunning_final/voice": (
        "",
        "{greeting} Dzwonimy w imieniu: {organization}. To ostatnie przypomnienie o płatności:"
        " {amount}, termin {due_date}, dni po terminie: {days_overdue}. Prosimy zapłacić dzisiaj,"
        " a jeśli coś się nie zgadza, prosimy o kontakt. Do usłyszenia.",
    ),
    "waitlist": (
        "Wolny termin: {weekday}, {date}, godz. {time}",
        "{greeting} {organization}: wolny termin wizyty {for_service} {with_staff}: {weekday},"
        " {date}, godz. {time} {duration_and_price}. Termin czeka do {offer_expires}."
        " {reply_hint}",
    ),
    "waitlist/voice": (
        "",
        "{greeting} {organization}: wolny termin wizyty {for_service} {with_staff}: {weekday},"
        " {date}, godzina {time} {duration_and_price}. Termin czeka do {offer_expires}."
        " {reply_hint} Do usłyszenia.",
    ),
    "waitlist_accepted": (
        "Wizyta zarezerwowana: {weekday}, {date}, godz. {time}",
        "{greeting} Wizyta {for_service} {with_staff} jest zarezerwowana: {weekday}, {date},"
        " godz. {time}. Do zobaczenia! {organization}",
    ),
    "waitlist_over": (
        "Termin już zajęty: {weekday}, {date}, godz. {time}",
        "{greeting} Termin wizyty {for_service}: {weekday}, {date}, godz. {time} - nie jest już"
        " dla Ciebie zarezerwowany. {organization}",
    ),
    "opt_out": (
        "Koniec wiadomości",
        "Nie będziesz już otrzymywać wiadomości od {organization}.",
    ),
    "opt_out/messages": (
        "",
        "Nie będziesz już otrzymywać wiadomości od {organization}. Aby znów je otrzymywać,"
        " odpowiedz START.",
    ),
    "opt_out/voice": (
        "",
        "Nie będziemy już do Ciebie dzwonić w imieniu {organization}. Do usłyszenia.",
    ),
    "help": (
        "O tych wiadomościach",
        "{organization} wysyła Ci wiadomości o Twoich wizytach. W innych sprawach skontaktuj się"
        " bezpośrednio z {organization}.",
    ),
    "help/messages": (
        "",
        "{organization} wysyła Ci wiadomości o Twoich wizytach. {reply_hint} Odpowiedz STOP, aby"
        " ich nie otrzymywać.",
    ),
}
