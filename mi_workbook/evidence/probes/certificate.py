"""Names in a server's certificate, read from its DER form; Python tells them only of certificates it trusts.

Source: RFC 5280 4.1 (certificate), 4.2.1.6 (alternative names); RFC 6125 6.4.3 (a wildcard stands for one label).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

_COMMON_NAME, _ORGANISATION, _ALTERNATIVE = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"
_SEQUENCE, _OCTETS, _VERSION, _EXTENSIONS, _DNS_NAME, _ADDRESS = 0x30, 0x04, 0xA0, 0xA3, 0x82, 0x87
_WIDE = {0x1E: "utf-16-be", 0x1C: "utf-32-be"}

Node = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it was shown. names: DNS names and addresses it is for. Times as ISO 8601 or as written."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    sha256: str

    def covers(self, host: str) -> bool:
        """True if it is for this host."""
        return any(_matches(name, host.rstrip(".").lower()) for name in self.names)


def read_certificate(der: bytes) -> Certificate:
    """A certificate of its DER bytes. Raises ValueError where they are no certificate."""
    try:
        fields = list(_nodes(_children(_only(der))[0][1]))
        fields = fields[1:] if fields[0][0] == _VERSION else fields
        issuer, validity, subject = fields[2], fields[3], fields[4]
        extensions = next((value for tag, value in fields[5:] if tag == _EXTENSIONS), b"")
        before, after = (_time(*node) for node in _children(validity[1]))
        return Certificate(_name(subject[1]), _name(issuer[1]), tuple(_alternatives(extensions)), before, after,
                           hashlib.sha256(der).hexdigest())  # fmt: skip
    except (IndexError, ValueError, TypeError):
        raise ValueError("The certificate cannot be read.") from None


def whole_length(der: bytes) -> int:
    """How many bytes the first element of DER bytes takes, its head included; 0 where they are none."""
    if len(der) < 2:
        return 0
    if der[1] < 0x80:
        return 2 + der[1]
    head = 2 + (der[1] & 0x7F)
    return head + int.from_bytes(der[2:head], "big")


def _matches(name: str, host: str) -> bool:
    if not name.startswith("*."):
        return name == host
    _, _, rest = host.partition(".")
    return bool(rest) and name[2:] == rest


def _nodes(data: bytes) -> Iterator[Node]:
    """Tag and content of each element, one after the other."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("cut short")
        yield tag, data[at : at + length]
        at += length


def _children(data: bytes) -> list[Node]:
    return list(_nodes(data))


def _only(der: bytes) -> bytes:
    ((tag, content),) = _children(der)
    if tag != _SEQUENCE:
        raise ValueError("no sequence")
    return content


def _name(data: bytes) -> str:
    """Common name, and the organisation where there is one."""
    parts: dict[bytes, str] = {}
    for _, group in _nodes(data):
        for _, pair in _nodes(group):
            (_, oid), (tag, value) = _children(pair)
            parts.setdefault(oid, value.decode(_WIDE.get(tag, "utf-8"), "replace"))
    common, organisation = parts.get(_COMMON_NAME, ""), parts.get(_ORGANISATION, "")
    return f"{common} ({organisation})" if common and organisation else common or organisation


def _alternatives(extensions: bytes) -> Iterator[str]:
    for _, listed in _nodes(extensions):
        for _, extension in _nodes(listed):
            parts = _children(extension)
            if parts[0][1] == _ALTERNATIVE and parts[-1][0] == _OCTETS:
                yield from _general_names(_only(parts[-1][1]))


def _general_names(data: bytes) -> Iterator[str]:
    for tag, value in _nodes(data):
        if tag == _DNS_NAME:
            yield value.decode("ascii", "replace").lower()
        elif tag == _ADDRESS and len(value) in (4, 16):
            yield str(ipaddress.ip_address(value))


def _time(tag: int, value: bytes) -> str:
    """UTCTime has two digits for the year: below 50 means 20xx (RFC 5280 4.1.2.5.1)."""
    text = value.decode("ascii", "replace")
    if tag == 0x17:
        text = ("20" if text[:2] < "50" else "19") + text
    if len(text) != 15 or not text[:14].isdigit():
        return text
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}Z"
