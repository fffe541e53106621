"""PowerShell `Find-NetRoute -RemoteIPAddress ADDRESS`: the source address and the route that Windows takes to this one address.

Rows: `route_answers.answer_row`. It prints two objects, the local address first, then the route; neither names the address that
was asked about, which only the command does. Names of properties are never translated. Source: documentation of
Find-NetRoute, MSFT_NetIPAddress and MSFT_NetRoute; system error 1231 (ERROR_NETWORK_UNREACHABLE).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.route_answers import NARROWED, NO_QUESTION, answer_row
from mi_workbook.evidence.pastes.shapes import bare_address, prefix

KIND = "find-netroute"
TITLE = "Windows PowerShell: Find-NetRoute"
COMMANDS = ("find-netroute",)
MEMBER = re.compile(r"^\s*(?P<key>[A-Za-z]{2,40})\s*:(?: (?P<value>.*))?$")
REST = re.compile(r"^ {12,}\S")  # a long value goes on under its column
HEAD = re.compile(r"^\s*(?=.*\b(?:DestinationPrefix|NextHop|InterfaceAlias)\b)(?:[A-Za-z]{2,40}\s+)*[A-Za-z]{2,40}\s*$")
OPENS = re.compile(r"^\s*IPAddress\s*:")
OF_ADDRESS = frozenset({"ipaddress", "prefixlength", "prefixorigin", "suffixorigin", "addressstate", "skipassource"})
OF_ROUTE = frozenset({"destinationprefix", "nexthop"})
ERROR = re.compile(r"^\s*(?:\S{0,3}\[[\d;]+m)?Find-NetRoute\s?:", re.IGNORECASE)
CODE = re.compile(r"FullyQualifiedErrorId\s*:\s*Windows System Error (?P<code>\d+)\s*,\s*Find-NetRoute", re.IGNORECASE)
CHATTER = re.compile(r"^\s*(?:\+|At line:\d+|Line \|\s*$|\d+ \||\||~)")
LONGEST_LIST = 80  # members of one object; twice what MSFT_NetRoute has
UNREACHABLE = frozenset({"1231", "1232", "10051", "10065"})
NO_CODE = re.compile(r"network location cannot be reached", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Two lists of members, the first of an address and the second of a route; or the command's error."""
    return at.runs(lines, _block)


def _block(lines: Sequence[Line], here: int) -> tuple[int, bool] | None:
    command = "oute" in lines[here].text and at.command(lines[here].text, *COMMANDS) is not None
    start = here + 1 if command else here
    last = _error_end(lines, start) if command or ERROR.match(lines[here].text) else None
    last = last if last is not None or not command else _table_end(lines, start)
    last = last if last is not None else _objects_end(lines, start, command)
    return None if last is None else (last, True)


def _error_end(lines: Sequence[Line], start: int) -> int | None:
    """The last line of an error that begins here, blank lines before it allowed."""
    first = _filled(lines, start)
    if first is None or not ERROR.match(lines[first].text):
        return None
    last = first
    for here in range(first + 1, min(first + 12, len(lines))):
        text = lines[here].text
        if at.blank(text) or (last > first and not CHATTER.match(text)) or at.command(text, *COMMANDS) is not None:
            break
        last = here
    return last


def _table_end(lines: Sequence[Line], start: int) -> int | None:
    """The last row of a table below the command: `Format-Table`, or `Select-Object` of up to four members."""
    head = _filled(lines, start)
    if head is None or not (
        HEAD.match(lines[head].text) and head + 1 < len(lines) and at.is_dashes(lines[head + 1].text)
    ):
        return None
    last = head + 1
    while last + 1 < len(lines) and not at.blank(lines[last + 1].text) and last < head + 4:
        last += 1
    return last


def _objects_end(lines: Sequence[Line], start: int, command: bool) -> int | None:
    """The end of the route's list. Without the command, both lists must be there; with it one of them will do."""
    first = _filled(lines, start) if command else start
    if first is None or not (command or OPENS.match(lines[first].text)):
        return None
    keys, end = _list(lines, first)
    if not keys & (OF_ADDRESS | OF_ROUTE) or (not command and not {"ipaddress", "prefixlength"} <= keys):
        return None
    if keys & OF_ROUTE:  # `select` puts members of both objects into each
        return end if command else None
    following = _filled(lines, end + 1)
    if following is not None:
        more, last = _list(lines, following)
        if more & OF_ROUTE:
            return last
    return end if command else None


def _filled(lines: Sequence[Line], start: int) -> int | None:
    return next((here for here in range(start, min(start + 4, len(lines))) if not at.blank(lines[here].text)), None)


def _list(lines: Sequence[Line], first: int) -> tuple[set[str], int]:
    """The names of a run of members, and its last line."""
    keys: set[str] = set()
    here = first
    while here < min(len(lines), first + LONGEST_LIST) and (
        MEMBER.match(lines[here].text) or (keys and REST.match(lines[here].text))
    ):
        known = MEMBER.match(lines[here].text)
        keys |= {known["key"].lower()} if known else set()
        here += 1
    return keys, max(here - 1, first)


def read(lines: Sequence[Line]) -> Reading:
    """One address's route."""
    found, words = at.Found(), at.typed(lines, *COMMANDS)
    options = {word.lower(): after.strip("'\"") for word, after in pairwise(words)}
    address = bare_address(options.get("-remoteipaddress", ""))
    narrowed = "-interfaceindex" in options or "-localipaddress" in options
    found.about = address
    facts: dict[str, str] = {}
    body = [line for line in at.without_command(lines, *COMMANDS) if not at.blank(line.text)]
    if body and ERROR.match(body[0].text):
        _refused(found, body, address, narrowed)
    else:
        table = _table(body)
        facts |= table
        for line in body if not table else ():
            known = MEMBER.match(line.text)
            if known:
                facts.setdefault(known["key"].lower(), (known["value"] or "").strip())
            elif not REST.match(line.text):
                found.left.append(line)
        _answered(found, facts, address, narrowed)
    if narrowed and found.rows:
        found.say(NARROWED)
    if not address and found.rows:
        found.say(NO_QUESTION)
    return found.reading(KIND, TITLE, lines)


def _table(body: Sequence[Line]) -> dict[str, str]:
    """The members of both rows of a table, each under its heading; empty where the text is none."""
    if len(body) < 3 or not (HEAD.match(body[0].text) and at.is_dashes(body[1].text)):
        return {}
    columns = at.spans(body[1].text)
    names = [name.lower() for name in at.cells(body[0].text, columns)]
    rows = [dict(zip(names, at.cells(line.text, columns), strict=True)) for line in body[2:]]
    return {name: value for row in reversed(rows) for name, value in row.items() if value}


def _refused(found: at.Found, body: Sequence[Line], address: str, narrowed: bool) -> None:
    """The sentence is translated, the error's number is not; a number that is not known leaves open why."""
    text = " ".join(line.text.strip() for line in body)
    code = CODE.search(text)
    known = (code is not None and code["code"] in UNREACHABLE) or (code is None and NO_CODE.search(text))
    says = body[0].text.partition(":")[2].strip()
    found.rows.append(answer_row(address, "unreachable" if known else "failed", narrowed=narrowed, says=says))


def _answered(found: at.Found, facts: dict[str, str], address: str, narrowed: bool) -> None:
    won = prefix(facts.get("destinationprefix", ""))
    if not won or not (facts.get("interfacealias") or facts.get("interfaceindex") or facts.get("ifindex")):
        found.cut("The route, which comes after the address, is missing.")
        return
    hop = bare_address(facts.get("nexthop", ""))
    found.rows.append(
        answer_row(address, "unicast", gateway="" if hop in ("0.0.0.0", "::") else hop, prefix=won,
                   interface=facts.get("interfacealias") or facts.get("interfaceindex") or facts["ifindex"],
                   source=facts.get("ipaddress", ""), narrowed=narrowed)
    )  # fmt: skip
    if not hop:
        found.cut()
