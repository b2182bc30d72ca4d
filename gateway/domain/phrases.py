"""Phrases that depend on whether something is known, in the languages that have them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Of one language; `{}` stands for the name or the service. `press` is said in a call and
    `reply` written in a message where digits are understood; the others where they answer an
    offer."""

    greeting: str
    nameless: str
    for_service: str
    with_customer: str
    with_staff: str
    now: str
    press: str
    reply: str
    press_offer: str
    reply_offer: str


PHRASES = {
    "en": Phrases(
        greeting="Hello {}.",
        nameless="Hello.",
        for_service="for {}",
        with_customer="with {}",
        with_staff="with {}",
        now="now",
        press="Press 1 to confirm, 2 to change the appointment, 3 to cancel,"
        " or 9 for no more calls.",
        reply="Reply 1 to confirm, 2 to change the appointment, 3 to cancel.",
        press_offer="Press 1 to take it, 3 if you don't want it, or 9 for no more calls.",
        reply_offer="Reply 1 to take it, 3 if you don't want it.",
    ),
    "de": Phrases(
        greeting="Guten Tag {}.",
        nameless="Guten Tag.",
        for_service="für {}",
        with_customer="mit {}",
        with_staff="bei {}",
        now="jetzt",
        press="Drücken Sie 1 zum Bestätigen, 2 zum Verschieben, 3 zum Absagen"
        " oder 9, um nicht mehr angerufen zu werden.",
        reply="Antworten Sie 1 zum Bestätigen, 2 zum Verschieben, 3 zum Absagen.",
        press_offer="Drücken Sie 1, wenn Sie ihn möchten, 3, wenn nicht,"
        " oder 9, um nicht mehr angerufen zu werden.",
        reply_offer="Antworten Sie 1, wenn Sie ihn möchten, 3, wenn nicht.",
    ),
    "fr": Phrases(
        greeting="Bonjour {}.",
        nameless="Bonjour.",
        for_service="pour {}",
        with_customer="avec {}",
        with_staff="avec {}",
        now="maintenant",
        press="Appuyez sur 1 pour confirmer, 2 pour changer de rendez-vous, 3 pour annuler,"
        " ou 9 pour ne plus recevoir d'appels.",
        reply="Répondez 1 pour confirmer, 2 pour changer de rendez-vous, 3 pour annuler.",
        press_offer="Appuyez sur 1 pour le prendre, 3 pour refuser, ou 9 pour ne plus recevoir"
        " d'appels.",
        reply_offer="Répondez 1 pour le prendre, 3 pour refuser.",
    ),
    "es": Phrases(
        greeting="Hola, {}.",
        nameless="Hola.",
        for_service="para {}",
        with_customer="con {}",
        with_staff="con {}",
        now="ahora",
        press="Pulse 1 para confirmar, 2 para cambiar la cita, 3 para cancelarla"
        " o 9 para no recibir más llamadas.",
        reply="Responda 1 para confirmar, 2 para cambiar la cita, 3 para cancelarla.",
        press_offer="Pulse 1 para aceptarla, 3 para rechazarla o 9 para no recibir más llamadas.",
        reply_offer="Responda 1 para aceptarla, 3 para rechazarla.",
    ),
    "pl": Phrases(
        greeting="Dzień dobry, {}.",
        nameless="Dzień dobry.",
        for_service="({})",
        with_customer="({})",
        with_staff="({})",
        now="teraz",
        press="Aby potwierdzić, naciśnij 1, aby zmienić termin, naciśnij 2, aby odwołać,"
        " naciśnij 3, a aby nie otrzymywać więcej połączeń, naciśnij 9.",
        reply="Odpowiedz: 1 - potwierdzam, 2 - chcę zmienić termin, 3 - odwołuję.",
        press_offer="Aby przyjąć, naciśnij 1, aby zrezygnować, naciśnij 3, a aby nie otrzymywać"
        " więcej połączeń, naciśnij 9.",
        reply_offer="Odpowiedz: 1 - biorę, 3 - rezygnuję.",
    ),
}


def of(language: str) -> Phrases | None:
    """The phrases of a language, given by its tag ("de-AT") or base ("de")."""
    return PHRASES.get(language.replace("_", "-").partition("-")[0].lower())
