"""/etc/resolv.conf: the DNS servers and search suffixes of a Linux machine or a container; of a Mac only for some tools.

One row: `resolver_rows.resolver_row`. A server of 127.0.0.0/8 is a service of the machine itself (systemd-resolved, dnsmasq,
Docker, NetworkManager): whom that asks is not in this file. Source: resolv.conf(5); systemd-resolved.service(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.resolver_rows import is_own, resolver_row, server

KIND = "resolv-conf"
TITLE = "resolv.conf"
COMMANDS = ("cat", "more", "less", "head", "tail", "grep", "type", "get-content", "gc", "bat")
FILE = re.compile(r"resolv\.conf['\"]?$", re.IGNORECASE)
SERVER = re.compile(r"^\s*nameserver\s+(?P<value>\S+)\s*(?:[#;].*)?$")
OTHER = re.compile(r"^\s*(?P<key>search|domain|options|sortlist)\b(?P<value>[^#;]*)(?:[#;].*)?$")
SUFFIX = re.compile(r"\.|[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
OF_MAC = re.compile(r"macOS Notice|Mac OS X Notice")
MOST = 3  # MAXNS of resolv.h: further servers are not asked
STUB = "The server is a service of the machine itself; the servers that it asks are not in this file."
MAC = "macOS resolves names without this file: scutil --dns shows what it uses."
MANY = f"Only the first {MOST} servers of the file are used."


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of its directives and comments that hold a server; with the command that prints the file an empty one as well."""
    for claim in at.runs(lines, _block):
        closing = claim.last + 1 < len(lines) and at.blank(lines[claim.last + 1].text)
        yield Claim(_notice(lines, claim.first), claim.last + 1 if closing else claim.last)


def _block(lines: Sequence[Line], first: int) -> tuple[int, bool] | None:
    """The last line of the file that begins here, and whether it names a server."""
    typed = _asked(lines[first].text)
    if not (typed or _is_directive(lines[first].text)):
        return None
    last = end = first
    while end + 1 < len(lines) and _belongs(lines[end + 1].text, typed):
        end += 1
        last = end if _is_directive(lines[end].text) or (typed and not at.blank(lines[end].text)) else last
    return last, any(_server(line.text) for line in lines[first : last + 1])


def _asked(text: str) -> bool:
    words = at.command(text, *COMMANDS) if "resolv" in text else None
    return words is not None and any(FILE.search(word) for word in words)


def _server(text: str) -> str:
    known = SERVER.match(text)
    return server(known["value"]) if known else ""


def _is_directive(text: str) -> bool:
    """A server's address, or words after another directive that can be its values: "search for the server" is a sentence."""
    if _server(text):
        return True
    known = OTHER.match(text)
    values = known["value"].split() if known else []
    if known and known["key"] in ("search", "domain"):
        return bool(values) and all(SUFFIX.fullmatch(one) and ("." in one or len(values) == 1) for one in values)
    return bool(values)


def _belongs(text: str, typed: bool) -> bool:
    return (
        at.blank(text) or text.lstrip()[:1] in ("#", ";") or _is_directive(text) or (typed and bool(OTHER.match(text)))
    )


def _notice(lines: Sequence[Line], first: int) -> int:
    """With the comments right above: they say who wrote the file."""
    here = first
    while here > 0 and lines[here - 1].text.lstrip()[:1] in ("#", ";") and not _asked(lines[here].text):
        here -= 1
    return here


def read(lines: Sequence[Line]) -> Reading:
    """The servers; of several `search` and `domain` lines the last counts."""
    found = at.Found()
    servers: list[str] = []
    suffixes: list[str] = []
    for line in lines:
        other = OTHER.match(line.text)
        if one := _server(line.text):
            servers.append(one)
        elif other and other["key"] in ("search", "domain"):
            suffixes = other["value"].split()
        elif (
            not other and not _asked(line.text) and not at.blank(line.text) and line.text.lstrip()[:1] not in ("#", ";")
        ):
            found.left.append(line)
    found.rows.append(resolver_row(servers[:MOST], everything=True, suffixes=suffixes))
    _say(found, servers, lines)
    return found.reading(KIND, TITLE, lines)


def _say(found: at.Found, servers: Sequence[str], lines: Sequence[Line]) -> None:
    if any(map(is_own, servers)):
        found.say(STUB)
    if len(servers) > MOST:
        found.say(MANY)
    if any(OF_MAC.search(line.text) for line in lines):
        found.rows[0]["everything"] = None
        found.say(MAC)
    found.say(at.MAY_GO_ON)
