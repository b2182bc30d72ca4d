"""The ways in which a carrier's answer can go wrong once it was reached."""

import gzip

from tests.providers.stand_in import Act, Connection


def resets_after_reading(connection: Connection) -> None:
    connection.read()
    connection.reset()


def resets_at_once(connection: Connection) -> None:
    connection.socket.recv(1)
    connection.reset()


def closes_without_a_word(connection: Connection) -> None:
    connection.read()


def hangs(connection: Connection) -> None:
    connection.read()
    connection.wait()


def answers_too_late(connection: Connection) -> None:
    connection.read()
    connection.wait(1.0)
    connection.answer(201, b'{"sid": "CA00000000000000000000000000000001", "call_id": "1"}')


def speaks_only_http(connection: Connection) -> None:
    connection.socket.recv(1)
    connection.answer(400)


def never_reads(connection: Connection) -> None:
    connection.wait()


def drips_the_header(connection: Connection) -> None:
    connection.read()
    for byte in b"HTTP/1.1 201 Created\r\nX-Slow: " + b"s" * 2000:
        connection.send(bytes([byte]))
        if connection.wait(0.05):
            return


def drips_the_body(connection: Connection) -> None:
    connection.read()
    connection.send(b"HTTP/1.1 201 Created\r\nContent-Length: 5000\r\n\r\n")
    for _ in range(2000):
        connection.send(b" ")
        if connection.wait(0.05):
            return


def drips_without_a_length(connection: Connection) -> None:
    connection.read()
    connection.send(b"HTTP/1.1 201 Created\r\n\r\n" + b"{}")
    for _ in range(2000):
        connection.send(b" ")
        if connection.wait(0.05):
            return


def truncates(connection: Connection) -> None:
    connection.read()
    connection.send(b'HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"sid": "CA')


def truncates_a_chunk(connection: Connection) -> None:
    connection.read()
    connection.send(b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"si')


def talks_garbage(connection: Connection) -> None:
    connection.read()
    connection.send(b"\x00\xffnot http at all\r\n\r\n")


def sends_100_megabytes(connection: Connection) -> None:
    connection.read()
    connection.send(b"HTTP/1.1 201 Created\r\nContent-Length: 104857600\r\n\r\n")
    for _ in range(1600):
        connection.send(b" " * 65536)


def sends_a_gzip_bomb(connection: Connection) -> None:
    connection.read()
    body = gzip.compress(b" " * 50_000_000, compresslevel=9)
    connection.answer(201, body, {"Content-Encoding": "gzip"})


def redirects_with_a_large_body(connection: Connection) -> None:
    connection.read()
    connection.send(
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
        b"Content-Length: 104857600\r\n\r\n"
    )
    for _ in range(1600):
        connection.send(b" " * 65536)


UNCLEAR: tuple[Act, ...] = (
    resets_after_reading,
    resets_at_once,
    closes_without_a_word,
    hangs,
    answers_too_late,
    never_reads,
    drips_the_header,
    drips_the_body,
    drips_without_a_length,
    truncates,
    truncates_a_chunk,
    talks_garbage,
    sends_100_megabytes,
    sends_a_gzip_bomb,
    redirects_with_a_large_body,
)
