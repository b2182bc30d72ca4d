"""Asking Twilio what became of calls and messages. Answers are believed only when they are whole
and speak of what was asked."""

from collections.abc import Sequence
from datetime import timedelta

from twilio.base.exceptions import TwilioException

from gateway.domain.provider import Found, LookupFailed, Request
from gateway.providers.reading import moment
from gateway.providers.transport import Answer, Transport, Undelivered
from gateway.providers.twilio import addresses, resources
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client
from gateway.providers.twilio.resources import MESSAGES, Record, Resource, is_ours

MOST_PAGES = 50

_LONG_AGO = timedelta(days=7)  # nothing is looked for as long after it was sent
_NOT_FOUND = (404, 20404)


def find(transport: Transport, account: Account | None, request: Request) -> Sequence[Found]:
    """Every call, or message of this channel, from this sender to this number that Twilio still
    lists. Not narrowed by time: what is queued has no time yet and would be missed. Raises
    LookupFailed unless all pages came and made sense."""
    if account is None:
        raise LookupFailed("the account is not configured")
    resource = resources.of_channel(request.channel)
    to, sender = (addresses.written(request.channel, of) for of in (request.to, request.from_))
    found: list[Found] = []
    try:
        line = Line(transport, account)
        listing = getattr(client(account, line), resource.name)
        page = listing.page(to=to, from_=sender, page_size=resource.page_size)
        for _ in range(MOST_PAGES):
            records: list[Record] = line.answer.json()[resource.name] if line.answer else []
            seen = [_asked_for(record, resource, to, sender) for record in filter(is_ours, records)]
            found += seen
            page = page.next_page()
            if page is None:
                return found
        if resource is MESSAGES and line.answer and _long_ago(seen, line.answer):
            return found
    except Undelivered as fault:
        raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
    except Exception:  # noqa: BLE001 - whatever shape it had
        raise LookupFailed(f"Twilio's list of {resource.name} was not usable") from None
    raise LookupFailed(f"Twilio lists more {resource.name} than are read at once")


def fetch(transport: Transport, account: Account | None, sid: str) -> Found | None:
    """The call or message with this SID; None when Twilio says that it has none, which one just
    placed may be for a while: its reads are eventually consistent. Raises LookupFailed."""
    if account is None:
        raise LookupFailed("the account is not configured")
    resource = resources.of_sid(sid)
    if resource is None:
        return None
    line = Line(transport, account)
    try:
        getattr(client(account, line), resource.name)(sid).fetch()
        record: Record = line.answer.json() if line.answer else {}
        if record["sid"] != sid or not is_ours(record):
            raise ValueError("another one than was asked for")
        return resource.seen(record)
    except Undelivered as fault:
        raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
    except TwilioException:
        if line.answer and (line.answer.status, line.answer.json().get("code")) == _NOT_FOUND:
            return None
        raise LookupFailed("Twilio did not show what was asked for") from None
    except Exception:  # noqa: BLE001 - whatever shape it had
        raise LookupFailed("Twilio's answer was not usable") from None


def _asked_for(record: Record, resource: Resource, to: str, sender: str) -> Found:
    if (record["to"], record["from"]) != (to, sender):
        raise ValueError("another one than was asked for")
    return resource.seen(record)


def _long_ago(page: Sequence[Found], answer: Answer) -> bool:
    """Whether all of a page is older than anything that is looked for, by Twilio's own clock.
    Messages are listed with the newest first, and somebody may have thousands from one sender."""
    now = moment(answer.headers.get("date"))
    made = [one.created_at for one in page]
    return bool(made) and now is not None and all(at and at < now - _LONG_AGO for at in made)
