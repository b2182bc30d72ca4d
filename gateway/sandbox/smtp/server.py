"""The SMTP server: an event loop in a thread of its own, beside the one that serves HTTP."""

import asyncio
import hmac
import logging
import socket
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from gateway.sandbox.config import SmtpDoor
from gateway.sandbox.mailboxes import scenario
from gateway.sandbox.smtp.desk import MOST_BYTES, Desk, broken_off

HOST_NAME = "sandbox.invalid"
START_SECONDS = 10.0
STOP_SECONDS = 10.0

# The library writes addresses and contents at its lower levels.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class _Session(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library looks for this name
        """As always, but for somebody to whom the connection breaks in the middle."""
        recipients = [] if self.envelope is None else self.envelope.rcpt_tos
        if not any(scenario(address) == "drop" for address in recipients):
            await super().smtp_DATA(arg)
            return
        self.event_handler.note_drop(self.envelope)
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        await self._reader.readline()
        await broken_off(self)


class MailServer:
    """Listens from `start` to `stop`. The listener is already bound, so that whoever starts the
    sandbox knows its port, and learns at once of one that is taken."""

    def __init__(self, desk: Desk, door: SmtpDoor) -> None:
        self._desk = desk
        self._door = door
        self._ready = Event()
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    def start(self) -> None:
        """Serve in a thread, in the process that calls this. Raises RuntimeError if it does not
        come up."""
        self._thread = Thread(target=self._run, name="sandbox-smtp", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise RuntimeError("the SMTP server did not start")

    def stop(self) -> None:
        """Close the door and break off every session."""
        if self._thread is None or self._loop is None or self._end is None:
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(STOP_SECONDS)
        self._thread = None

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        listener: socket.socket = self._door.listener
        listener.setblocking(False)
        server = await self._loop.create_server(self._session, sock=listener)
        self._ready.set()
        await self._end.wait()
        server.close()  # asyncio.run cancels the sessions that are left

    def _session(self) -> SMTP:
        return _Session(
            self._desk,
            hostname=HOST_NAME,
            ident="Ringback sandbox",
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._knows,
            loop=asyncio.get_running_loop(),
        )

    def _knows(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and all(
            hmac.compare_digest(given, known.encode())
            for given, known in (
                (data.login, self._door.user),
                (data.password, self._door.password),
            )
        )
        if not right:
            self._desk.note_bad_login()
        return AuthResult(success=right, handled=False)
