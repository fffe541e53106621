"""`/proc/net/route` of Linux: IPv4 routes as the kernel lists them, for containers that have no `ip`.

Rows: shapes.route_row with "kind" and "flags". Addresses are numbers in hexadecimal, the lowest byte first, as on every
machine Azure runs Linux on. Source: proc_net(5); include/uapi/linux/route.h (RTF_UP 1, RTF_GATEWAY 2, RTF_REJECT 0x200).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import NO_END, filled, masked, route_row

KIND = "proc-net-route"
TITLE = "Linux: /proc/net/route"
HEAD = re.compile(r"^\s*Iface\s+Destination\s+Gateway\s+Flags\s+RefCnt\s+Use\s+Metric\s+Mask\b")
ROW = re.compile(
    r"^\s*(?P<dev>[\w.@*-]+)\s+(?P<to>[0-9A-F]{8})\s+(?P<via>[0-9A-F]{8})\s+(?P<flags>[0-9A-F]{4})\s+\d+\s+\d+\s+(?P<metric>\d{1,10})\s+"
    r"(?P<mask>[0-9A-F]{8})\b"
)
UP, GATEWAY, REJECT = 0x1, 0x2, 0x200


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the head, or the first row, to the last row."""
    at = 0
    while at < len(lines):
        if not (HEAD.match(lines[at].text) or ROW.match(lines[at].text)):
            at += 1
            continue
        last = at
        while last + 1 < len(lines) and ROW.match(lines[last + 1].text):
            last += 1
        yield Claim(at, last)
        at = last + 1


def read(lines: Sequence[Line]) -> Reading:
    """Read a block; routes that are not up are left out of use by the kernel and are not kept."""
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    headed = False
    for line in filled(lines):
        known = ROW.match(line.text)
        shown = masked(_dotted(known["to"]), _dotted(known["mask"])) if known else ""
        if HEAD.match(line.text):
            headed = True
        elif known is None or not shown:
            left.append(line)
        elif int(known["flags"], 16) & UP:
            rows.append(_row(known, shown))
    notes = [NO_END] if headed else [NO_END, "The heading is missing: rows above the first one may be missing."]
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), headed and bool(rows))


def _row(known: re.Match[str], shown: str) -> dict[str, Any]:
    flags = int(known["flags"], 16)
    gateway = _dotted(known["via"]) if flags & GATEWAY else ""
    kind = "reject" if flags & REJECT else "unicast"
    return route_row(shown, gateway, known["dev"], int(known["metric"]), kind=kind, flags=known["flags"])


def _dotted(text: str) -> str:
    return ".".join(str(int(text[at : at + 2], 16)) for at in (6, 4, 2, 0))
