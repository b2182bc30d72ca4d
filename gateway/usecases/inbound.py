"""Messages that people send us: kept, and acted upon."""

from datetime import datetime, timedelta

import structlog

from gateway.domain import keywords
from gateway.domain.callback import Inbound
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.keywords import Reply, Word
from gateway.domain.lifecycle import MessageState
from gateway.models import conversations, personal
from gateway.models.attempt import Attempt
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.conversations import Party, Thread
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import auto_answers, consents, leaving, people, replies

log = structlog.get_logger(__name__)

MOST, WITHIN = 10, timedelta(minutes=5)  # of one address; more are kept and do nothing
_LIFTED = (consents.WORD, consents.CARRIER)


def receive(event: ProviderEvent, told: Told, now: datetime) -> MessageLog | None:
    """Keep a message that came in and do what it asks for, once; None when it is for nobody we
    know. It belongs to the organization whose sender it was sent to; at a shared one, to whoever
    wrote to that person last. A word that ends or begins consent comes before everything else, but
    for a button of ours, which is what it stands for and not what is written on it.
    Call it inside the transaction in which the event is settled."""
    said = told.inbound
    assert said is not None, "only messages that came in"
    ours, person = said.to, people.address_hash(said.from_)
    thread = Thread(event.provider, event.account, said.channel, ours, person)
    party = _addressee(thread)
    if party is None:
        return None
    answered = _answered(thread, party, said.reply_to)
    message = _keep(event, told, said, party, person, answered)
    if message is None:
        return MessageLog.owner(event.provider, event.account, told.external_id)
    if _came_before_erasure(event, answered or conversations.newest(thread, party)):
        personal.clean_attempts([message.id], now)
        message.erased_at = now
    reply = keywords.pressed(said.payload) if said.payload else None
    word = Word(said.opt_out) if said.opt_out else None if reply else keywords.read(said.text)
    calm = _is_calm(message, said)
    if word in (Word.STOP, Word.START, Word.YES):
        _consent(word, thread, party, event, now)
    elif calm and word == Word.HELP and said.opt_out is None:
        who = _who(party, answered, person)
        if who is not None:
            auto_answers.send("help", message, who, now)
    elif calm and word is None and answered is not None:
        _answer(answered, message, reply or keywords.digit(said.text), party, now)
    leaving.replied(party.organization_id, party.mode, person, now)
    return message


def _addressee(thread: Thread) -> Party | None:
    """Whose message it is."""
    sender = conversations.sender_of(thread)
    if sender is not None and sender.organization_id is not None:
        return Party(sender.organization_id, sender.mode, thread.channel)
    last = conversations.newest(thread)
    return Party(last.organization_id, last.mode, thread.channel) if last is not None else None


def _answered(thread: Thread, party: Party, reply_to: str | None) -> Attempt | None:
    """What a message answers: the one that the carrier names, else the last one about an
    appointment."""
    if reply_to is not None:
        named = MessageLog.owner(thread.provider, thread.account, reply_to)
        mine = (party.organization_id, party.mode, thread.person)
        if named is not None and mine == (named.organization_id, named.mode, named.to_hash):
            return named
    return conversations.newest(thread, party, booked=True)


def _keep(
    event: ProviderEvent,
    told: Told,
    said: Inbound,
    party: Party,
    person: str,
    answered: Attempt | None,
) -> MessageLog | None:
    """The row of the message; None when it is there already. It is no attempt: it has no
    notification, and of what it answers only the booking is kept."""
    return MessageLog.write(
        organization=party.organization_id,
        mode=party.mode,
        booking=answered.booking_id if answered is not None else None,
        channel=said.channel,
        direction=conversations.INBOUND,
        provider=event.provider,
        account=event.account,
        external_id=told.external_id,
        provider_status=told.provider_status,
        from_address=said.from_,
        to_address=said.to,
        to_hash=person,
        text=said.text.replace("\x00", ""),
        media=said.media,
        state=MessageState.RECEIVED,
        created_at=event.received_at,
    )


def _came_before_erasure(event: ProviderEvent, last: Attempt | None) -> bool:
    """Whether a message lay unread while its sender was erased: then it counts, and is not kept."""
    return last is not None and last.erased_at is not None and event.received_at <= last.erased_at


def _is_calm(message: MessageLog, said: Inbound) -> bool:
    """Whether it may have an effect beyond consent: not one of a flood, as from another machine
    that answers us, and not from a sender of ours."""
    if conversations.is_ours(said.channel, said.from_):
        return False
    since = message.created_at - WITHIN
    came = conversations.came_in(message.to_hash, since, message.created_at)
    if came > MOST:
        log.warning("too many messages from one address", message_id=message.id, came=came)
    return came <= MOST


def _consent(word: Word, thread: Thread, party: Party, event: ProviderEvent, now: datetime) -> None:
    """Record STOP for everybody who reached the person through this sender, and START for them as
    well, as far as a word or the carrier had stopped them. YES counts where it ends a STOP."""
    everybody = [party, *(one for one in conversations.parties(thread) if one != party)]
    if word == Word.STOP:
        parties = everybody
    else:
        parties = [one for one in everybody if _lifts(one, thread.person)]
        if word == Word.START and party not in parties:
            parties.append(party)
    consents.say(
        parties, thread.person, granted=word != Word.STOP, source=consents.WORD,
        at=event.received_at, now=now, event_id=event.id,
    )  # fmt: skip


def _lifts(party: Party, person: str) -> bool:
    last = Consent.latest(party.organization_id, party.mode, party.channel, person)
    return last is not None and not last.granted and last.source in _LIFTED


def _answer(
    answered: Attempt, message: MessageLog, reply: Reply | None, party: Party, now: datetime
) -> None:
    if reply is None:
        return
    effect, booking = replies.answered(answered, message.to_hash, reply, message.channel, now)
    who = _who(party, answered, message.to_hash)
    if booking is not None and who is not None:
        auto_answers.after(effect, message, who, booking, now)


def _who(party: Party, answered: Attempt | None, person: str) -> Contact | None:
    """Whom to answer: who got what was answered, while the address is still theirs, else whoever
    the organization knows by it."""
    if answered is not None and answered.notification_id is not None:
        known: Contact = Notification.get_by_id(answered.notification_id).contact
        if person in (known.phone_hash, known.email_hash):
            return known
    return conversations.person_of(party, person)
