"""PowerShell `Get-DnsClientNrptPolicy` and `Get-DnsClientNrptRule`: names that Windows asks at servers of their own.

Rows: `resolver_rows.resolver_row` with rule = True; a rule without servers is one, too, with none (it may only ask for DNSSEC or
keep a name from DirectAccess). A namespace with a dot in front holds the names under it, one without is that name alone. `-Rule` shows what is set, `-Policy` what is in force. VPN clients set such rules: Azure's
for the names of dnssuffixes. Source: documentation of both commands; "The NRPT" (the most specific namespace wins).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.resolver_rows import resolver_row, server

KIND = "nrpt"
TITLE = "Windows PowerShell: name resolution policy table"
COMMANDS = ("get-dnsclientnrptpolicy", "get-dnsclientnrptrule")
MEMBER = re.compile(
    r"^\s*(?P<key>Name|Version|Namespace|QueryPolicy|SecureNameQueryFallback|IPsecCARestriction|DirectAccess\w{1,40}|DnsSec\w{1,40}|"
    r"NameServers|NameEncoding|DisplayName|Comment)\s*:(?: (?P<value>.*))?$"
)
REST = re.compile(r"^ {12,}(?P<value>\S.*)$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Lists that hold a namespace and servers, or the members that only these objects have."""

    def starts(text: str) -> bool:
        known = MEMBER.match(text)
        return bool(known and known["key"] in ("Namespace", "Name", "Version"))

    def belongs(text: str) -> bool:
        return bool(MEMBER.match(text) or REST.match(text))

    for claim in at.blocks(lines, starts, belongs, *COMMANDS):
        keys = {known["key"] for line in lines[claim.first : claim.last + 1] if (known := MEMBER.match(line.text))}
        if "Namespace" in keys and ("NameServers" in keys or any(key.startswith("DirectAccess") for key in keys)):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """Every rule."""
    found = at.Found()
    entries: list[dict[str, str]] = [{}]
    key = ""
    for line in at.without_command(lines, *COMMANDS):
        known, rest = MEMBER.match(line.text), REST.match(line.text)
        if known:
            key = known["key"].lower()
            entries += [{}] if key in entries[-1] else []
            entries[-1][key] = (known["value"] or "").strip()
        elif rest and key:
            entries[-1][key] += " " + rest["value"].strip()
        elif not at.blank(line.text):
            found.left.append(line)
    for one in entries:
        _add(found, one)
    found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _add(found: at.Found, entry: dict[str, str]) -> None:
    """A rule; one that ends before its servers is cut off."""
    if "namespace" not in entry:
        return
    if "nameservers" not in entry:
        found.cut()
        return
    listed = az.texts(entry["nameservers"]) + az.texts(entry.get("directaccessdnsservers"))
    names = az.texts(entry["namespace"])
    every = any(not name.strip(".") for name in names) and bool(names)
    suffixes = [name for name in names if name.startswith(".")]
    exact = [name for name in names if not name.startswith(".")]
    servers = [server(word) for word in listed]
    found.rows.append(resolver_row(servers, names=suffixes, exact=exact, everything=every, rule=not every))
    if "..." in entry["nameservers"] + entry["namespace"]:
        found.cut("A list is cut off on the right.")
