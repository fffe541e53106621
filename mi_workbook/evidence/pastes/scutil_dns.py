"""macOS `scutil --dns`: the name servers, and the names that are asked at others (split DNS of a VPN).

Rows: `resolver_rows.resolver_row`, one for each resolver with servers of the first part. The part for scoped queries is for
sockets that ask for an interface: it repeats the others and is left out. Source: scutil(8); resolver(5), "domain", "search_order".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.resolver_rows import resolver_row, server

KIND = "scutil-dns"
TITLE = "macOS: scutil --dns"
COMMANDS = ("scutil",)
PART = re.compile(r"^\s*DNS configuration(?P<scoped> \(for scoped queries\))?\s*$")
HEAD = re.compile(r"^\s*resolver #\d{1,4}\s*$")
FACT = re.compile(
    r"^\s*(?P<key>nameserver|search domain|domain|options|timeout|flags|reach|order|if_index|port|directory|sortaddr|service_identifier)"
    r"(?:\[\d{1,3}\])?\s*:\s*(?P<value>.*?)\s*$"
)
REACH = re.compile(r"^\s*(?:Not )?Reachable\b")
DEVICE = re.compile(r"\((?P<name>[^()]{1,40})\)\s*$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From its heading, or from the first resolver where the heading is missing."""

    def starts(text: str) -> bool:
        return bool(PART.match(text) or HEAD.match(text))

    def belongs(text: str) -> bool:
        return bool(FACT.match(text) or REACH.match(text))

    for claim in at.blocks(lines, starts, belongs, *COMMANDS):
        if any(FACT.match(line.text) for line in lines[claim.first : claim.last + 1]):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """Resolvers of the first part."""
    found = at.Found()
    resolvers: list[dict[str, list[str]]] = []
    headed = scoped = False
    for line in at.without_command(lines, *COMMANDS):
        part, fact = PART.match(line.text), FACT.match(line.text)
        if part:
            headed, scoped = True, part["scoped"] is not None
        elif HEAD.match(line.text):
            resolvers += [] if scoped else [{}]
        elif fact and not scoped and resolvers:
            resolvers[-1].setdefault(fact["key"], []).append(fact["value"])
        elif not fact and not REACH.match(line.text) and not at.blank(line.text):
            found.left.append(line)
    found.rows += [row for one in resolvers if (row := _row(one)) is not None]
    if not headed:
        found.cut("The beginning is missing: whether these resolvers serve all sockets is not shown.")
        found.rows = [{**row, "everything": None} for row in found.rows]
    elif not scoped:
        found.say(at.MAY_GO_ON)
    if not found.rows:
        found.say("No resolver with a server is in the output.")
    return found.reading(KIND, TITLE, lines)


def _row(one: dict[str, list[str]]) -> dict[str, Any] | None:
    """A resolver with a domain serves names under it alone, one without serves all; mdns has no servers."""
    servers = [address for word in one.get("nameserver", ()) if (address := server(word))]
    if not servers:
        return None
    device = DEVICE.search(" ".join(one.get("if_index", ())))
    domains = one.get("domain", [])
    supplemental = "Supplemental" in " ".join(one.get("flags", ()))
    return resolver_row(
        servers, interface=device["name"] if device else "", names=domains, suffixes=one.get("search domain", []),
        everything=False if domains else None if supplemental else True,
    )  # fmt: skip
