"""PowerShell `Get-DnsClientServerAddress`: the DNS servers of each interface, as a table or a list.

Rows: `resolver_rows.resolver_row` of IPv4 servers, one for each interface that has any; IPv6 ones are counted. Windows asks the
servers of the interface with the lowest metric first and, without an answer, the others: `everything` is None. Source:
documentation of Get-DnsClientServerAddress; MSFT_DNSClientServerAddress (AddressFamily: 2 IPv4, 23 IPv6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes import azure_output as az
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.resolver_rows import resolver_row, server

KIND = "dns-client-servers"
TITLE = "Windows PowerShell: Get-DnsClientServerAddress"
COMMANDS = ("get-dnsclientserveraddress",)
HEAD = re.compile(r"^\s*InterfaceAlias\s+Interface\s+Address\s+ServerAddresses\s*$")
SECOND = re.compile(r"^\s*Index\s+Family\s*$")
ROW = re.compile(
    r"^\s*(?P<alias>\S.*?)\s+(?P<index>\d{1,9})\s+(?P<family>IPv4|IPv6)\s+\{(?P<servers>[^{}]*)(?P<end>\}?)\s*$"
)
SHORT = re.compile(r"\.\.\.|…")
MEMBER = re.compile(
    r"^\s*(?P<key>InterfaceAlias|InterfaceIndex|AddressFamily|ServerAddresses|ElementName|Address)\s*:(?: (?P<value>.*))?$"
)
FAMILIES = {"2": "IPv4", "ipv4": "IPv4", "23": "IPv6", "ipv6": "IPv6"}


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the table's heading on; lists in which ServerAddresses is a member."""

    def starts(text: str) -> bool:
        return bool(HEAD.match(text) or re.match(r"^\s*(?:InterfaceAlias|ElementName)\s*: \S", text))

    def belongs(text: str) -> bool:
        return bool(SECOND.match(text) or at.is_dashes(text) or ROW.match(text) or MEMBER.match(text))

    for claim in at.blocks(lines, starts, belongs, *COMMANDS):
        if any(
            HEAD.match(line.text) or line.text.lstrip().startswith("ServerAddresses")
            for line in lines[claim.first : claim.last + 1]
        ):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """Every interface with a server."""
    found = at.Found()
    others = 0
    entry: dict[str, str] = {}
    entries: list[dict[str, str]] = []
    for line in at.without_command(lines, *COMMANDS):
        row, member = ROW.match(line.text), MEMBER.match(line.text)
        if row:
            entries.append(
                {"interfacealias": row["alias"], "addressfamily": row["family"], "serveraddresses": row["servers"]}
            )
            if not row["end"] or SHORT.search(row["servers"]):
                found.cut("A list of servers is cut off on the right.")
        elif member:
            key = member["key"].lower()
            if key in entry:
                entries.append(entry)
                entry = {}
            entry[key] = (member["value"] or "").strip()
        elif at.blank(line.text):
            entries += [entry] if "serveraddresses" in entry else []
            entry = {} if "serveraddresses" in entry else entry
        elif not (HEAD.match(line.text) or SECOND.match(line.text) or at.is_dashes(line.text)):
            found.left.append(line)
    entries += [entry] if entry else []
    for one in entries:
        others += _add(found, one)
    if others:
        found.say(f"{others} lists of IPv6 servers were not kept.")
    found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _add(found: at.Found, entry: dict[str, str]) -> int:
    """A row for IPv4 servers; 1 for an entry of IPv6 servers, else 0. An entry without its servers is cut off."""
    if "serveraddresses" not in entry:
        found.cut()
        return 0
    servers = [address for word in az.texts(entry["serveraddresses"]) if (address := server(word))]
    family = FAMILIES.get(entry.get("addressfamily", "").lower(), "")
    four = [one for one in servers if ":" not in one]
    if four and family != "IPv6":
        found.rows.append(resolver_row(four, interface=entry.get("interfacealias") or entry.get("elementname", "")))
    return int(bool(servers) and not four)
