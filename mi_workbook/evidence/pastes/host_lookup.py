"""`host NAME` of BIND's tools (Linux, macOS).

Rows: answer_text.dns_row. The answer names no server, unless the command or the lines before it do.
Source: manual page host(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "host"
TITLE = "host"
ALIAS = re.compile(r"^\s*(?P<name>\S+) is an alias for (?P<value>\S+?)\.?\s*$")
ADDRESS = re.compile(r"^\s*(?P<name>\S+) has (?:IPv6 )?address (?P<value>[0-9A-Fa-f.:]+)\s*$")
FAILED = re.compile(r"^\s*Host (?P<name>\S+?) not found: (?P<why>.+)$")
EMPTY = re.compile(r"^\s*(?P<name>\S+) has no (?:A|AAAA) record")
SERVER = re.compile(
    r"^\s*(?:Using domain server:|Name: (?P<name>\S+)|Address: (?P<value>[0-9A-Fa-f.:]+)#\d+|Aliases:)\s*$"
)
LOST = re.compile(r"^\s*;; (?:connection timed out|no servers could be reached|communications error)")


def _answers(text: str) -> bool:
    return any(form.match(text) for form in (ALIAS, ADDRESS, FAILED, EMPTY))


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of its sentences; the command, and the server that was asked, before them."""
    for claim in at.blocks(
        lines, lambda text: _answers(text) or text.strip() == "Using domain server:", _belongs, KIND
    ):
        if any(_answers(one.text) for one in lines[claim.first : claim.last + 1]):
            yield claim
    for here, line in enumerate(lines):  # nothing but the failure: only the command tells whose it is
        if here and LOST.match(line.text) and at.command(lines[here - 1].text, KIND):
            yield Claim(here - 1, here)


def _belongs(text: str) -> bool:
    return bool(SERVER.match(text))


def read(lines: Sequence[Line]) -> Reading:
    """One name's answer."""
    found, words, server = at.Found(), _asked(lines), ""
    found.about = words[0].rstrip(".") if words else ""
    for line in lines[1:] if words else lines:
        named, row = SERVER.match(line.text), _row(line.text, server)
        if row:
            found.rows.append(row)
        elif LOST.match(line.text):
            found.rows.append(at.dns_row(found.about, "failure", "timeout", words[1] if len(words) > 1 else ""))
        elif named:
            server = named["value"] or server
        elif not at.blank(line.text):
            found.left.append(line)
    found.about = found.about or next((row["name"] for row in found.rows), "")
    if found.rows and all(row["type"] == "CNAME" for row in found.rows):
        found.cut("The chain of names ends without an address.")
    elif at.ends_open(lines) and not any(row["type"] == "failure" for row in found.rows):
        found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _asked(lines: Sequence[Line]) -> list[str]:
    """What the command asks; a sentence that begins with "Host" is none."""
    return [] if lines and _answers(lines[0].text) else at.plain(at.typed(lines, KIND))


def _row(text: str, server: str) -> dict[str, Any] | None:
    if known := ALIAS.match(text):
        return at.dns_row(known["name"], "CNAME", known["value"], server)
    if known := ADDRESS.match(text):
        return at.dns_row(known["name"], at.record_type(known["value"]), known["value"], server)
    if known := FAILED.match(text):
        return at.dns_row(known["name"], "failure", at.dns_failure(known["why"]), server)
    known = EMPTY.match(text)
    return at.dns_row(known["name"], "failure", "no-address", server) if known else None
