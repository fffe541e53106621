"""The bytes of TDS that a probe needs: packets, PRELOGIN, LOGIN7, and the tokens of a login's answer.

Source: MS-TDS 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN), 2.2.6.4 (LOGIN7), 2.2.7 (tokens: ENVCHANGE with its routing
type 20, ERROR, INFO, LOGINACK, DONE). Pure: no sockets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PRELOGIN, REPLY, LOGIN7 = 0x12, 0x04, 0x10
HEADER = 8
LARGEST_PACKET = 32767
PACKET = 4096
LAST = 0x01

ENCRYPTION = {0x00: "off", 0x01: "on", 0x02: "not supported", 0x03: "required"}
ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED = 0x01, 0x02
VERSION_7_4 = 0x74000004

_ROUTING = 20
_ENVCHANGE, _ERROR, _INFO, _LOGINACK, _FEATURES = 0xE3, 0xAA, 0xAB, 0xAD, 0xAE
_DONE = (0xFD, 0xFE, 0xFF)
_SHORT_LENGTH = (_ENVCHANGE, _ERROR, _INFO, _LOGINACK, 0xED)
_LONG_LENGTH = (0xE4, 0xEE)


class NotTds(ValueError):
    """Bytes that are not what TDS says they must be."""


@dataclass(frozen=True, slots=True)
class PreLogin:
    """A server's PRELOGIN: its version ("12.0.2000") and whether it wants encryption."""

    version: str
    encryption: int


@dataclass(frozen=True, slots=True)
class SqlError:
    """An ERROR token."""

    number: int
    state: int
    severity: int
    text: str


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """What a server says to LOGIN7. route: host (may hold `\\instance`) and port of a Redirect."""

    accepted: bool
    errors: tuple[SqlError, ...]
    route: tuple[str, int] | None


def packets(kind: int, payload: bytes) -> bytes:
    """A message as packets of the default size."""
    room = PACKET - HEADER
    parts = [payload[at : at + room] for at in range(0, len(payload), room)] or [b""]
    return b"".join(
        struct.pack(">BBHHBB", kind, LAST if number == len(parts) else 0, len(part) + HEADER, 0, number % 256, 0) + part
        for number, part in enumerate(parts, 1)
    )


def header(raw: bytes) -> tuple[int, bool, int]:
    """Kind, "is the last of its message" and payload length. Raises NotTds."""
    kind, status, length = struct.unpack(">BBH", raw[:4])
    if kind not in (PRELOGIN, REPLY) or not HEADER <= length <= LARGEST_PACKET:
        raise NotTds("This is no TDS packet.")
    return kind, bool(status & LAST), length - HEADER


def prelogin(encryption: int) -> bytes:
    """The client's PRELOGIN: no instance name, no MARS."""
    options = [(0x00, bytes([1, 0, 0, 0, 0, 0])), (0x01, bytes([encryption])), (0x02, b"\0"), (0x03, b"\0\0\0\0"),
               (0x04, b"\0")]  # fmt: skip
    at = len(options) * 5 + 1
    table, data = b"", b""
    for token, value in options:
        table += struct.pack(">BHH", token, at + len(data), len(value))
        data += value
    return table + b"\xff" + data


def read_prelogin(payload: bytes) -> PreLogin:
    """A server's PRELOGIN. Raises NotTds where it is damaged or says nothing of encryption."""
    options: dict[int, bytes] = {}
    at = 0
    try:
        while payload[at] != 0xFF:
            token, offset, length = struct.unpack_from(">BHH", payload, at)
            if offset + length > len(payload):
                raise NotTds("Its PRELOGIN points beyond its end.")
            options[token] = payload[offset : offset + length]
            at += 5
    except (IndexError, struct.error):
        raise NotTds("Its PRELOGIN has no end.") from None
    if len(options.get(0x00, b"")) < 4 or not options.get(0x01):
        raise NotTds("Its PRELOGIN lacks the version or the word on encryption.")
    major, minor, build = struct.unpack_from(">BBH", options[0x00])
    return PreLogin(f"{major}.{minor}.{build}", options[0x01][0])


def login7(*, version: int, user: str, password: str, server: str, application: str, database: str) -> bytes:
    """LOGIN7 for a SQL login. The password is only scrambled, as the protocol has it: send it through TLS."""
    texts = ["mi-workbook", user, password, application, server, "", "mi-workbook", "", database]
    fixed = struct.pack(
        "<IIIIIBBBBiI", version, PACKET, 0x07000000, 0, 0,
        0xE0, 0x03, 0x00, 0x00, 0, 0x0409,
    )  # fmt: skip
    at = 4 + len(fixed) + len(texts) * 4 + 6 + 3 * 4 + 4
    table, data = b"", b""
    for place, text in enumerate(texts):
        raw = text.encode("utf-16-le")
        table += struct.pack("<HH", at + len(data), len(raw) // 2)
        data += _scrambled(raw) if place == 2 else raw
    end = struct.pack("<HH", at + len(data), 0)
    body = fixed + table + bytes(6) + end * 3 + bytes(4) + data
    return struct.pack("<I", len(body) + 4) + body


def _scrambled(raw: bytes) -> bytes:
    return bytes(((byte << 4 & 0xF0) | byte >> 4) ^ 0xA5 for byte in raw)


def read_login_answer(payload: bytes) -> LoginAnswer:
    """Routing, errors and acceptance in the answer to LOGIN7. Raises NotTds where it holds none of them."""
    errors, route, accepted = [], None, False
    for token, body in _tokens(payload):
        if token == _ERROR:
            errors.append(_error(body))
        elif token == _LOGINACK:
            accepted = True
        elif token == _ENVCHANGE and body[:1] == bytes([_ROUTING]):
            route = _route(body)
    if not (errors or accepted or route):
        raise NotTds("Its answer to the login holds no token that is understood.")
    return LoginAnswer(accepted, tuple(errors), route)


def _tokens(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Tokens and their bodies; ends at the first that is not known, for its length is not known either."""
    at = 0
    while at < len(payload):
        token = payload[at]
        at += 1
        if token in _DONE:
            at += 12
            continue
        if token not in (*_SHORT_LENGTH, *_LONG_LENGTH):
            return
        form = "<H" if token in _SHORT_LENGTH else "<I"
        try:
            (length,) = struct.unpack_from(form, payload, at)
        except struct.error:
            raise NotTds("A token of its answer is cut short.") from None
        at += struct.calcsize(form)
        if at + length > len(payload):
            raise NotTds("A token of its answer is cut short.")
        yield token, payload[at : at + length]
        at += length


def _error(body: bytes) -> SqlError:
    try:
        number, state, severity, length = struct.unpack_from("<iBBH", body)
    except struct.error:
        raise NotTds("An error token is cut short.") from None
    return SqlError(number, state, severity, body[8 : 8 + 2 * length].decode("utf-16-le", "replace")[:500])


def _route(body: bytes) -> tuple[str, int]:
    """Type, length of the value, protocol (0: TCP), port, host in UTF-16 with its length."""
    try:
        _, protocol, port, length = struct.unpack_from("<HBHH", body, 1)
    except struct.error:
        raise NotTds("The routing token is cut short.") from None
    host = body[8 : 8 + 2 * length].decode("utf-16-le", "replace")
    if protocol != 0 or not host or not port or len(body) < 8 + 2 * length:
        raise NotTds("The routing token names no TCP host and port.")
    return host, port
