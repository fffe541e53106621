"""routes.txt of the native Azure VPN client (Windows): the routes that cmroute.dll sets when the tunnel comes up.

Rows: routes in the common shape (`shapes.route_row`): gateway and interface are "" where the file says "default", which
is the tunnel; metric None likewise. "action" is add or delete. The file lies in
%AppData%\\Microsoft\\Network\\Connections\\Cm\\<id>\\routes.txt. It has no end mark, and one line is a whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import NO_END, filled, is_ipv4, masked, prefix, route_row, whole_number

KIND = "routes-txt"
TITLE = "Azure VPN client (Windows): routes.txt"

LINE = re.compile(
    r"^\s*(add|delete)\s+([\d.]{7,15})(?:/(\d{1,2})|\s+mask\s+([\d.]{7,15}))\b"
    r"(?:\s+(\S+))?(?:\s+metric\s+(\S+))?(?:\s+if\s+(\S+))?\s*(?:#.*)?$",
    re.IGNORECASE,
)
BEGINS = re.compile(r"^\s*(?:add|delete)\s+\d{1,3}\.\d", re.IGNORECASE)
COMMENT = re.compile(r"^\s*(?:#|;|//|rem\b)", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of ADD and DELETE lines with comments among them, and the command that printed the file."""
    at = 0
    while at < len(lines):
        if not LINE.match(lines[at].text):
            at += 1
            continue
        last = at
        for here in range(at, len(lines)):
            text = lines[here].text
            if text.strip() and not (BEGINS.match(text) or COMMENT.match(text)):
                break
            last = here if BEGINS.match(text) else last
        yield Claim(_above(lines, at), last)
        at = last + 1


def _above(lines: Sequence[Line], at: int) -> int:
    """With the comments right above, and the command that printed the file."""
    while at > 0 and COMMENT.match(lines[at - 1].text):
        at -= 1
    printed = at > 0 and COMMAND.match(lines[at - 1].text) and "routes" in lines[at - 1].text.lower()
    return at - 1 if printed else at


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. A line that begins as a route and does not go on as one is left."""
    rows, left = [], []
    for line in filled(lines):
        row = _row(line.text)
        if row:
            rows.append(row)
        elif not (COMMENT.match(line.text) or COMMAND.match(line.text)):
            left.append(line)
    return Reading(KIND, TITLE, tuple(rows), tuple(left), (NO_END,))


def _row(text: str) -> dict[str, Any] | None:
    match = LINE.match(text)
    if match is None:
        return None
    action, address, length, mask, gateway, metric, interface = match.groups()
    target = masked(address, mask) if mask else prefix(f"{address}/{length}")
    if not target or not _usual(gateway, metric):
        return None
    return route_row(
        target, gateway if gateway and is_ipv4(gateway) else "", _named(interface),
        whole_number(metric or ""), action=action.lower(),
    )  # fmt: skip


def _usual(gateway: str | None, metric: str | None) -> bool:
    reached = gateway is None or is_ipv4(gateway) or gateway.lower() == "default"
    return reached and (metric is None or metric.lower() == "default" or whole_number(metric) is not None)


def _named(interface: str | None) -> str:
    return "" if interface is None or interface.lower() == "default" else interface
