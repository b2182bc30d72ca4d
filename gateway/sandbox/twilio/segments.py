"""How many parts an SMS takes (3GPP TS 23.038 and 23.040)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """1 for up to 160 characters of GSM-7 or 70 units of UCS-2; parts of 153 or 67 beyond."""
    if _BASIC.issuperset(text):
        units, single, part = len(text), 160, 153
    elif (_BASIC | _EXTENDED).issuperset(text):
        units = len(text) + sum(character in _EXTENDED for character in text)
        single, part = 160, 153
    else:
        units, single, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if units <= single else -(-units // part)
