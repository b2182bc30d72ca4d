"""Words and digits that people answer with: read only where they are the whole message."""

import re
import unicodedata
from enum import IntEnum, StrEnum

LONGEST = 40  # what is longer once trimmed is no such word


class Word(StrEnum):
    """What a single word asks for. YES means start, but only to somebody who had said stop."""

    STOP = "stop"
    START = "start"
    YES = "yes"
    HELP = "help"


class Reply(IntEnum):
    """What a digit says about an appointment."""

    CONFIRM = 1
    MOVE = 2
    CANCEL = 3


# The words on which carriers act by themselves (Twilio's are listed at
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out) and their like in other
# languages. CANCEL is a stop, since carriers take it for one; cancelar and annulla, which nobody
# but us would act on, may well be about the appointment and are left alone.
_WORDS = {
    Word.STOP: "stop stopall unsubscribe cancel end quit revoke optout"
    " stopp abmelden abbestellen arret arreter desabonner baja alto basta parar sair afmelden",
    Word.START: "start unstop alta anmelden",
    Word.YES: "yes",
    Word.HELP: "help info hilfe aide ayuda aiuto ajuda",
}
KNOWN = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}

_JOINED = re.compile(r"[\s_\u002d\u00ad\u2010-\u2015\u2212]+")  # OPT OUT and OPT-OUT are OPTOUT
_UNSEEN = ("Mn", "Me", "Cf")
_AROUND = "PZSC"  # general categories of what may stand around a word: marks, spaces, emoji
_QUOTES = "\"'\u00ab\u00bb\u2018-\u201f"
_BUTTONS = {reply.name.casefold(): reply for reply in Reply}
_DIGIT = re.compile(rf"[\s{_QUOTES}(\[]*([1-3])[\s{_QUOTES}.,!)\]]*")


def read(text: str) -> Word | None:
    """The word that is the whole message: whatever its case and accents, with marks, spaces or
    emoji around it, and joined by a space or a hyphen; None for anything else."""
    plain = _plain(text)
    start, end = 0, len(plain)
    while start < end and unicodedata.category(plain[start])[0] in _AROUND:
        start += 1
    while end > start and unicodedata.category(plain[end - 1])[0] in _AROUND:
        end -= 1
    if not 0 < end - start <= LONGEST:
        return None
    return KNOWN.get(_JOINED.sub("", plain[start:end].casefold()))


def pressed(payload: str) -> Reply | None:
    """The answer that a button stands for: 1, 2, 3, or confirm, move, cancel; None for any other.
    We wrote it ourselves, so that this cancel is no stop."""
    plain = payload.strip()
    return _BUTTONS.get(plain.casefold()) or digit(plain)


def digit(text: str) -> Reply | None:
    """The digit that is the whole message, in any script and as a keycap; a full stop, a bracket
    or a quotation mark beside it does no harm. None for anything else: a 3 cancels, so that faces
    such as <3 and :3 must not count."""
    plain = "".join(_ascii_digit(one) for one in _plain(text))
    found = _DIGIT.fullmatch(plain)
    return Reply(int(found[1])) if found else None


def _plain(text: str) -> str:
    """Compatibility forms undone, without accents, keycaps and what can't be seen."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(one for one in decomposed if unicodedata.category(one) not in _UNSEEN)


def _ascii_digit(one: str) -> str:
    value = unicodedata.decimal(one, None)
    return one if value is None else str(value)
