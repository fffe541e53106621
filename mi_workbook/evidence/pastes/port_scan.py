"""`nmap` and PortQry, as people test a port with them.

Rows: answer_text.tcp_row, one for each TCP port. "filtered" is silence: timeout. "closed" and NOT LISTENING are refused.
Sources: Nmap Reference Guide, "Port Scanning Basics"; "Using the PortQry command-line tool", section "Port status".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "port-scan"
TITLE = "nmap, PortQry"
COMMANDS = ("nmap", "portqry")
STATES = {
    "open": "open", "closed": "refused", "filtered": "timeout", "unfiltered": "unclear", "open|filtered": "unclear",
    "closed|filtered": "unclear", "listening": "open", "not listening": "refused",
}  # fmt: skip
REPORT = re.compile(r"^\s*Nmap scan report for (?P<host>\S+?)(?: \((?P<address>[0-9A-Fa-f.:]+)\))?\s*$")
NMAP_PORT = re.compile(
    r"^\s*(?P<port>\d{1,5})/tcp\s+(?P<state>open\|filtered|closed\|filtered|open|closed|filtered|unfiltered)\b"
)
QUERY = re.compile(r"^\s*Querying target system called:\s*$")
RESOLVED = re.compile(r"^\s*Name resolved to (?P<address>[0-9A-Fa-f.:]+)\s*$")
QUERY_PORT = re.compile(r"^\s*TCP port (?P<port>\d{1,5}) \([^)]*\): (?P<state>LISTENING|NOT LISTENING|FILTERED)\s*$")
UNRESOLVED = re.compile(r"^\s*Failed to resolve (?:name|\S+)|^\s*Failed to resolve \"(?P<host>[^\"]+)\"")
CHATTER = re.compile(
    r"^\s*(?:Starting Nmap|Host is up|Nmap done|PORT\s+STATE|Not shown|Other addresses for|rDNS record|Note: Host seems down|"
    r"\d+/udp|Service detection|querying\.\.\.|Attempting to resolve|UDP port|portqry\.exe|=+)"
)


def _starts(text: str) -> bool:
    return bool(REPORT.match(text) or QUERY.match(text) or text.lstrip().startswith("Starting Nmap"))


def _belongs(text: str) -> bool:
    forms = (NMAP_PORT, RESOLVED, QUERY_PORT, UNRESOLVED, CHATTER)
    return any(form.match(text) for form in forms) or bool(re.fullmatch(rf"\s*{at.NAME}\s*|\s*[0-9A-Fa-f.:]+\s*", text))


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the head on, to the last line that is surely its own."""
    yield from at.blocks(lines, _starts, _belongs, *COMMANDS)


def read(lines: Sequence[Line]) -> Reading:
    """All ports of one run."""
    found, host, address, asked = at.Found(), "", "", False
    for line in lines:
        text = line.text
        if known := REPORT.match(text):
            host, address = known["host"], known["address"] or ""
        elif known := RESOLVED.match(text):
            address = known["address"]
        elif known := NMAP_PORT.match(text) or QUERY_PORT.match(text):
            state = STATES[known["state"].lower()]
            says = "" if state == "open" else known["state"]
            found.rows.append(at.tcp_row(host, int(known["port"]), state, address=address, says=says))
        elif UNRESOLVED.match(text):
            found.rows.append(at.tcp_row(host, None, "name-not-found", says=text.strip()))
        elif asked and not host:
            host = text.strip()
        elif not (at.blank(text) or QUERY.match(text) or CHATTER.match(text) or at.command(text, *COMMANDS)):
            found.left.append(line)
        asked = asked or bool(QUERY.match(text))
    found.about = host
    if not found.rows:
        found.cut("No TCP port is in the paste.")
    elif at.ends_open(lines) and not any("Nmap done" in line.text for line in lines):
        found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)
