"""What is on its way to somebody who just said stop."""

from datetime import datetime

from gateway.models import withdrawal
from gateway.models.consent import ALL, Consent
from gateway.models.contact import Contact
from gateway.usecases import stopping


def call_off(said: Consent, now: datetime) -> None:
    """Take back what passed the gate before a person withdrew their consent, unless the carrier
    has it: the gate refuses all that comes to it later. Call it in the transaction of the
    statement; a call to be ended is asked for by the clock."""
    if said.granted:
        return
    people = Contact.at_address(said.organization_id, said.mode, said.address_hash)
    if not people:
        return
    withdrawal.at_the_gate_to(people)
    away = [
        row
        for row in withdrawal.under_way_to(people)
        if row.finished_at is None
        and row.channel == said.channel
        and said.purpose in (ALL, row.purpose)
    ]
    stopping.stop_unsent(away, now)
