"""`Test-NetConnection` (`tnc`): the list in every level of detail, its table form, the warnings before it.

Rows: answer_text.tcp_row, and beside it {"interface", "ping": bool|None, "resolved": [address], "next_hop"}. A TCP
test that is False proves that no connection came about; whether it was refused or not answered is not said, so its result
is "failed". A remote address that is printed empty is a name that was not resolved, whatever language the warning has.
Without a port nothing was tested but ping; where TCP succeeded ping was not tried, though the object then says False.
Property names are not translated, the warnings are. Source: documentation of Test-NetConnection, examples 1 to 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "test-netconnection"
TITLE = "Test-NetConnection"
COMMANDS = ("test-netconnection", "tnc")
KEYS = (
    r"ComputerName|RemoteAddress|RemotePort|InterfaceAlias|InterfaceIndex|InterfaceDescription|SourceAddress|PingSucceeded|PingReplyDetails \(RTT\)|"
    r"TcpTestSucceeded|NameResolutionSucceeded|NameResolutionResults|MatchingIPsecRules|NetworkIsolationContext|IsAdmin|NetAdapter|NetRoute \(NextHop\)|"
    r"TraceRoute|SelectedSourceAddress|OutgoingInterfaceIndex|SelectedNetRoute|RouteSelectionEvents|SourceAddressSelectionEvents|RouteDiagnosticsSucceeded|"
    r"AllNameResolutionResults|DNSOnlyRecords|LLMNRNetbiosRecords|BasicNameResolution|ConstrainInterfaceIndex|Detailed"
)
PROPERTY = re.compile(rf"^\s*(?P<key>{KEYS})\s*:\s?(?P<value>.*)$")
FIRST = re.compile(r"^\s*ComputerName\s*:\s*\S")
WARNING = re.compile(r"^\s*(?P<word>[^\W\d_a-zà-ÿа-я]{2,20})\s?: ?(?P<says>.*)$")
CONNECT = re.compile(r"TCP connect to \(?(?P<host>\S+?)\s?:\s?(?P<port>\d{1,5})\)? failed", re.IGNORECASE)
UNRESOLVED = re.compile(r"Name resolution of (?P<host>\S+) failed", re.IGNORECASE)
QUIET = re.compile(r"^\s*(?P<good>True|False)\s*$")
TABLE = re.compile(r"^\s*(?=.*\bComputerName\b)(?=.*\bTcpTestSucceeded\b)(?:\w+(?: \(\w+\))?\s*)+$")
SAID = {"true": True, "false": False}
MORE = re.compile(r"^\s{12,}(?P<value>\S.*)$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the warnings or `ComputerName :` on, to the last property; the table form by its heads."""
    taken = -1
    for here in range(len(lines)):
        if here <= taken:
            continue
        text = lines[here].text
        if FIRST.match(text) or CONNECT.search(text) or UNRESOLVED.search(text) or _is_quiet(lines, here):
            end = _end(lines, here)
        elif TABLE.match(text) and here + 2 < len(lines) and at.is_dashes(lines[here + 1].text):
            end = here + 3
            while end < len(lines) and re.search(r"\b(?:True|False)\b", lines[end].text):
                end += 1
        else:
            continue
        closing = end if end < len(lines) and at.blank(lines[end].text) else end - 1
        yield Claim(_begin(lines, here, taken), closing)
        taken = closing


def _is_quiet(lines: Sequence[Line], here: int) -> bool:
    words = at.command(lines[here - 1].text, *COMMANDS) if here and QUIET.match(lines[here].text) else None
    return "quiet" in (word.lower() for word in words or ())


def _begin(lines: Sequence[Line], here: int, taken: int) -> int:
    first = here
    for before in range(here - 1, max(taken, here - 8), -1):
        text = lines[before].text
        if at.command(text, *COMMANDS) is not None:
            return before
        if WARNING.match(text):
            first = before
        elif not at.blank(text):
            break
    return first


def _end(lines: Sequence[Line], here: int) -> int:
    seen = bool(FIRST.match(lines[here].text))
    end = last = here + 1
    while end < len(lines):
        text = lines[end].text
        if FIRST.match(text):
            if seen:
                break
            seen = True
        early = not seen and bool(WARNING.match(text) or QUIET.match(text))
        if not (at.blank(text) or PROPERTY.match(text) or MORE.match(text) or early):
            break
        end += 1
        last = last if at.blank(text) else end
    return last


def read(lines: Sequence[Line]) -> Reading:
    """One test."""
    found, words = at.Found(), at.typed(lines, *COMMANDS)
    body = at.without_command(lines, *COMMANDS)
    heads = next((here for here, line in enumerate(body) if TABLE.match(line.text)), None)
    if heads is not None:
        found.rows += _table(body, heads, found.left)
    else:
        _list(found, body, words)
    found.about = next((row["host"] for row in found.rows if row["host"]), "")
    if not found.rows:
        found.cut()
    return found.reading(KIND, TITLE, lines)


def _table(body: Sequence[Line], heads: int, left: list[Line]) -> Iterator[dict[str, Any]]:
    names = body[heads].text.split()
    for line in body[heads + 2 :]:
        values = line.text.split()
        if len(values) == len(names):
            facts = dict(zip(names, values, strict=True))
            yield _row(facts, [], "")
        elif values:
            left.append(line)


def _list(found: at.Found, body: Sequence[Line], words: list[str]) -> None:
    facts: dict[str, str] = {}
    resolved: list[str] = []
    warned, key = "", ""
    for line in body:
        known, more = PROPERTY.match(line.text), MORE.match(line.text)
        if known:
            key = known["key"]
            facts[key] = known["value"].strip()
        elif quiet := QUIET.match(line.text):
            facts["TcpTestSucceeded"] = quiet["good"]
        elif more and key:
            if key == "NameResolutionResults":
                resolved.append(more["value"].strip())
        elif warning := WARNING.match(line.text):
            warned = warned or warning["says"]
            _warned(facts, warning["says"])
        elif not at.blank(line.text):
            found.left.append(line)
    if facts:
        facts["ComputerName"] = _named(words) or facts.get("ComputerName", "")
        port = next((after for word, after in pairwise(words) if word.lower() == "-port"), "")
        facts.setdefault("RemotePort", port)
        first = facts.get("NameResolutionResults", "")
        found.rows.append(_row(facts, [one for one in (first, *resolved) if at.is_address(one)], warned))
        _complete(found, facts)


def _named(words: list[str]) -> str:
    """The host that the command names: a warning gives its address only."""
    given = next((after for word, after in pairwise(words) if word.lower() in {"-computername", "-cn"}), "")
    return (given or (words[0] if words and not words[0].startswith("-") else "")).strip("'\"")


def _warned(facts: dict[str, str], says: str) -> None:
    connect, unresolved = CONNECT.search(says), UNRESOLVED.search(says)
    if connect:
        facts.setdefault("ComputerName", connect["host"])
        facts.setdefault("RemotePort", connect["port"])
        facts["_failed"] = "yes"
    elif unresolved:
        facts.setdefault("ComputerName", unresolved["host"])
        facts["_unresolved"] = "yes"


def _row(facts: dict[str, str], resolved: list[str], says: str) -> dict[str, Any]:
    port = facts.get("RemotePort", "")
    result, source = _result(facts), facts.get("SourceAddress", "")
    row = at.tcp_row(
        facts.get("ComputerName", ""), int(port) if port.isdigit() and len(port) < 6 else None, result,
        address=facts.get("RemoteAddress", ""), source=source if at.is_address(source) else "", says=says if result != "open" else "",
    )  # fmt: skip
    ping = None if result == "open" else SAID.get(facts.get("PingSucceeded", "").lower())
    hop = facts.get("NetRoute (NextHop)", "")
    return row | {"interface": facts.get("InterfaceAlias", ""), "ping": ping, "resolved": resolved, "next_hop": hop}


def _result(facts: dict[str, str]) -> str:
    """What the test proves: a connection, none, a name without an address, or nothing."""
    succeeded = SAID.get(facts.get("TcpTestSucceeded", "").lower())
    if succeeded:
        return "open"
    if _is_unresolved(facts):
        return "name-not-found"
    return "failed" if succeeded is False or "_failed" in facts else "unclear"


def _is_unresolved(facts: dict[str, str]) -> bool:
    """The words, the property, or the empty address next to the empty interface."""
    if facts.get("RemoteAddress"):
        return False
    told = "_unresolved" in facts or facts.get("NameResolutionSucceeded", "").lower() == "false"
    return told or (facts.get("RemoteAddress") == "" and facts.get("InterfaceAlias") == "")


def _complete(found: at.Found, facts: dict[str, str]) -> None:
    wants_port = bool(facts["RemotePort"])
    told = "TcpTestSucceeded" in facts or "_failed" in facts or _is_unresolved(facts)
    pinged = "PingSucceeded" in facts or "_unresolved" in facts
    if "RouteDiagnosticsSucceeded" in facts:
        found.say("Only the route was looked up; no connection was tried.")
    elif not facts["ComputerName"] or not (told if wants_port else pinged):
        found.cut()
    elif "_failed" in facts and "TcpTestSucceeded" not in facts:
        found.cut("Only the warning is in the paste; which address was used and from where is missing.")
    elif not wants_port:
        found.say("No port was given, so only ping was tested. That says nothing about the instance.")
