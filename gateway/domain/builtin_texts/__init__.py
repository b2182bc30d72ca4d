"""What our own templates say, by language: "name", "name/voice" or "name/messages" ->
(subject, text)."""

from gateway.domain.builtin_texts import de, en, es, fr, pl

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "en": en.TEXTS,
    "de": de.TEXTS,
    "fr": fr.TEXTS,
    "es": es.TEXTS,
    "pl": pl.TEXTS,
}
