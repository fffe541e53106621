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
TITLE = "macOS, BSD: netstat -rn"

TABLE = re.compile(r"^\s*Internet6?:\s*$")
COLUMNS = re.compile(r"^\s*Destination\s+Gateway\s+Flags\b.*\b(?:Netif|Iface)\b")
ABOVE = re.compile(r"^\s*Routing tables\s*$")
FLAGS = re.compile(r"[UGHRDMCcLWSBbIiYlXmrgpnhPdTfs123]{1,16}")
LINK = re.compile(r"link#\d+|(?:[0-9a-f]{1,2}[:.]){5}[0-9a-f]{1,2}|[a-z]+\d+", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the heading of a table or of its columns to its last row; both tables are one block."""
    at = 0
    while at < len(lines):
        if not (TABLE.match(lines[at].text) or COLUMNS.match(lines[at].text) or _two_rows(lines, at)):
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


def _two_rows(lines: Sequence[Line], at: int) -> bool:
    """True for rows whose headings are not in the paste: the flags of two of them begin with U (up)."""
    words = [line.text.split() for line in lines[at : at + 2]]
    return len(words) == 2 and all(len(one) > 3 and one[2].startswith("U") and _any_row(one) for one in words)


def _any_row(words: Sequence[str]) -> dict[str, Any] | None:
    """A row whose interface stands in the last column, or in the one before it."""
    return _row(words, 2, len(words) - 1) or _row(words, 2, len(words) - 2)


def _introduces(text: str) -> bool:
    return not text.strip() or bool(ABOVE.match(text) or COMMAND.match(text))


def _belongs(text: str) -> bool:
    heading = TABLE.match(text) or COLUMNS.match(text)
    return bool(heading) or _any_row(text.split()) is not None


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
            heads = line.text.split()
            at = heads.index("Netif" if "Netif" in heads else "Iface")
        elif not _introduces(line.text):
            row = _row(line.text.split(), 2, at) if at else None if tables else _any_row(line.text.split())
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
