"""Windows `netsh interface ipv4 show route` (and ipv6), in any display language.

Rows: routes in the common shape (`shapes.route_row`) with "route_metric" (the column Met: without the metric of the
interface, so `metric` is None) and "interface_name" where the last column names it; `interface` is the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import NO_END, ONLY_IPV6, bare_address, filled, only_ipv6, prefix, route_row

KIND = "netsh-route"
TITLE = "Windows: netsh interface ipv4 show route"

ROW = re.compile(r"^\s*\D[^/]{0,60}?\s(\d{1,10})\s+([0-9a-fA-F:.]{2,45}/\d{1,3})\s+(\d{1,8})\s+(\S.{0,250})$")
RULE = re.compile(r"^\s*(?:-{2,}\s+){5}-{2,}\s*$")
NO_SUM = "Met is the metric of the route alone: which of several equal prefixes wins depends on the interfaces as well."


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of rows, with the rule, the heading and the command above."""
    at = 0
    while at < len(lines):
        if not (_row(lines[at].text) or RULE.match(lines[at].text)):
            at += 1
            continue
        last = at
        while last + 1 < len(lines) and _row(lines[last + 1].text):
            last += 1
        if _row(lines[last].text):
            yield Claim(_above(lines, at), last)
        at = last + 1


def _above(lines: Sequence[Line], at: int) -> int:
    """The heading stands right above the rule; the command, if it is there, within two lines above that."""
    if not RULE.match(lines[at].text):
        return at
    first = at - 1 if at and len(lines[at - 1].text.split()) >= 6 else at
    for here in range(first - 1, max(first - 4, -1), -1):
        if re.match(r"\s*netsh\s", lines[here].text, re.IGNORECASE):
            return here
        if lines[here].text.strip():
            break
    return first


def read(lines: Sequence[Line]) -> Reading:
    """Read a block."""
    texts = [line for line in filled(lines) if not COMMAND.match(line.text)]
    rules = [at for at, line in enumerate(texts) if RULE.match(line.text)]
    rows, left = [], []
    for at, line in enumerate(texts):
        row = _row(line.text)
        if row:
            rows.append(row)
        elif not (RULE.match(line.text) or at + 1 in rules):
            left.append(line)
    notes = [NO_END, NO_SUM] + ([ONLY_IPV6] if only_ipv6(rows) else [])
    notes += [] if rules else ["The heading is missing: rows above the first one may be missing."]
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), bool(rules))


def _row(text: str) -> dict[str, Any] | None:
    match = ROW.match(text)
    target = prefix(match[2]) if match else ""
    if match is None or not target:
        return None
    gateway = bare_address(match[4].strip())
    name = "" if gateway else match[4].strip()
    return route_row(target, gateway, match[3], None, route_metric=int(match[1]), interface_name=name)
