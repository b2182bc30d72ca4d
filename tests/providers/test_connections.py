"""Connections: over TLS nobody is trusted who can't prove to be the carrier, and no answer goes to
another request."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.providers import connections
from gateway.providers.transport import NotSent, Transport, Unanswered

NOBODY = "nobody.example"


def certificate(folder: Path, *names: x509.GeneralName) -> Path:
    """A key and a certificate for these names, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    own, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextlib.contextmanager
def serving(path: Path, asked: list[bytes]) -> Iterator[str]:
    """A server over TLS with this certificate that answers each request on a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as one:
                while told := one.recv(65536):
                    asked.append(told)
                    one.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nwell")

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = listener.accept()
                    threading.Thread(target=answer, args=(plain,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/calls"


@pytest.fixture
def trusting(tmp_path: Path) -> Iterator[Path]:
    """A certificate for this machine that this process trusts until the test is over."""
    path = certificate(tmp_path, x509.IPAddress(ip_address("127.0.0.1")))
    connections._tls().load_verify_locations(path)
    yield path
    connections._tls.cache_clear()


def test_a_carrier_that_proves_itself_is_asked_over_one_connection(trusting: Path) -> None:
    asked: list[bytes] = []
    with serving(trusting, asked) as url:
        transport = Transport(5)
        for _ in range(3):
            answer = transport.send(requests.Request("POST", url, data={"To": "+1 & 2"}))
            assert (answer.status, answer.body) == (201, b"well")
    assert len(asked) == 3
    assert asked[0].endswith(b"\r\n\r\nTo=%2B1+%26+2")


def test_a_certificate_that_nobody_signed_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    asked: list[bytes] = []
    path = certificate(tmp_path, x509.IPAddress(ip_address("127.0.0.1")))
    with serving(path, asked) as url, pytest.raises(NotSent) as fault:
        Transport(5).send(requests.Request("POST", url, data={"To": "1"}))
    assert (fault.value.stage, asked) == ("tls", [])


def test_a_certificate_for_another_name_is_refused(trusting: Path, tmp_path: Path) -> None:
    asked: list[bytes] = []
    other = certificate(tmp_path, x509.DNSName(NOBODY))
    connections._tls().load_verify_locations(other)
    with serving(other, asked) as url, pytest.raises(NotSent) as fault:
        Transport(5).send(requests.Request("POST", url, data={"To": "1"}))
    assert (fault.value.stage, asked) == ("tls", [])


def test_a_header_can_not_bring_another_one() -> None:
    class Line:
        netloc, path, query = "carrier.example", "/calls", "a=b"

    head = connections._head("POST", Line, {"X": "a\r\nY: b"}, 3)  # type: ignore[arg-type]
    assert head.split(b"\r\n") == [
        b"POST /calls?a=b HTTP/1.1", b"Host: carrier.example", b"X: aY: b", b"Content-Length: 3",
        b"", b"",
    ]  # fmt: skip


@pytest.mark.row("F1")
def test_after_early_hints_no_answer_goes_to_another_request() -> None:
    asked: list[bytes] = []

    def answer(one: socket.socket) -> None:
        with contextlib.suppress(OSError), one:
            while told := one.recv(65536):
                asked.append(told)
                number = len(asked)
                early = b"HTTP/1.1 103 Early Hints\r\n\r\n" if number == 1 else b""
                one.sendall(early + b"HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\n%d" % number)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(
                        target=answer, args=(listener.accept()[0],), daemon=True
                    ).start()

        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/calls"
        carrier = Transport(5)
        with pytest.raises(Unanswered):
            carrier.send(requests.Request("POST", url))
        assert carrier.send(requests.Request("POST", url)).body == b"2"
        listener.shutdown(socket.SHUT_RDWR)
