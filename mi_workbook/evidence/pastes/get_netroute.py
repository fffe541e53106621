"""PowerShell `Get-NetRoute`: as a table, `Format-List`, `ConvertTo-Json` and CSV. Names of properties are never translated.

Rows: routes in the common shape (`shapes.route_row`) with "route_metric" and "interface_metric"; `interface` is the alias
where it is printed, else the index. See `netroute_records.record_row`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.json_blocks import json_claims, json_objects
from mi_workbook.evidence.pastes.netroute_records import INTERFACE_METRICS, record_row
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import HARMLESS, NO_END, ONLY_IPV6, filled, only_ipv6

KIND = "get-netroute"
TITLE = "Windows PowerShell: Get-NetRoute"

KEY = '"DestinationPrefix"'
NAMES = re.compile(r"\s*(?:[A-Za-z]{2,30}\s+)*[A-Za-z]{2,30}\s*")
RULE = re.compile(r"^[\s-]*-{3,}[\s-]*$")
MEMBER = re.compile(r"^\s*([A-Za-z]{2,40})\s*:(?:\s(.*))?$")
FREE = frozenset({"interfacealias"})
NO_SUM = (
    "The table shows no metric of the interface for some routes: which of several equal prefixes wins cannot be told."
)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Blocks of each form."""
    yield from json_claims(lines, KEY)
    at = 0
    while at < len(lines):
        last = _csv_end(lines, at) or _table_end(lines, at) or _list_end(lines, at)
        if last is None:
            at += 1
            continue
        above = at > 0 and re.match(r"\s*get-netroute\b", lines[at - 1].text, re.IGNORECASE)
        yield Claim(at - 1 if above else at, last)
        at = last + 1


def read(lines: Sequence[Line]) -> Reading:
    """Read a block, in the form it shows."""
    texts = [line for line in filled(lines) if not COMMAND.match(line.text)]
    first = texts[0].text if texts else ""
    if first.lstrip()[:1] in ("[", "{"):
        return _read_json(texts)
    if any(_delimiter(line.text) for line in texts[:2]):
        return _read_csv(texts)
    if any(_columns(line.text) for line in texts):
        return _read_table(texts)
    return _read_list([line for line in lines if not COMMAND.match(line.text)])


def _columns(text: str) -> list[str]:
    """The columns of a table's heading, none where the line is none."""
    words = text.split()
    wanted = {"destinationprefix", "nexthop"} <= {word.lower() for word in words}
    return words if wanted and len(words) < 20 and NAMES.fullmatch(text) else []


def _table_end(lines: Sequence[Line], at: int) -> int | None:
    columns = _columns(lines[at].text)
    if not columns:
        return None
    last = at
    for here in range(at + 1, len(lines)):
        text = lines[here].text
        if text.strip() and not (RULE.match(text) or _row(columns, text.split()) or _damaged(text)):
            break
        last = here if text.strip() else last
    return last


def _damaged(text: str) -> bool:
    """A row that PowerShell shortened with three dots, or that the paste cut."""
    words = text.split()
    return 1 < len(words) < 20 and bool(re.match(r"\s*\d{1,5}\s+[0-9a-fA-F:.]+(?:/\d+|\.\.\.)", text))


def _read_table(lines: Sequence[Line]) -> Reading:
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    columns: list[str] = []
    for line in lines:
        heading = _columns(line.text)
        row = None if heading else _row(columns, line.text.split())
        columns = heading or columns
        if row:
            rows.append(row)
        elif not (heading or RULE.match(line.text)):
            left.append(line)
    return _reading("table", rows, left, [NO_END])


def _row(columns: Sequence[str], words: Sequence[str]) -> dict[str, Any] | None:
    """A row whose words fit the columns; the alias may have blanks, and the metric of an interface may be empty."""
    names = [name.lower() for name in columns]
    if not names or not len(names) - 1 <= len(words) <= len(names) + 8:
        return None
    empty = [name for name in names if name in INTERFACE_METRICS]
    for left_out in ([], empty):
        kept = [name for name in names if name not in left_out]
        fitted = _fit(kept, words)
        row = record_row(fitted) if fitted else None
        if row:
            return row
    return None


def _fit(names: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    more = len(words) - len(names)
    free = [at for at, name in enumerate(names) if name in FREE]
    if more < 0 or (more > 0 and len(free) != 1):
        return {}
    at = free[0] if free else len(names)
    middle = [" ".join(words[at : at + more + 1])] if free else []
    values = [*words[:at], *middle, *words[at + more + 1 :]] if free else list(words)
    return dict(zip(names, values, strict=True))


def _list_end(lines: Sequence[Line], at: int) -> int | None:
    """The last of the records that start here; each is a run of "Name : value" that names its prefix."""
    last = None
    here = at
    if not MEMBER.match(lines[at].text) or (at > 0 and MEMBER.match(lines[at - 1].text)):
        return None
    while here < len(lines):
        end = here
        while end < len(lines) and MEMBER.match(lines[end].text):
            end += 1
        members = {match[1].lower() for line in lines[here:end] if (match := MEMBER.match(line.text))}
        if not {"destinationprefix", "nexthop"} & members:
            break
        last = end - 1
        while end < len(lines) and not lines[end].text.strip():
            end += 1
        here = end
    return last


def _read_list(lines: Sequence[Line]) -> Reading:
    records: list[dict[str, str]] = []
    left: list[Line] = []
    fresh = True
    for line in lines:
        match = MEMBER.match(line.text)
        if match:
            if fresh or not records or match[1].lower() in records[-1]:
                records.append({})
            records[-1][match[1].lower()] = match[2] or ""
        elif line.text.strip():
            left.append(line)
        fresh = not line.text.strip()
    rows = [record_row(record) for record in records]
    short = [at for at, record in enumerate(records) if len(record) < len(records[0])]
    lost = sum(1 for row in rows if row is None)
    notes = [NO_END]
    notes += ["A record has fewer members than the first: its end, or its beginning, is cut off."] if short else []
    notes += [f"{lost} records are no route that is understood."] if lost else []
    return _reading("list", [row for row in rows if row], left, notes, whole=not short and not lost and bool(records))


def _delimiter(text: str) -> str:
    """The delimiter of a CSV heading, "" where the line is none."""
    for sign in (",", ";"):
        names = {word.strip().strip('"').lower() for word in text.split(sign)} if len(text) < 4000 else set()
        if {"destinationprefix", "nexthop"} <= names and all(name.isalpha() for name in names):
            return sign
    return ""


def _csv_end(lines: Sequence[Line], at: int) -> int | None:
    head = at + 1 if lines[at].text.startswith("#TYPE ") and at + 1 < len(lines) else at
    sign = _delimiter(lines[head].text)
    if not sign:
        return None
    last = head
    while last + 1 < len(lines) and (lines[last + 1].text.startswith('"') or lines[last + 1].text.count(sign) > 1):
        last += 1
    return last


def _read_csv(lines: Sequence[Line]) -> Reading:
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    names: list[str] = []
    sign = next(_delimiter(line.text) for line in lines if _delimiter(line.text))
    for line in lines:
        values = _values(line.text, sign)
        if not names:
            names = values if _delimiter(line.text) else []
            continue
        row = record_row(dict(zip(names, values, strict=True))) if len(values) == len(names) else None
        rows += [row] if row else []
        left += [] if row else [line]
    return _reading("CSV", rows, left, [NO_END])


def _values(text: str, sign: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=sign, strict=True), [])
    except csv.Error:
        return []


def _read_json(lines: Sequence[Line]) -> Reading:
    objects, whole, left = json_objects(lines)
    flat = [record for one in objects for record in _records(one)]
    rows = [record_row({name: value for name, value in one.items() if _plain(value)}) for one in flat]
    lost = sum(1 for row in rows if row is None)
    notes = [] if whole else ["The JSON is cut off: routes after the last whole one are missing."]
    notes += [f"{lost} objects are no route that is understood."] if lost else []
    return _reading("JSON", [row for row in rows if row], left, notes, whole=whole and not lost)


def _records(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """PowerShell 5 wraps a list in {"value": [...], "Count": n}."""
    inner = one.get("value")
    if isinstance(inner, list):
        yield from (record for record in inner if isinstance(record, dict))
    else:
        yield one


def _plain(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and len(value) <= HARMLESS * 4)


def _reading(
    form: str, rows: list[dict[str, Any]], left: Sequence[Line], notes: list[str], *, whole: bool = True
) -> Reading:
    notes = notes + ([ONLY_IPV6] if only_ipv6(rows) else [])
    notes += [NO_SUM] if any(row["metric"] is None for row in rows) else []
    return Reading(KIND, f"{TITLE} ({form})", tuple(rows), tuple(left), tuple(notes), whole)
