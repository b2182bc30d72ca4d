"""Which words fit which channels: `say` for voice, `text` and `subject` for messages, a template
for either."""

from collections.abc import Collection
from typing import Any

from marshmallow import fields

from gateway.domain.templates import LONGEST, LONGEST_SUBJECT
from gateway.http.domain_fields import Variables
from gateway.http.fields import Text

MESSAGES = frozenset({"sms", "whatsapp", "email"})


def text_field() -> Text:
    """What a message says."""
    about = f"of a message: {LONGEST['sms']:,} characters, by e-mail {LONGEST['email']:,}"
    return Text(maximum=LONGEST["email"], lines=True, metadata={"description": about})


def subject_field() -> Text:
    """What an e-mail is headed with."""
    return Text(maximum=LONGEST_SUBJECT, metadata={"description": "of an e-mail"})


def template_field() -> fields.String:
    """The name of a template."""
    return Text(maximum=120, metadata={"description": "the name of a template, for any channel"})


def variables_field() -> Variables:
    """The template's values."""
    return Variables()


def misfits(given: dict[str, Any], channels: Collection[str]) -> dict[str, str]:
    """What is wrong with the words given for these channels, by field. Words of one's own that are
    there for some of several channels only are read out, or written, on the others too."""
    wrong: dict[str, str] = {}
    written = MESSAGES & set(channels)
    if "say" in given and "voice" not in channels:
        wrong["say"] = "is for voice: use text"
    if "text" in given and not written:
        wrong["text"] = "is not for voice: use say"
    if "subject" in given and "email" not in channels:
        wrong["subject"] = "is for e-mail"
    if "variables" in given and "template" not in given:
        wrong["variables"] = "goes with a template"
    if "template" in given and _covered(given, channels):
        wrong["template"] = "is of no use beside words of your own for every channel"
    for name, used_on in (("text", written), ("say", _read_as_text(given, written))):
        longest = min((LONGEST[channel] for channel in used_on), default=None)
        if longest is not None and len(given.get(name) or "") > longest:
            wrong.setdefault(name, f"must have at most {longest} characters for these channels")
    return wrong


def _covered(given: dict[str, Any], channels: Collection[str]) -> bool:
    return all(("say" if channel == "voice" else "text") in given for channel in channels)


def _read_as_text(given: dict[str, Any], written: Collection[str]) -> Collection[str]:
    """The channels on which `say` is what is written."""
    return () if "text" in given or "template" in given else written
