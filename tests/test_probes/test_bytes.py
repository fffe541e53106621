"""What comes over the wire may be anything: it is read right, or refused by name; never a crash, never a guess."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_workbook.evidence.probes import wire
from mi_workbook.evidence.probes.certificate import read_certificate
from mi_workbook.evidence.probes.stream import shown


def routing(host: str, port: int, protocol: int = 0) -> bytes:
    """An ENVCHANGE token of type 20."""
    value = struct.pack("<BHH", protocol, port, len(host)) + host.encode("utf-16-le")
    body = b"\x14" + struct.pack("<H", len(value)) + value + b"\0\0"
    return b"\xe3" + struct.pack("<H", len(body)) + body


def test_a_routing_token_with_an_instance_behind_the_host() -> None:
    """Host and port are read whole, and other tokens around them do not matter."""
    info = b"\xab" + struct.pack("<H", 3) + b"abc"
    session = b"\xe4" + struct.pack("<I", 2) + b"xy"
    done = b"\xfd" + bytes(12)
    answer = wire.read_login_answer(info + session + routing(r"tr1.example\f00", 11042) + done)
    assert answer.route == (r"tr1.example\f00", 11042) and not answer.errors and not answer.accepted


@pytest.mark.parametrize("token", [routing("", 11000), routing("h", 0), routing("h", 11000, protocol=7)])
def test_a_routing_token_that_leads_nowhere_is_refused(token: bytes) -> None:
    """No host, no port or no TCP: not followed."""
    with pytest.raises(wire.NotTds):
        wire.read_login_answer(token)


def test_a_prelogin_as_the_protocol_document_lays_it_out() -> None:
    """Options in any order, values anywhere; the version is shown as people know it."""
    payload = bytes.fromhex("01001a000100001b0006020021000103002200000400220001ff")
    payload += bytes.fromhex("010c0007d000000000")
    assert wire.read_prelogin(payload) == wire.PreLogin("12.0.2000", 1)


def test_a_login_never_shows_its_password() -> None:
    """It is scrambled as the protocol has it, and lengths and offsets add up."""
    body = wire.login7(version=wire.VERSION_7_4, user="u" * 128, password="Secret-1", server="s" * 200,
                       application="a", database="master")  # fmt: skip
    assert struct.unpack_from("<I", body)[0] == len(body)
    assert "Secret".encode("utf-16-le") not in body and b"Secret" not in body
    at, length = struct.unpack_from("<HH", body, 36 + 2 * 4)
    plain = bytes((byte ^ 0xA5) >> 4 | ((byte ^ 0xA5) << 4 & 0xF0) for byte in body[at : at + 2 * length])
    assert plain.decode("utf-16-le") == "Secret-1"


def test_a_message_longer_than_a_packet_is_cut_into_packets() -> None:
    """Only the last packet says that it is the last."""
    raw, at, parts = wire.packets(wire.LOGIN7, bytes(9000)), 0, []
    while at < len(raw):
        kind, status, length = struct.unpack_from(">BBH", raw, at)
        parts.append((kind, status, length))
        at += length
    assert parts == [(16, 0, 4096), (16, 0, 4096), (16, 1, 9000 - 2 * 4088 + 8)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing but the package's own refusal comes out."""
    for read in (wire.read_prelogin, wire.read_login_answer):
        try:
            read(data)
        except wire.NotTds:
            continue
    with contextlib.suppress(ValueError):
        read_certificate(data)
    assert shown(data).isprintable()


@given(st.integers(0, 400))
def test_a_login_answer_that_is_cut_is_refused_or_keeps_its_meaning(end: int) -> None:
    """A cut never turns a route into another."""
    whole = routing("tr12.westeurope1-a.worker.vnet.database.windows.net", 11001)
    try:
        answer = wire.read_login_answer(whole[:end])
    except wire.NotTds:
        return
    assert answer.route == ("tr12.westeurope1-a.worker.vnet.database.windows.net", 11001)


def test_certificates_are_read_as_a_library_reads_them(certificates: tuple[Path, Path, Path]) -> None:
    """Names, issuer and times agree with the library; every cut is refused."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    shown_one = x509.load_pem_x509_certificate(certificates[1].read_bytes())
    der = shown_one.public_bytes(Encoding.DER)
    names = shown_one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = read_certificate(der)
    assert list(found.names) == names.get_values_for_type(x509.DNSName)
    assert found.issuer == "Test Root (Prüf & Söhne)"
    assert found.not_after == shown_one.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    for end in range(len(der)):
        with pytest.raises(ValueError, match="cannot be read"):
            read_certificate(der[:end])


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("mi-orders.a1b2c3d4e5f6.database.windows.net", True),
        ("MI-ORDERS.A1B2C3D4E5F6.database.windows.net.", True),
        ("a.b.a1b2c3d4e5f6.database.windows.net", False),
        ("a1b2c3d4e5f6.database.windows.net", False),
        ("localhost", True),
        ("mi-orders.contoso.example", False),
    ],
)
def test_a_wildcard_stands_for_one_label(certificates: tuple[Path, Path, Path], host: str, covered: bool) -> None:
    """As drivers match names."""
    import ssl

    found = read_certificate(ssl.PEM_cert_to_DER_cert(certificates[1].read_text()))
    assert found.covers(host) is covered
