"""Names as the system itself resolves them: `getent hosts|ahosts|ahostsv4` (Linux), `dscacheutil -q host -a name` (macOS).

Rows: {"name", "type": "A"|"AAAA"|"CNAME", "value", "server": ""}, see answer_text.dns_row. These ask as applications do, hosts
file and VPN's name servers included, which nslookup and dig do not. Recognised by the command before them, because
getent prints what a hosts file holds, too. Nothing printed means that the name was not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

NOTHING = "Nothing was printed: as this system resolves names, the name was not found, or the output is missing."
NOT_FOUND = "Nothing was printed before the next prompt: as this system resolves names, the name was not found."
KIND = "system-names"
TITLE = "getent, dscacheutil"
COMMANDS = ("getent", "dscacheutil")
GETENT = re.compile(
    rf"^\s*(?P<address>[0-9A-Fa-f.:]+)\s+(?:STREAM|DGRAM|RAW|(?P<names>{at.NAME}(?:\s+{at.NAME})*))?(?:\s+(?P<name>{at.NAME}))?\s*$"
)
DSCACHE = re.compile(r"^\s*(?P<key>name|alias|ip_address|ipv6_address): (?P<value>.+)$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """The command and the lines of its shape after it."""
    for here, line in enumerate(lines):
        words = at.command(line.text, *COMMANDS)
        if not words or not {"hosts", "ahosts", "ahostsv4", "ahostsv6", "host"} & set(words):
            continue
        end = here + 1
        while end < len(lines) and _belongs(lines[end].text):
            end += 1
        yield Claim(here, end if end < len(lines) and at.blank(lines[end].text) else end - 1)


def _belongs(text: str) -> bool:
    known = GETENT.match(text)
    return bool(DSCACHE.match(text) or (known and at.is_address(known["address"])))


def read(lines: Sequence[Line]) -> Reading:
    """One name's addresses."""
    found, words = at.Found(), at.plain(at.typed(lines, *COMMANDS))
    found.about = words[-1].rstrip(".") if len(words) > 1 else ""
    name = ""
    for line in at.without_command(lines, *COMMANDS):
        known, getent = DSCACHE.match(line.text), GETENT.match(line.text)
        if known:
            name = known["value"] if known["key"] == "name" else name
            for address in known["value"].split() if known["key"].endswith("address") else ():
                _add(found, name, address)
        elif getent and at.is_address(getent["address"]):
            name = next(iter((getent["names"] or getent["name"] or name).split()), "")
            _add(found, name, getent["address"])
        elif not at.blank(line.text):
            found.left.append(line)
    _conclude(found, name, lines)
    return found.reading(KIND, TITLE, lines)


def _conclude(found: at.Found, name: str, lines: Sequence[Line]) -> None:
    if not found.rows:
        found.cut(NOTHING)
        return
    if found.about and name and name != found.about:
        found.rows.insert(0, at.dns_row(found.about, "CNAME", name))
    if at.ends_open(lines):
        found.say(at.MAY_GO_ON)


def _add(found: at.Found, name: str, address: str) -> None:
    row = at.dns_row(name or found.about, at.record_type(address), address)
    if row not in found.rows:
        found.rows.append(row)
