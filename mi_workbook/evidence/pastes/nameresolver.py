"""`nameresolver` of the App Service console (Kudu on Windows), which asks as the application does.

Rows: {"name", "type": "A"|"AAAA"|"CNAME"|"failure", "value", "server"}, see answer_text.dns_row. A server "Default"
means the one that the application uses. Sources: "Troubleshoot virtual network integration with Azure App Service",
section "Tools"; the Portal's diagnosis reads "Addresses:" and "Aliases:" in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "nameresolver"
TITLE = "nameresolver (App Service console)"
SERVER = re.compile(r"^\s*Server: (?P<value>\S+)\s*$")
NAME = re.compile(r"^\s*Name:\s*(?P<value>\S+)\s*$")
ADDRESSES = re.compile(r"^\s*Addresses:\s*$")
ALIASES = re.compile(r"^\s*Aliases:\s*$")
VALUE = re.compile(rf"^\s*(?:{at.NAME}\.?|[0-9A-Fa-f.:]+)\s*$")
FAILED = re.compile(
    r"no such host|not found|timed? ?out|non-recoverable|failed|unable|cannot|could not|exception", re.IGNORECASE
)
ANSWER = re.compile(r"^\s*Non-authoritative answer:\s*$", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From `Server:` on, where no `Address:` of nslookup follows it; or from the command on."""
    at_server = {
        lines[here].number
        for here in range(len(lines))
        if SERVER.match(lines[here].text) and not _is_nslookup(lines, here) and _is_ours(lines, here)
    }
    for here, line in enumerate(lines):
        if line.number in at_server or _only_failed(lines, here):
            end, answered = here + 1, False
            while end < len(lines) and _belongs(lines[end].text, answered):
                answered = answered or bool(ADDRESSES.match(lines[end].text))
                end += 1
            while end > here + 1 and at.blank(lines[end - 1].text):
                end -= 1
            closing = end if end < len(lines) and at.blank(lines[end].text) else end - 1
            before = here > 0 and at.command(lines[here - 1].text, KIND) is not None
            yield Claim(here - 1 if before else here, closing)


def _is_nslookup(lines: Sequence[Line], here: int) -> bool:
    return here + 1 < len(lines) and bool(re.match(r"\s*Address", lines[here + 1].text))


def _is_ours(lines: Sequence[Line], here: int) -> bool:
    asked = here > 0 and at.command(lines[here - 1].text, KIND) is not None
    return asked or any(ADDRESSES.match(one.text) for one in lines[here + 1 : here + 7])


def _only_failed(lines: Sequence[Line], here: int) -> bool:
    asked = here > 0 and at.command(lines[here - 1].text, KIND) is not None
    return asked and not SERVER.match(lines[here].text) and bool(FAILED.search(lines[here].text))


def _belongs(text: str, answered: bool) -> bool:
    if at.blank(text) or any(form.match(text) for form in (NAME, ADDRESSES, ALIASES, VALUE, ANSWER)):
        return True
    return not answered and bool(FAILED.search(text)) and not at.is_command(text)


def read(lines: Sequence[Line]) -> Reading:
    """One name's answer."""
    found, words = at.Found(), at.plain(at.typed(lines, KIND))
    server, name, under = "", "", ""
    addresses: list[str] = []
    aliases: list[str] = []
    failed = ""
    for line in at.without_command(lines, KIND):
        text = line.text
        if known := SERVER.match(text):
            server = known["value"]
        elif known := NAME.match(text):
            name, under = known["value"].rstrip("."), ""
        elif ADDRESSES.match(text) or ALIASES.match(text):
            under = text.strip().rstrip(":").lower()
        elif under and VALUE.match(text):
            (addresses if under == "addresses" else aliases).append(text.strip().rstrip("."))
        elif FAILED.search(text):
            failed = text
        elif not at.blank(text) and not ANSWER.match(text):
            found.left.append(line)
    asked = words[0].rstrip(".") if words else ""
    found.about = asked or (aliases[0] if aliases else name)
    for alias in (found.about, *aliases):
        if alias and name and alias != name and at.dns_row(alias, "CNAME", name, server) not in found.rows:
            found.rows.append(at.dns_row(alias, "CNAME", name, server))
    found.rows += [at.dns_row(name, at.record_type(one), one, server) for one in addresses if at.is_address(one)]
    _conclude(found, server, failed, lines, under)
    return found.reading(KIND, TITLE, lines)


def _conclude(found: at.Found, server: str, failed: str, lines: Sequence[Line], under: str) -> None:
    if failed:
        kind = "nxdomain" if at.failure(failed) == "name-not-found" else at.dns_failure(failed)
        kind = "unclear" if "non-recoverable" in failed.lower() else kind
        found.rows.append(at.dns_row(found.about, "failure", kind, server))
    if not any(row["type"] in {"A", "AAAA", "failure"} for row in found.rows):
        found.cut()
    elif not failed and (under != "aliases" or at.ends_open(lines)):
        found.say(at.MAY_GO_ON)
