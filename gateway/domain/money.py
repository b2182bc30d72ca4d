"""Sums of money: exact decimals, with as many digits as their currency has."""

import re
from decimal import Decimal
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision

from gateway.domain.errors import Invalid

MOST = Decimal(10) ** 12  # a sum is smaller
_WRITTEN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?", re.ASCII)


@cache
def currencies() -> frozenset[str]:
    """The codes of ISO 4217 that somebody pays with today, as CLDR knows them."""
    tenders = (
        used for territory in get_global("territory_currencies").values() for used in territory
    )
    return frozenset(code for code, _, ended, tender in tenders if tender and ended is None)


def currency(code: str, field: str = "currency") -> str:
    """The code again, when it is a currency of ISO 4217 in use. Raises Invalid."""
    if code not in currencies():
        raise Invalid("must be a currency of ISO 4217 such as EUR", field)
    return code


def amount(text: str, code: str, field: str = "amount") -> Decimal:
    """A sum above nothing, written like "45.00", in a currency. Raises Invalid for more digits
    than the currency has, and for anything that is not a sum."""
    if not _WRITTEN.fullmatch(text):
        raise Invalid("must be a sum such as 45.00", field)
    found, digits = Decimal(text), get_currency_precision(code)
    if found != round(found, digits):
        raise Invalid(f"must have at most {digits} decimal places in this currency", field)
    if not 0 < found < MOST:
        raise Invalid("must be more than nothing", field)
    return found


def plain(value: Decimal, code: str) -> str:
    """A sum as answers show it: "45.00", with its currency's digits."""
    return f"{value:.{get_currency_precision(code)}f}"


def written(value: Decimal, code: str) -> str:
    """A sum with its currency, as templates read it: "45.00 EUR"."""
    return f"{plain(value, code)} {code}"
