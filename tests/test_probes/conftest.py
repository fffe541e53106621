"""Real servers on loopback for the probes: TDS and DNS, each in its own process, and certificates made here."""

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HOST = "mi-orders.a1b2c3d4e5f6.database.windows.net"
BEHAVIOURS = [
    "denies", "error=40532", "error=40615", "error=47072", "error=4060", "error=40613", "error=5", "accepts",
    "route=denies", "route=silent-at-login", "route=resets-in-tls", "route=nobody", "route=nowhere", "route=self",
    "cut-route", "silent", "closes", "resets", "resets-in-tls", "closes-in-tls", "silent-in-tls", "garbage-in-tls",
    "garbage", "half-header", "wrong-length", "broken-prelogin", "no-encryption", "newer-tls-only", "tls-1-0-only", "drips",
    "small-pieces", "silent-at-login", "resets-at-login", "garbage-at-login",
]  # fmt: skip


def make_certificate(folder: Path, names: list[str]) -> tuple[Path, Path, Path]:
    """An authority's certificate, a server's certificate for these names with its chain, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Root"),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Prüf & Söhne")])  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(root).public_key(public)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=3))
        )  # fmt: skip

    authority = build(root, root_key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
    authority = authority.add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), False)
    uses = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    signed_root = authority.add_extension(uses, True).sign(root_key, hashes.SHA256())
    leaf = build(subject, key.public_key()).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False
    )
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
    signed = leaf.sign(root_key, hashes.SHA256())
    paths = folder / "root.pem", folder / "server.pem", folder / "server.key"
    pem = serialization.Encoding.PEM
    paths[0].write_bytes(signed_root.public_bytes(pem))
    paths[1].write_bytes(signed.public_bytes(pem))
    paths[2].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Authority, server certificate for the zone of HOST and for localhost, key."""
    return make_certificate(tmp_path_factory.mktemp("tls"), ["*." + HOST.partition(".")[2], "localhost"])


@pytest.fixture
def trusted(certificates: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the test's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[0]))


@pytest.fixture(scope="session")
def tds(certificates: tuple[Path, Path, Path]) -> Iterator[dict[str, int]]:
    """Ports of the TDS server by behaviour."""
    words = [sys.executable, str(HERE / "tds_server.py"), str(certificates[1]), str(certificates[2]), *BEHAVIOURS]
    yield from _served(words, json.loads)


@pytest.fixture(scope="session")
def dns_port() -> Iterator[int]:
    """The port of the DNS server on 127.0.0.1."""
    yield from _served([sys.executable, str(HERE / "dns_server.py")], int)


def _served(words: list[str], read) -> Iterator:  # type: ignore[no-untyped-def]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield read(process.stdout.readline())
        process.stdin.close()
        process.wait(10)


@pytest.fixture
def closed_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
