"""A hosts file that was printed: `cat /etc/hosts`, `Get-Content` or `type` of the file on Windows; known by that command.

Rows: {"name", "address", "line": number in the file from 1, comments and blank lines counted} of names of SQL instances; other names are
counted, never kept. Source: manual page hosts(5); the comment at the head of the file on Windows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.hosts import SUFFIXES
from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "hosts-lines"
TITLE = "Hosts file"
COMMANDS = ("cat", "type", "get-content", "gc", "more")
FILE = re.compile(r"etc[/\\]hosts['\"]?$", re.IGNORECASE)
ENTRY = re.compile(r"^\s*(?P<address>[0-9A-Fa-f.:]+(?:%\w+)?)\s+(?P<names>[\w.-]+(?:\s+[\w.-]+)*)\s*(?:#.*)?$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """The command that prints the file, and the lines of its shape after it."""
    for here, line in enumerate(lines):
        words = at.command(line.text, *COMMANDS)
        if words is None or not any(FILE.search(word) for word in words):
            continue
        end = last = here
        while end + 1 < len(lines) and _belongs(lines[end + 1].text):
            end += 1
            last = end if not at.blank(lines[end].text) else last
        yield Claim(here, min(last + 1, end))


def _belongs(text: str) -> bool:
    return at.blank(text) or text.lstrip().startswith("#") or _is_entry(text)


def _is_entry(text: str) -> bool:
    known = ENTRY.match(text[: at.LONGEST_LINE])
    return bool(known) and at.is_address(known["address"] if known else "")


def read(lines: Sequence[Line]) -> Reading:
    """Entries of the names that matter, the rest is counted."""
    found, others = at.Found(), 0
    body = at.without_command(lines, *COMMANDS)
    for number, line in enumerate(body, 1):
        known = ENTRY.match(line.text[: at.LONGEST_LINE])
        if known and at.is_address(known["address"]):
            for name in known["names"].split():
                plain = name.rstrip(".").lower()
                if plain.endswith(SUFFIXES):
                    found.rows.append({"name": plain, "address": known["address"], "line": number})
                else:
                    others += 1
        elif not at.blank(line.text) and not line.text.lstrip().startswith("#"):
            found.left.append(line)
    if others:
        found.say(f"{others} other names were not kept.")
    found.say(at.MAY_GO_ON)  # a blank line stands inside the file as well: only the next prompt shows its end
    return found.reading(KIND, TITLE, lines)
