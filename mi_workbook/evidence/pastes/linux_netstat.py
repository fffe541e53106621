"""Linux `route -n` and `netstat -rn`, IPv4 and IPv6, headings in any language.

Rows: routes in the common shape (`shapes.route_row`), with "kind" (unicast, or reject for a route with the flag !) and
"flags" as printed. metric is None where the table has the columns MSS and Window, as `netstat -rn` writes it, and where
the heading is missing. Source: route(8), netstat(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import (
    MASKS,
    NO_END,
    ONLY_IPV6,
    bare_address,
    filled,
    is_ipv4,
    masked,
    only_ipv6,
    prefix,
    route_row,
    whole_number,
)

KIND = "linux-netstat"
TITLE = "Linux: route -n or netstat -rn"

FOUR = re.compile(
    r"^\s*(\S+)\s+(\S+)\s+(\d+(?:\.\d+){3})\s+([UGHRDMACISBb!+]{1,10})\s+(\d+|-)\s+(\d+|-)\s+(\d+|-)\s+(\S+)\s*$"
)
SIX = re.compile(
    r"^\s*(\S*:\S*?/\d{1,3})\s+(\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?)\s+([UGHRDMACISBb!+ncex]{1,10})\s+(-?\d+)\s+\d+\s+\d+\s+(\S+)\s*$"
)
HEADING = re.compile(r"\b(?:Genmask|Iface|irtt|MSS)\b|\bIf$")
TABLE = re.compile(r"IP(?:v6)?(?=\W|$)", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of routes with the heading of columns, the heading of the table and the command above them."""
    at = 0
    while at < len(lines):
        if not _is_row(lines[at].text):
            at += 1
            continue
        first, last = _above(lines, at), at
        for here in range(at, len(lines)):
            text = lines[here].text.strip()
            if text and not _belongs(text):
                break
            last = here if text and _is_row(text) else last
        yield Claim(first, last)
        at = last + 1


def _belongs(text: str) -> bool:
    return not COMMAND.match(text) and (_is_row(text) or _is_heading(text))


def _is_row(text: str) -> bool:
    """True for a row, also one with a name in the place of an address, which is not read."""
    named = FOUR.match(text)
    return _row(text, None) is not None or (named is not None and named[3] in MASKS)


def _is_heading(text: str) -> bool:
    return bool(HEADING.search(text)) or (
        bool(TABLE.search(text)) and len(text.split()) <= 6 and not is_ipv4(text.split()[0])
    )


def _above(lines: Sequence[Line], at: int) -> int:
    first = at
    while first > 0 and at - first < 4 and lines[first - 1].text.strip():
        text = lines[first - 1].text
        if not (_is_heading(text) or COMMAND.match(text)):
            break
        first -= 1
    return first


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. Host names instead of numbers (`route` without -n) are left: they are no prefixes."""
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    with_metric: bool | None = None
    for line in filled(lines):
        row = _row(line.text, with_metric)
        if row is not None:
            rows.append(row)
        elif HEADING.search(line.text):
            with_metric = not re.search(r"\b(MSS|irtt)\b", line.text)
        elif not (COMMAND.match(line.text) or _is_heading(line.text)):
            left.append(line)
    notes = [NO_END]
    if with_metric is None:
        notes.append("The heading is missing: rows above the first one may be missing, and no metric was read.")
    if any(_is_row(line.text) for line in left):
        notes.append(
            "Names stand where addresses belong, and those rows are not read: run `route -n` or `netstat -rn`."
        )
    if only_ipv6(rows):
        notes.append(ONLY_IPV6)
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), with_metric is not None)


def _row(text: str, with_metric: bool | None) -> dict[str, Any] | None:
    match = FOUR.match(text)
    if match is None:
        return _sixth(text)
    target = "0.0.0.0" if match[1] == "default" else match[1]
    shown = masked(target, match[3])
    if not shown or not (match[2] in ("*", "-") or is_ipv4(match[2])):
        return None
    gateway = "" if match[2] in ("*", "-", "0.0.0.0") else match[2]
    return _route(shown, gateway, match[8], match[4], whole_number(match[5]) if with_metric else None)


def _sixth(text: str) -> dict[str, Any] | None:
    match = SIX.match(text)
    shown = prefix(match[1].replace("[", "").replace("]", "")) if match else ""
    if match is None or not shown:
        return None
    gateway = bare_address(match[2].strip("[]"))
    return _route(shown, "" if gateway == "::" else gateway, match[5], match[3], whole_number(match[4]))


def _route(shown: str, gateway: str, interface: str, flags: str, metric: int | None) -> dict[str, Any]:
    kind = "reject" if "!" in flags else "unicast"
    return route_row(shown, gateway, "" if interface == "-" else interface, metric, kind=kind, flags=flags)
