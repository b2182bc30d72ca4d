"""A mail server made of one listening socket: each test says what it answers at which step."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from tests.providers.stand_in import Act, Connection

GOOD: Mapping[str, bytes] = {
    "greeting": b"220 stand-in\r\n",
    "EHLO": b"250-stand-in\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
    "AUTH": b"235 2.7.0 welcome\r\n",
    "MAIL": b"250 2.1.0 go on\r\n",
    "RCPT": b"250 2.1.5 go on\r\n",
    "DATA": b"354 go on\r\n",
    "content": b"250 2.0.0 taken\r\n",
    "QUIT": b"221 bye\r\n",
    "STARTTLS": b"220 go on\r\n",
}


@dataclass
class Post:
    """What was said to the server, and the messages it was handed."""

    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)


HANGS, CLOSES, RESETS, DRIPS, FLOODS = b"hangs", b"closes", b"resets", b"drips", b"floods"


def mail_server(
    post: Post,
    answers: Mapping[str, bytes] | None = None,
    context: ssl.SSLContext | None = None,
    *,
    at_once: bool = False,
) -> Act:
    """A server that is good but for these answers; one of the words above is behaviour instead.
    `context` is for STARTTLS, or for TLS from the start if `at_once`."""
    said = {**GOOD, **(answers or {})}

    def act(connection: Connection) -> None:
        if at_once and context is not None:
            connection.socket = context.wrap_socket(connection.socket, server_side=True)
        if not _say(connection, said["greeting"]):
            return
        lines = connection.socket.makefile("rb")
        while line := lines.readline():
            post.commands.append(line.decode().strip())
            word = post.commands[-1].split(" ")[0].upper()
            if not _say(connection, said.get(word, b"502 what?\r\n")):
                return
            if word == "STARTTLS" and context is not None and said[word].startswith(b"220"):
                connection.socket = context.wrap_socket(connection.socket, server_side=True)
                lines = connection.socket.makefile("rb")
            if word == "DATA" and said[word].startswith(b"354"):
                post.messages.append(_message(lines))
                if not _say(connection, said["content"]):
                    return

    return act


def _message(lines: BinaryIO) -> bytes:
    """Everything up to the line with the dot. Raises ConnectionError when it does not come."""
    message = b""
    while not message.endswith(b"\r\n.\r\n"):
        more = lines.readline()
        if not more:
            raise ConnectionError
        message += more
    return message


def _say(connection: Connection, words: bytes) -> bool:
    """Send an answer, or behave; whether the session goes on."""
    if words == HANGS:
        connection.wait()
    elif words == RESETS:
        connection.reset()
    elif words == DRIPS:
        for _ in range(2000):
            connection.send(b"2")
            if connection.wait(0.05):
                break
    elif words == FLOODS:
        while True:
            connection.send(b"250-more\r\n" * 1000)
    elif words != CLOSES:
        connection.send(words)
        return True
    return False
