"""`resolvectl status` (also `systemd-resolve --status`): the DNS servers of each link, and the names that are asked there.

Rows: `resolver_rows.resolver_row`, one for Global and for each link with servers; `names` are its DNS domains, `everything` is
+DefaultRoute, or the domain `~.`. Fallback servers are no rows: they are asked only where no others are known. Source:
resolvectl(1); systemd-resolved.service(8), "Protocols and routing".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.resolver_rows import resolver_row, server

KIND = "resolvectl-status"
TITLE = "resolvectl status"
COMMANDS = ("resolvectl", "systemd-resolve")
HEAD = re.compile(r"^\s*(?:Global|Link \d{1,9} \((?P<link>[^()\s]{1,40})\))\s*$")
KEYS = (
    "Protocols", "resolv.conf mode", "Current DNS Server", "DNS Servers", "DNS Server", "DNS Domain", "DNS Domains", "Current Scopes",
    "Fallback DNS Servers", "Default Route", "DefaultRoute setting", "LLMNR setting", "MulticastDNS setting", "DNSOverTLS setting",
    "DNSSEC setting", "DNSSEC supported", "DNSSEC NTA", "Negative Trust Anchors", "Global DNS Servers",
)  # fmt: skip
FACT = re.compile(rf"^\s*(?P<key>{'|'.join(map(re.escape, KEYS))}):(?: (?P<value>.*))?$")
MORE = re.compile(
    r"^\s{8,}(?P<value>\S.*)$|^\s*(?P<bare>(?:[\d.]{7,15}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+|~?[\w-]*\.[\w.-]*)(?:[#%]\S+)?(?: +\S+)*)\s*$"
)


@dataclass
class _Section:
    link: str
    facts: dict[str, list[str]] = field(default_factory=dict)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From a heading that one of the known facts follows."""

    def belongs(text: str) -> bool:
        return bool(FACT.match(text) or MORE.match(text))

    for claim in at.blocks(lines, lambda text: bool(HEAD.match(text)), belongs, *COMMANDS):
        if any(FACT.match(line.text) for line in lines[claim.first : claim.last + 1]):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """Every section."""
    found = at.Found()
    sections: list[_Section] = []
    key = ""
    for line in at.without_command(lines, *COMMANDS):
        head, fact, more = HEAD.match(line.text), FACT.match(line.text), MORE.match(line.text)
        if head:
            sections.append(_Section(head["link"] or ""))
            key = ""
        elif fact and sections:
            key = fact["key"]
            sections[-1].facts.setdefault(key, []).extend((fact["value"] or "").split())
        elif more and key and sections:
            sections[-1].facts[key].extend((more["value"] or more["bare"]).split())
        elif not at.blank(line.text):
            found.left.append(line)
    found.rows += [row for one in sections for row in _rows(one)]
    if not any(one.facts for one in sections) or not sections[-1].facts:
        found.cut()
    found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _rows(one: _Section) -> Iterator[dict[str, Any]]:
    servers = [
        server(word) for name in ("DNS Servers", "DNS Server", "Global DNS Servers") for word in one.facts.get(name, ())
    ]
    servers = servers or [server(word) for word in one.facts.get("Current DNS Server", ())]
    if not any(servers):
        return
    domains = one.facts.get("DNS Domain", []) + one.facts.get("DNS Domains", [])
    yield resolver_row(
        servers, interface=one.link, names=[word for word in domains if word.strip("~.")], everything=_everything(one, domains),
        suffixes=[word for word in domains if not word.startswith("~")],
    )  # fmt: skip


def _everything(one: _Section, domains: Sequence[str]) -> bool | None:
    """Global servers are asked for every name; a link's where it says so, None for versions that do not tell."""
    if "~." in domains or not one.link:
        return True
    words = [
        word for name in ("Protocols", "Default Route", "DefaultRoute setting") for word in one.facts.get(name, ())
    ]
    if {"+DefaultRoute", "yes"} & set(words):
        return True
    return False if {"-DefaultRoute", "no"} & set(words) else None
