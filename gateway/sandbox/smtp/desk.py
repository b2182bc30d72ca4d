"""What happens to a message at the SMTP server: who is known, what is answered, what is kept."""

import asyncio
from collections.abc import Sequence
from typing import Any

from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.mailboxes import scenario
from gateway.sandbox.smtp.letter import read_letter
from gateway.sandbox.stage import Stage
from gateway.sandbox.wallclock import now

PROVIDER = "smtp"
MOST_BYTES = 10 * 1024 * 1024
SLOW_SECONDS = 8.0
TAKEN = "250 2.0.0 OK: queued"

_REFUSED_RECIPIENTS = {
    "bounce": "550 5.1.1 No such mailbox here",
    "temp": "451 4.2.1 Mailbox busy, try again later",
}
_REFUSALS = {
    Answer.ERROR_500: "451 4.3.0 Internal error",
    Answer.ERROR_502: "451 4.4.1 No answer from the next server",
    Answer.ERROR_503: "452 4.3.1 Out of storage",
    Answer.THROTTLED: "451 4.7.1 Too many messages, try again later",
    Answer.REJECTED: "554 5.7.1 Message refused",
    Answer.UNAUTHORIZED: "530 5.7.0 Authentication required",
    Answer.GARBAGE: "\x16\x03 this is no answer",
    Answer.EMPTY: "",
}
_DELIVERED = Behaviour("delivered")
_TIMEOUT = Behaviour("timeout_accepted", answer=Answer.HANG)


class Desk:
    """The hooks that the SMTP library calls, on the loop of its thread. A message to several people
    is several lines of the ledger; they have its Message-ID in common."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def handle_RCPT(  # noqa: N802 - the library looks for this name
        self, server: Any, session: Any, envelope: Any, address: str, options: Sequence[str]
    ) -> str:
        """550 or 451 for the mailboxes that stand for it; else the recipient is taken."""
        refusal = _REFUSED_RECIPIENTS.get(scenario(address))
        if refusal is not None:
            self._note(envelope.mail_from, address, int(refusal[:3]), "refused")
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """The answer to a whole message, which is on the disk by then if it was accepted."""
        behaviour = self._behaviour(envelope.rcpt_tos)
        message_id = ""
        if behaviour.accepted:
            message_id = await asyncio.to_thread(self._keep, envelope, behaviour)
        answer = _REFUSALS.get(behaviour.answer, TAKEN)
        silent = behaviour.answer in (Answer.HANG, Answer.RESET, Answer.CLOSE)
        status = None if silent or not answer[:3].isdecimal() else int(answer[:3])
        for address in envelope.rcpt_tos:
            self._note(envelope.mail_from, address, status, behaviour.name, message_id)
        match behaviour.answer:
            case Answer.HANG:
                await asyncio.sleep(behaviour.seconds or self._stage.config.hang_seconds)
                await broken_off(server)
            case Answer.RESET | Answer.CLOSE:
                await broken_off(server)
            case Answer.SLOW:
                await asyncio.sleep(behaviour.seconds or SLOW_SECONDS)
        return answer

    def note_drop(self, envelope: Any) -> None:
        """A connection is about to be broken off before its message was over."""
        for address in envelope.rcpt_tos:
            self._note(envelope.mail_from, address, None, "dropped")

    def note_bad_login(self) -> None:
        """Somebody came with the wrong user or password."""
        self._note("", "", 535, "bad_credentials")

    def _behaviour(self, recipients: Sequence[str]) -> Behaviour:
        own = _TIMEOUT if any(scenario(who) == "timeout" for who in recipients) else _DELIVERED
        fault = self._stage.faults.choose(PROVIDER, kind="message")
        return fault.laid_over(own) if fault is not None else own

    def _keep(self, envelope: Any, behaviour: Behaviour) -> str:
        letter = read_letter(envelope.content)
        for address in envelope.rcpt_tos:
            self._stage.enter(
                behaviour,
                kind="message",
                provider=PROVIDER,
                channel="email",
                to=address,
                **{"from": envelope.mail_from},
                subject=letter.subject,
                text=letter.text,
                unsubscribe_url=letter.unsubscribe_url,
                callback_url="",
                external_id=letter.message_id,
            )
        return letter.message_id

    def _note(
        self, sender: str, to: str, status: int | None, mode: str, message_id: str = ""
    ) -> None:
        self._stage.journal.note_request(
            now(),
            provider=PROVIDER,
            to=to,
            **{"from": sender},
            status=status,
            mode=mode,
            external_id=message_id,
        )


async def broken_off(server: Any) -> None:
    """Break the connection without a word. Never returns: the session ends with it."""
    server.transport.abort()
    await asyncio.get_running_loop().create_future()
