"""Phone numbers: strict E.164 in, and one keyed hash to find a person by."""

import hashlib
import hmac
import re

import phonenumbers

from gateway.domain.errors import Invalid

_WRITTEN = re.compile(r"\+[0-9][0-9 ().-]{5,24}")
_REFUSED = (phonenumbers.PhoneNumberType.PREMIUM_RATE,)


def e164(raw: str, field: str = "phone", *, test: bool = False) -> str:
    """The number in E.164 (ITU-T), as `+` and digits. Raises Invalid unless it is written in ASCII
    with its country code and is a number that can be assigned; premium-rate numbers are refused.
    In test mode numbers reserved for tests and fiction pass as well."""
    if not _WRITTEN.fullmatch(raw):
        raise Invalid("must be a number in E.164 form: + and country code", field)
    try:
        number = phonenumbers.parse(raw, None)
    except phonenumbers.NumberParseException:
        raise Invalid("is not a phone number", field) from None
    kind = phonenumbers.number_type(number)  # unknown: it is none that can be assigned
    fictional = test and phonenumbers.is_possible_number(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN and not fictional:
        raise Invalid("is not a phone number that can be assigned", field)
    if kind in _REFUSED:
        raise Invalid("is a premium-rate number", field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def keyed_hash(address: str, key: bytes) -> str:
    """A hash by which equal addresses are found without keeping them readable a second time. Keyed,
    since all phone numbers can be tried against a plain one."""
    return hmac.digest(key, address.strip().lower().encode(), hashlib.sha256).hex()
