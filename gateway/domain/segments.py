"""How many parts a text message has, and what makes it need more: 3GPP TS 23.038 and 23.040."""

from collections.abc import Iterable
from dataclasses import dataclass

GSM7, UCS2 = "GSM-7", "UCS-2"

# The default alphabet of 23.038, section 6.2.1, without its escape; then its extension table, of
# which each character takes an escape before it.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True)
class Segments:
    """`characters` are counted as they are charged for: in GSM-7 those of the extension table are
    two, in UCS-2 those beyond the Basic Multilingual Plane. `forced_by` are the code points
    ("U+2019") that GSM-7 lacks, each once, in order."""

    encoding: str
    count: int
    characters: int
    forced_by: tuple[str, ...] = ()


def measure(text: str) -> Segments:
    """One part holds 160 characters (GSM-7) or 70 (UCS-2); of several each gives up room for the
    header that joins them, 153 and 67. No character is cut in two by the end of a part."""
    strange = dict.fromkeys(one for one in text if one not in _BASIC and one not in _EXTENSION)
    if strange:
        forced_by = tuple(f"U+{ord(one):04X}" for one in strange)
        return _measured(UCS2, map(_units, text), 70, 67, forced_by)
    return _measured(GSM7, map(_septets, text), 160, 153, ())


def _measured(
    encoding: str, widths: Iterable[int], alone: int, joined: int, forced_by: tuple[str, ...]
) -> Segments:
    each = list(widths)
    total = sum(each)
    if total <= alone:
        return Segments(encoding, min(total, 1), total, forced_by)
    count, room = 1, joined
    for width in each:
        if width > room:
            count, room = count + 1, joined
        room -= width
    return Segments(encoding, count, total, forced_by)


def _septets(character: str) -> int:
    return 2 if character in _EXTENSION else 1


def _units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1
