"""Windows `route print`, `route print -4`, `route print -6`: read by shape, so that no display language matters.

Rows: routes in the common shape (`shapes.route_row`): `interface` is the address of the interface for IPv4 and its index
for IPv6. Entries of the interface list: {"what": "interface", "index": 57, "mac": "00 15 5d fd 0d 45" or "", "name"};
an adapter of a VPN has no mac. Headings are ignored: an active row is address, mask, gateway or words for "on the link",
interface, number; a persistent row has no interface. Windows XP writes the interface's own address for "on the link".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import (
    FILTERED,
    MASKS,
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

KIND = "route-print"
TITLE = "Windows: route print"

SEPARATOR = re.compile(r"={10,}")
ADAPTER = re.compile(
    r"^\s*(0x[0-9a-fA-F]{1,8}|\d{1,8})\s*\.{3,}\s*((?:[0-9a-fA-F]{2} ){5,7}[0-9a-fA-F]{2}(?![^ .]))?[ .]*(.*)$"
)
DEFAULT = re.compile(r"^[^:\d]{3,60}:\s*\d{1,3}(?:\.\d{1,3}){3}\s*$")
SIXTH = re.compile(r"^\s*(\d{1,8})\s+(\d{1,10})\s+([0-9a-fA-F:.]{2,45}(?:/\d{1,3})?)(?:\s+(\S.*))?$")
ASKED = re.compile(r"\s*(?:route(?:\.exe)?\s+/?print|netstat(?:\.exe)?\s+-\w*r)", re.IGNORECASE)
ALL = re.compile(r"(?:route(?:\.exe)?\s+/?print|netstat(?:\.exe)?\s+-\w*r\w*)(?:\s+-[46])?", re.IGNORECASE)
WORDS = re.compile(r"[^\d.:/=]{1,40}")
CONSOLE = 79
MOST_JOINED = 4
MOST_WORDS = 6
GAP = 3

# One letter for each piece: S separator, I adapter, A active and P persistent IPv4 route, 6 IPv6 route, G default gateway
# (XP), C heading that ends in a colon, W one word, T several words.
ADAPTERS = r"S[CWT]I+S"
FOUR = r"[CWT]SC[WT]A+G?SC(?:W|[WT]?P+S)"
SIX = r"[CWT]SC[WT]?(?:6+S|W)C(?:W|[WT]?6+S)"
OLD = r"S[CWT]I+SSC[WT]A+G?SC(?:W|[WT]?P+S)"
WHOLE = re.compile(f"{OLD}|{ADAPTERS}(?:{FOUR}(?:{SIX})?|{SIX})")
IN_KEPT = re.compile(r"S[CWT]{1,2}P*$")
ENDED_FOUR = re.compile(r"A+G?SC(?:W|[WT]?P+S)")


# Pictures, arrows and stars; letters of any language, and the signs inside addresses, are none.
MARKS = re.compile(r"[^\w.:%/(){}\[\]'\"-]+|\ufe0f")
IS_MARKED = re.compile(r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff*]")


@dataclass
class _Table:
    """What was read so far. shape: one letter for each piece, as WHOLE expects them."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shape: str = ""
    allowed: int = GAP
    wide: bool = False
    asked: str = ""

    def take(self, letter: str, row: dict[str, Any] | None = None) -> None:
        self.shape += letter
        if row:
            self.rows.append(row)
        self.allowed = GAP if letter == "S" else 2 if letter == "C" else self.allowed if letter in "WT" else 0


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of rows, adapters and separators with their headings. Separators alone are nobody's."""
    marks = [_mark(line.text) for line in lines]
    at = 0
    while at < len(lines):
        if marks[at] not in ("row", "bar"):
            at += 1
            continue
        last, rows = _run(lines, marks, at)
        first = _heading(lines, marks, at)
        if rows and read(lines[first : last + 1]).rows:
            yield Claim(first, last)
        at = last + 1


def _mark(text: str) -> str:
    if not text.strip():
        return ""
    if COMMAND.match(text):
        return "command"
    if SEPARATOR.search(text):
        return "bar"
    return "row" if ADAPTER.match(text) or _starts_route(text) or _six(text) else "text"


def _starts_route(text: str) -> bool:
    words = text.split(None, 2)
    return len(words) > 1 and is_ipv4(words[0]) and words[1] in MASKS


def _six(text: str) -> bool:
    match = SIXTH.match(text)
    return match is not None and ":" in match[3] and bool(prefix(match[3]))


def _run(lines: Sequence[Line], marks: Sequence[str], first: int) -> tuple[int, bool]:
    """The last line of the run that starts here, and whether a row is in it. After rows, headings may follow."""
    last, rows, texts = first, False, 0
    for at in range(first, len(lines)):
        mark = marks[at]
        if mark == "command" or texts > GAP + 1:
            break
        if mark in ("row", "bar"):
            last, texts, rows = at, 0, rows or mark == "row"
        elif mark == "text":
            texts += 1
    return _tail(lines, marks, last), rows


def _tail(lines: Sequence[Line], marks: Sequence[str], last: int) -> int:
    """With the headings after the last separator: "Persistent Routes:" and one line below each heading."""
    end, allowed = last, 0
    if marks[last] == "bar" or _starts_route(lines[last].text):
        for at in range(last + 1, min(last + 8, len(lines))):
            text = lines[at].text.strip()
            if marks[at] == "command" or (text and allowed == 0 and not (_titled(text) or _names_table(text))):
                break
            if text:
                end, allowed = at, 1 if _titled(text) else 0
    return end


def _titled(text: str) -> bool:
    return text.endswith(":") and len(text.split()) <= MOST_WORDS


def _names_table(text: str) -> bool:
    return bool(re.search(r"IPv[46]", text)) and len(text.split()) <= MOST_WORDS


def _heading(lines: Sequence[Line], marks: Sequence[str], first: int) -> int:
    """With the command, and the headings right above where the paste starts below the first separator."""
    above = [at for at in range(first - 1, max(first - 7, -1), -1) if marks[at]]
    wanted = (_columns, _titled) if marks[first] == "row" else (_names_table,)
    start = first
    for fits in wanted:
        if above and marks[above[0]] == "text" and fits(lines[above[0]].text.strip()):
            start = above.pop(0)
    asked = bool(above) and ASKED.match(lines[above[0]].text) is not None
    return above[0] if asked else start


def _columns(text: str) -> bool:
    return 4 <= len(text.split()) <= 10 and not re.search(r"[.!?:]$|\d", text)


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. Lines that fit nowhere are left; a table whose end or beginning is missing is not whole."""
    table = _Table()
    pieces = list(_pieces(filled(lines), table))
    at = 0
    while at < len(pieces):
        at += _take(table, pieces, at)
    _judge(table)
    return Reading(KIND, TITLE, tuple(table.rows), tuple(table.left), tuple(table.notes), _whole(table), "")


def _pieces(lines: Sequence[Line], table: _Table) -> Iterator[Line]:
    """Lines; one with a separator glued to words becomes several."""
    for line in lines:
        match = SEPARATOR.search(line.text)
        if COMMAND.match(line.text):
            table.asked = line.text
        elif match is None:
            yield line
        else:
            before, after = line.text[: match.start()].strip(), line.text[match.end() :].strip("= ")
            yield from _glued(line, before, table)
            yield Line(line.number, "=" * 10)
            yield from _glued(line, after, table)


def _glued(line: Line, words: str, table: _Table) -> Iterator[Line]:
    if words and (_mark(words) == "row" or _titled(words)):
        yield Line(line.number, words)
    elif words:
        table.notes.append(f"Line {line.number}: {words[:60]!r} stands beside a separator and was taken for a heading.")


def _take(table: _Table, pieces: Sequence[Line], at: int) -> int:
    """Read the piece at this place; returns how many lines it took."""
    line = pieces[at]
    if line.text.startswith("=" * 10):
        table.take("S")
        return 1
    adapter = ADAPTER.match(line.text)
    if adapter:
        index = int(adapter[1], 16) if adapter[1].startswith("0x") else int(adapter[1])
        table.take("I", {"what": "interface", "index": index, "mac": adapter[2] or "", "name": adapter[3].strip()})
        table.wide = len(line.text) >= CONSOLE
        return 1
    return _route(table, pieces, at) or _sixth(table, pieces, at) or _words(table, line)


def _route(table: _Table, pieces: Sequence[Line], at: int) -> int:
    """An IPv4 row, also one that was wrapped: up to four lines are put together until they are a row."""
    words = _unmarked(pieces[at].text)
    if not words or not is_ipv4(words[0]) or (len(words) > 1 and words[1] not in MASKS):
        return 0
    for count in range(1, MOST_JOINED + 1):
        if count > 1:
            more = pieces[at + count - 1].text if at + count <= len(pieces) else "="
            if "=" in more or _starts_route(more) or _titled(more.strip()):
                break
            words = words + _unmarked(more)
        row = _active(words) or _persistent(words, table)
        if row:
            table.take("P" if row["persistent"] else "A", row)
            return count
    table.left.append(pieces[at])
    return 1


def _unmarked(text: str) -> list[str]:
    """The words of a row, without the signs that somebody put beside an address to point at it."""
    return [bare for word in text.split() if (bare := MARKS.sub("", word) if IS_MARKED.search(word) else word)]


def _active(words: Sequence[str]) -> dict[str, Any] | None:
    """address, mask, gateway or words, interface (XP: also its index), metric."""
    if not 5 <= len(words) <= 8 or words[1] not in MASKS:
        return None
    *gateway, interface, last = words[2:]
    metric, target = whole_number(last), masked(words[0], words[1])
    if not target or metric is None or not (is_ipv4(interface) or (len(words) == 5 and _index(interface))):
        return None
    if len(gateway) == 1 and is_ipv4(gateway[0]):
        return route_row(target, "" if gateway[0] in (interface, "0.0.0.0") else gateway[0], interface, metric)
    on_link = not any(re.search(r"\d", word) for word in gateway) and is_ipv4(interface)
    return route_row(target, "", interface, metric) if on_link else None


def _index(word: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{1,6}", word) is not None


def _persistent(words: Sequence[str], table: _Table) -> dict[str, Any] | None:
    """address, mask, gateway, metric or the words for "default". Between active rows it is a row that lost a column."""
    if not 4 <= len(words) <= 6 or table.shape.endswith("A") or not is_ipv4(words[2]):
        return None
    target, metric = masked(words[0], words[1]), whole_number(words[3]) if len(words) == 4 else None
    if not target or (metric is None and not (IN_KEPT.search(table.shape) and WORDS.fullmatch(" ".join(words[3:])))):
        return None
    return route_row(target, words[2], "", metric, persistent=True)


def _sixth(table: _Table, pieces: Sequence[Line], at: int) -> int:
    """An IPv6 row; a long destination pushes the gateway to the next line."""
    match = SIXTH.match(pieces[at].text)
    target = prefix(match[3]) if match and ":" in match[3] else ""
    if not match or not target:
        return 0
    gateway, count = match[4], 1
    following = pieces[at + 1].text.strip() if at + 1 < len(pieces) else ""
    if gateway is None and following and len(following.split()) <= 3 and _mark(following) == "text":
        gateway, count = following, 2
    if gateway is None or _titled(gateway) or (":" in gateway and not bare_address(gateway)):
        table.left.append(pieces[at])
        return 1
    kept = match[1] == "0" or bool(re.search(r"6S[CWT]*6*$", table.shape))
    row = route_row(target, bare_address(gateway), "" if kept else match[1], int(match[2]), persistent=kept)
    table.take("6", row)
    return count


def _words(table: _Table, line: Line) -> int:
    """A heading where one may stand, the rest of an adapter's long name, or a line that is not understood."""
    text = line.text.strip()
    if table.shape.endswith("I"):
        joined = "" if table.wide else " "
        table.rows[-1]["name"] += joined + text
        table.wide = len(line.text) >= CONSOLE
    elif DEFAULT.match(text) and table.shape.endswith("A"):
        table.take("G")
    elif table.allowed > 0 and not re.search(r"\d{1,3}\.\d{1,3}\.", text):
        table.allowed -= 1
        table.take("C" if text.endswith(":") else "T" if len(text.split()) > 1 else "W")
    else:
        table.left.append(line)
    return 1


def _whole(table: _Table) -> bool:
    six_missing = not ("6" in table.shape or "-4" in table.asked or "0x" in table.asked)
    unfinished = bool(table.asked) and six_missing and not re.fullmatch(OLD, table.shape)
    return WHOLE.fullmatch(table.shape) is not None and not unfinished and not table.left


def _judge(table: _Table) -> None:
    """What a reader must know: what is missing at either end, and which table is not here."""
    shape = table.shape
    if not shape.startswith("S"):
        table.notes.append(
            "The beginning is missing: `route print` starts with a separator and the list of interfaces."
        )
    if "A" in shape and not ENDED_FOUR.search(shape):
        table.notes.append("The IPv4 table is cut before the end of its persistent routes: rows may be missing.")
    elif not WHOLE.fullmatch(shape):
        table.notes.append("The output is not complete: a part before, between or after these rows is missing.")
    if only_ipv6(table.rows):
        table.notes.append(ONLY_IPV6)
    elif "A" not in shape and "6" not in shape and "P" not in shape:
        table.notes.append("Only the list of interfaces is here, no routes.")
    elif "6" not in shape and not re.fullmatch(OLD, shape) and "-4" not in table.asked:
        table.notes.append("No IPv6 table is here: asked with -4, or cut off after the IPv4 table.")
    if table.asked and not ALL.fullmatch(table.asked.strip()):
        table.notes.append(FILTERED)
    if any(row.get("persistent") for row in table.rows):
        table.notes.append("Persistent routes are kept for the next start; only the active ones are in use.")
