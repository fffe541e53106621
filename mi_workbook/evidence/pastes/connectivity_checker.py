"""Transcripts of Microsoft's SQL Connectivity Checker (Azure/SQL-Connectivity-Checker on GitHub).

Rows, in the transcript's order, each {"step", "says", "host", "address", "port", "result"}; "" and None for what a step
does not have. Steps and their results:
dns: found | missing (host: the source asked, such as "DNS server") · gateway: open | failed · redirect-port: open | failed ·
policy: redirect | proxy · routing: host and port the login was sent on to · network-error: the number ·
pre-login-timeout: milliseconds · tcp: open (address: remote) · login: reached | failed | the error's number · cause: what
the checker names as root cause · kind: managed-instance | managed-instance-public | other. Other lines of the
transcript are not evidence of the path and stay in `left`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "sql-connectivity-checker"
TITLE = "SQL Connectivity Checker"
STARS = re.compile(r"^\s*\*{5,}\s*$")
BANNER = re.compile(r"Azure SQL Connectivity Checker")
HOST_PORT = r"(?P<host>\[?[\w.:-]+?\]?):(?P<port>\d{1,5})(?!\d)"
STEPS = tuple(
    (step, result, re.compile(pattern))
    for step, result, pattern in (
        ("dns", "found", r"Found DNS record in\s+(?P<host>.+?)\s*\(IP Address:\s*(?P<address>[^)]*?)\s*\)"),
        ("dns", "missing", r"Could not find DNS record in\s+(?P<host>.+?)\s*$"),
        ("kind", "managed-instance-public", r"Detected as Managed Instance using Public Endpoint"),
        ("kind", "managed-instance", r"Detected as Managed Instance\s*$"),
        ("kind", "other", r"Detected as SQL (?:DB|on-demand|Database)"),
        ("redirect-port", "", rf"Tested \(redirect\) connectivity to\s+{HOST_PORT}\s*-> TCP test (?P<end>succeed\w*|FAILED)"),
        ("gateway", "", rf"Testing \(gateway\) connectivity to\s+{HOST_PORT}\s*-> TCP test (?P<end>succeed\w*|FAILED)"),
        ("gateway", "", rf"Gateway connectivity to\s+{HOST_PORT}\s+(?P<end>FAILED|succeed\w*)"),
        ("gateway", "", r"^\s*-> TCP test (?P<end>succeed\w*|FAILED)"),
        ("policy", "redirect", r"Redirect connect\w+ policy has been detected|Redirect connection policy detected"),
        ("policy", "proxy", r"Proxy connect\w+ policy (?:has been )?detected"),
        ("routing", "", rf"Routing to:\s*{HOST_PORT}"),
        ("network-error", "", rf"Networking error (?P<result>\d+) while trying to connect to\s+{HOST_PORT}"),
        ("pre-login-timeout", "", r"PreLogin phase was not complete after (?P<result>\d+) milliseconds"),
        ("tcp", "open", r"TCP connection open between local (?P<local>\S+) and remote (?P<remote>\S+)|Remote endpoint is (?P<remote2>\S+)"),
        ("login", "reached", r"Dummy login attempt reached '(?P<host>[^']*)' database"),
        ("login", "failed", r"Dummy login attempt on '(?P<host>[^']*)' database resulted in login failure"),
        ("login", "reached", r"The connection attempt (?:to \S+ database )?succeeded"),
        ("login", "", r"Connection to database (?P<host>\S+) failed \(error (?P<result>-?\d+),"),
        ("login", "121", r"Connection to database (?P<host>\S+) failed due to .The semaphore timeout"),
        ("login", "40532", r"Public Endpoint may be disabled"),
        ("cause", "", r"ROOT CAUSE:\s*(?P<says>.+)$"),
    )
)  # fmt: skip
VALIDATING = re.compile(r"Validating DNS record for\s+(?P<host>\S+)")
SERVER = re.compile(r"^\s*Server:\s*(?P<host>[\w.-]+\.[A-Za-z]+?)\.?\s*$")
LAST = re.compile(
    r"All tests are now done|RECOMMENDED ACTION|Recommended action|Test(?:s|ing)? (?:have )?(?:completed|finished)"
)
CHATTER = re.compile(
    r"^\s*(?:[0-9A-Fa-f.:%]+\s*$|\*{5,}|#{5,}|-{5,}|WARNING: (?:Reduced|This version|Current env)|Interface |Operational status|Unicast address|DNS server address|"
    r"Printing average|IP Address:|Successful connections:|Failed connections:|Average response|Testing connecting|Gateway connectivity tests|"
    r"(?:Redirect Policy|Advanced|Public Endpoint|Summary|Recommended)\b|Building |Waiting for|PreLogin |Login7 |TCP connection open|Local endpoint|"
    r"Server requires|Encryption enabled|Starting Login|Connect initiated|Disconnect|Please |This was either|Learn how)"
)


def _step(text: str) -> tuple[str, str, re.Match[str]] | None:
    return next(
        ((step, result, known) for step, result, form in STEPS if (known := form.search(text[: at.LONGEST_LINE]))), None
    )


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the banner or the first step to the last one; a prompt with a command ends it."""
    marks = [
        here
        for here, line in enumerate(lines)
        if BANNER.search(line.text) or VALIDATING.search(line.text) or LAST.search(line.text) or _step(line.text)
    ]
    begin: int | None = None
    last = -1
    for here in marks:
        again = bool(BANNER.search(lines[here].text)) and last >= 0
        if begin is not None and (again or any(at.is_command(lines[one].text) for one in range(last + 1, here))):
            yield Claim(begin, last)
            begin = None
        if begin is None:
            begin = here - 1 if here - 1 > last and STARS.match(lines[here - 1].text) else here
        last = here
    if begin is not None:
        yield Claim(begin, last)


def read(lines: Sequence[Line]) -> Reading:
    """One transcript."""
    found, finished = at.Found(), False
    for line in lines:
        text = line.text
        asked = VALIDATING.search(text) or SERVER.match(text)
        if step := _step(text):
            _add(found, *step, text)
        elif asked:
            found.about = found.about or asked["host"]
        elif LAST.search(text):
            finished = True
        elif not (at.blank(text) or CHATTER.match(text) or BANNER.search(text)):
            found.left.append(line)
    if not finished:
        found.cut("The transcript has no end: its summary is not in the paste.")
    return found.reading(KIND, TITLE, lines)


def _add(found: at.Found, step: str, result: str, known: re.Match[str], text: str) -> None:
    facts = {key: value for key, value in known.groupdict().items() if value}
    end = facts.get("end", "")
    remote = facts.get("remote") or facts.get("remote2") or ""
    address, _, port = remote.rpartition(":")
    port = facts.get("port") or port.rstrip(".")
    row: dict[str, Any] = {
        "step": step, "says": facts.get("says", text.strip())[:300], "host": facts.get("host", "").strip(),
        "address": facts.get("address", "") or address, "port": int(port) if port.isdigit() and len(port) < 6 else None,
        "result": result or facts.get("result", "") or ("failed" if end == "FAILED" else "open" if end else ""),
    }  # fmt: skip
    if row not in found.rows:  # the summary at the end says it again
        found.rows.append(row)
