"""One SMTP session (RFC 5321) for one message, over the carriers' own connections: a deadline for
all of it, and the knowledge whether the message may have been taken."""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from gateway import failpoints
from gateway.providers import wire
from gateway.providers.smtp.accounts import FROM_THE_START, NEVER, Account

MOST_LINES = 200
LONGEST_LINE = 2000
FAREWELL_SECONDS = 0.5
INTERNATIONAL = "international addresses"

_DOTS = re.compile(rb"^\.", re.MULTILINE)
# A line that was cut off is no reply, however good it looks.
_REPLY = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\r?\n", re.DOTALL)


class Refused(Exception):
    """The server said no. `step` is greeting, tls, login, sender, recipient, data or content."""

    def __init__(self, step: str, code: int, text: bytes) -> None:
        self.step, self.code, self.text = step, code, text
        super().__init__(f"refused at {step}: {code}")


class Unsupported(Exception):
    """The server lacks what `need` names: tls, login or international addresses."""

    def __init__(self, need: str) -> None:
        self.need = need
        super().__init__(f"the server knows no {need}")


class Conversation(smtplib.SMTP):
    """A session at one server, inside the thread's exchange. `step` says how far it got; once it is
    `sent` the server may have the message."""

    def __init__(self, account: Account, exchange: wire.Exchange) -> None:
        # Our own name is not looked up: that could take long, and servers take any.
        super().__init__(local_hostname="ringback.invalid")
        self.step = "connect"
        self._account = account
        self._exchange = exchange
        self._host = account.host  # what STARTTLS compares the certificate with

    def open(self) -> None:
        """Connect, encrypt and log in. Raises Refused, Unsupported, OSError, SMTPException."""
        account = self._account
        self._expect("greeting", self.connect(account.host, account.port), 220)
        self.step = "greeting"
        self._greet()
        if account.tls not in (FROM_THE_START, NEVER):
            self.step = "tls"
            if not self.has_extn("starttls"):
                raise Unsupported("tls")
            try:
                self.starttls(context=self._trust())
            except smtplib.SMTPResponseException as refusal:
                raise Refused("tls", refusal.smtp_code, _bytes(refusal.smtp_error)) from None
            self.step = "greeting"
            self._greet()
        if account.user is not None:
            self.step = "login"
            if not self.has_extn("auth"):
                raise Unsupported("login")
            try:
                self.login(account.user, account.password)
            except smtplib.SMTPAuthenticationError as refusal:
                raise Refused("login", refusal.smtp_code, _bytes(refusal.smtp_error)) from None

    def hand_over(self, sender: str, to: str, content: Callable[[bool], bytes]) -> None:
        """Send one message; when this returns, the server took it. `content` is asked for
        the message, in UTF-8 headers or not. Raises as `open` does."""
        international = not (sender + to).isascii()
        if international and not self.has_extn("smtputf8"):
            raise Unsupported(INTERNATIONAL)
        message = content(international)
        options = " SMTPUTF8 BODY=8BITMIME" if international else ""
        if international:
            self.command_encoding = "utf-8"
        self._expect("sender", self.docmd("MAIL", f"FROM:<{sender}>{options}"), 250)
        self._expect("recipient", self.docmd("RCPT", f"TO:<{to}>"), 250, 251, 252)
        self._expect("data", self.docmd("DATA"), 354)
        self.step = "data"
        self.send(_DOTS.sub(b"..", message))
        if self._exchange.remaining() <= 0:
            raise TimeoutError("too late to send")
        # Only the line with the dot alone hands the message over (RFC 5321, 4.1.1.4).
        self.step = "sent"
        self.send(b".\r\n")
        failpoints.hit("worker.after_send")
        answer = self.getreply()
        failpoints.hit("worker.after_response")
        self._expect("content", answer, 250)

    def leave(self) -> None:
        """Say goodbye, without waiting long for the answer."""
        with suppress(OSError, smtplib.SMTPException):
            if self.sock is not None:
                self.sock.settimeout(FAREWELL_SECONDS)
                self.docmd("QUIT")

    def abandon(self) -> None:
        """Close, whatever state it is in. Never raises."""
        with suppress(OSError, smtplib.SMTPException):
            self.close()

    def getreply(self) -> tuple[int, bytes]:
        """The next reply: its code and its lines. Raises SMTPServerDisconnected when the server is
        gone, answers without end, or not in SMTP."""
        if self.file is None:
            assert self.sock is not None
            self.file = self.sock.makefile("rb")
        lines: list[bytes] = []
        while len(lines) < MOST_LINES:
            found = _REPLY.fullmatch(self.file.readline(LONGEST_LINE))
            if found is None:
                break
            lines.append((found.group(3) or b"").strip())
            if found.group(2) != b"-":
                return int(found.group(1)), b"\n".join(lines)
        self.close()
        raise smtplib.SMTPServerDisconnected("no SMTP reply")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = wire.open_socket(host, port)
        plain.settimeout(max(0.001, self._exchange.remaining()))
        if self._account.tls != FROM_THE_START:
            return plain
        self.step = "tls"
        encrypted = self._trust().wrap_socket(plain, server_hostname=host)
        self.step = "connect"
        return encrypted

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._account.authorities:
            context.load_verify_locations(self._account.authorities)
        return context

    def _greet(self) -> None:
        try:
            self.ehlo_or_helo_if_needed()
        except smtplib.SMTPHeloError as refusal:
            raise Refused("greeting", refusal.smtp_code, _bytes(refusal.smtp_error)) from None

    def _expect(self, step: str, answer: tuple[int, bytes], *codes: int) -> None:
        if answer[0] not in codes:
            raise Refused(step, answer[0], _bytes(answer[1]))


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
