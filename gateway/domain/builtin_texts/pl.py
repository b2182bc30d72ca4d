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
