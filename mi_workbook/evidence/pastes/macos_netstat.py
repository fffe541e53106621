"""macOS (and BSD) `netstat -rn`: short prefixes such as 10.4/16, default, flags, expiry.

Rows: routes in the common shape (`shapes.route_row`), with "flags" as printed, "kind" (unicast, reject, blackhole) and
"scoped": True where only sockets that ask for the interface use the route (flag I). metric is None: macOS has none.
A gateway that is a link number or a hardware address means "on the link". Source: netstat(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.machine_macos import destination
from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import NO_END, ONLY_IPV6, bare_address, filled, only_ipv6, route_row

KIND = "macos-netstat"
NO_SIX = "No IPv6 table is here: it was not asked for, or the end is cut off."
TITLE = "macOS: netstat -rn"

TABLE = re.compile(r"^\s*Internet6?:\s*$")
COLUMNS = re.compile(r"^\s*Destination\s+Gateway\s+Flags\b.*\bNetif\b")
ABOVE = re.compile(r"^\s*Routing tables\s*$")
FLAGS = re.compile(r"[UGHRDMCcLWSBbIiYlXmrgp123]{1,16}")
LINK = re.compile(r"link#\d+|(?:[0-9a-f]{1,2}[:.]){5}[0-9a-f]{1,2}|[a-z]+\d+", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the heading of a table or of its columns to its last row; both tables are one block."""
    at = 0
    while at < len(lines):
        if not (TABLE.match(lines[at].text) or COLUMNS.match(lines[at].text)):
            at += 1
            continue
        first, last = at, at
        while first > 0 and at - first < 4 and _introduces(lines[first - 1].text):
            first -= 1
        for here in range(at, len(lines)):
            text = lines[here].text
            if text.strip() and not _belongs(text):
                break
            last = here if text.strip() else last
        yield Claim(first, last)
        at = last + 1


def _introduces(text: str) -> bool:
    return not text.strip() or bool(ABOVE.match(text) or COMMAND.match(text))


def _belongs(text: str) -> bool:
    heading = TABLE.match(text) or COLUMNS.match(text)
    return bool(heading) or _row(text.split(), 2, -1) is not None or _row(text.split(), 2, -2) is not None


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. The columns differ between releases; the heading tells where the interface stands."""
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    tables: list[str] = []
    at = 0
    for line in filled(lines):
        if TABLE.match(line.text):
            tables.append(line.text.strip())
        elif COLUMNS.match(line.text):
            at = line.text.split().index("Netif")
        elif not _introduces(line.text):
            row = _row(line.text.split(), 2, at) if at else None
            rows += [row] if row else []
            left += [] if row else [line]
    notes = [NO_END]
    if only_ipv6(rows):
        notes.append(ONLY_IPV6)
    elif "Internet6:" not in tables:
        notes.append(NO_SIX)
    begun = bool(tables) and at > 0
    notes += [] if begun else ["The heading of the table or of its columns is missing."]
    return Reading(KIND, TITLE, tuple(rows), tuple(left), tuple(notes), begun)


def _row(words: Sequence[str], flags_at: int, netif_at: int) -> dict[str, Any] | None:
    if len(words) < 4 or netif_at >= len(words) or not FLAGS.fullmatch(words[flags_at]):
        return None
    gateway = bare_address(words[1])
    six = ":" in words[0] or (words[0] == "default" and ":" in words[1])
    shown = destination(words[0], six=six) if re.fullmatch(r"default|[0-9a-fA-F:./%\w]{1,64}", words[0]) else ""
    interface, flags = words[netif_at], words[flags_at]
    if not shown or not (gateway or LINK.fullmatch(words[1])) or not re.fullmatch(r"[a-zA-Z]+[\w.]*!?", interface):
        return None
    kind = "reject" if "R" in flags else "blackhole" if "B" in flags else "unicast"
    here = gateway if "G" in flags else ""
    return route_row(shown, here, interface, None, kind=kind, flags=flags, scoped="I" in flags)
