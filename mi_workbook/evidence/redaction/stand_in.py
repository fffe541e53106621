"""A certificate that stands in for another: its dates, and nothing else of it."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from mi_workbook.evidence.probes.certificate import read_certificate

_SEQUENCE, _INTEGER, _TIME = 0x30, 0x02, 0x18


def stand_in(text: str) -> str | None:
    """A certificate in Base64 with the dates of the given one, with no name, key or signature; None where it has none.

    Source: RFC 5280 4.1 (order of the members), 4.1.2.5.2 (GeneralizedTime).
    """
    try:
        given = read_certificate(base64.b64decode(text, validate=True))
        dates = [datetime.fromisoformat(one).strftime("%Y%m%d%H%M%SZ") for one in (given.not_before, given.not_after)]
    except (ValueError, binascii.Error):
        return None
    validity = _element(_SEQUENCE, b"".join(_element(_TIME, one.encode()) for one in dates))
    empty = _element(_SEQUENCE, b"")
    members = [_element(_INTEGER, b"\x01"), empty, empty, validity, empty]
    return base64.b64encode(_element(_SEQUENCE, _element(_SEQUENCE, b"".join(members)))).decode()


def _element(tag: int, content: bytes) -> bytes:
    """One DER element; a stand-in is shorter than 128 bytes, so that its length is one byte."""
    return bytes([tag, len(content)]) + content
