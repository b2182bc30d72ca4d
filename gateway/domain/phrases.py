"""Phrases that depend on whether something is known, in the languages that have them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Of one language; `{}` stands for the name or the service. `press` is said in a call and
    `reply` written in a message where digits are understood."""

    greeting: str
    nameless: str
    for_service: str
    with_customer: str
    now: str
    press: str
    reply: str


PHRASES = {
    "en": Phrases(
        greeting="Hello {}.",
        nameless="Hello.",
        for_service="for {}",
        with_customer="with {}",
        now="now",
        press="Press 1 to confirm, 2 to change the appointment, 3 to cancel,"
        " or 9 for no more calls.",
        reply="Reply 1 to confirm, 2 to change the appointment, 3 to cancel.",
    ),
    "de": Phrases(
        greeting="Guten Tag {}.",
        nameless="Guten Tag.",
        for_service="für {}",
        with_customer="mit {}",
        now="jetzt",
        press="Drücken Sie 1 zum Bestätigen, 2 zum Verschieben, 3 zum Absagen"
        " oder 9, um nicht mehr angerufen zu werden.",
        reply="Antworten Sie 1 zum Bestätigen, 2 zum Verschieben, 3 zum Absagen.",
    ),
    "fr": Phrases(
        greeting="Bonjour {}.",
        nameless="Bonjour.",
        for_service="pour {}",
        with_customer="avec {}",
        now="maintenant",
        press="Appuyez sur 1 pour confirmer, 2 pour changer de rendez-vous, 3 pour annuler,"
        " ou 9 pour ne plus recevoir d'appels.",
        reply="Répondez 1 pour confirmer, 2 pour changer de rendez-vous, 3 pour annuler.",
    ),
    "es": Phrases(
        greeting="Hola, {}.",
        nameless="Hola.",
        for_service="para {}",
        with_customer="con {}",
        now="ahora",
        press="Pulse 1 para confirmar, 2 para cambiar la cita, 3 para cancelarla"
        " o 9 para no recibir más llamadas.",
        reply="Responda 1 para confirmar, 2 para cambiar la cita, 3 para cancelarla.",
    ),
    "pl": Phrases(
        greeting="Dzień dobry, {}.",
        nameless="Dzień dobry.",
        for_service="({})",
        with_customer="({})",
        now="teraz",
        press="Aby potwierdzić, naciśnij 1, aby zmienić termin, naciśnij 2, aby odwołać,"
        " naciśnij 3, a aby nie otrzymywać więcej połączeń, naciśnij 9.",
        reply="Odpowiedz: 1 - potwierdzam, 2 - chcę zmienić termin, 3 - odwołuję.",
    ),
}


def of(language: str) -> Phrases | None:
    """The phrases of a language, given by its tag ("de-AT") or base ("de")."""
    return PHRASES.get(language.replace("_", "-").partition("-")[0].lower())
