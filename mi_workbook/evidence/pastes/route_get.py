"""macOS and BSD `route -n get ADDRESS`: the route that the system takes to this one address.

Rows: `route_answers.answer_row`; `prefix` is that of the route that won. Source: route(8), command get; the shape is that of
Apple's and FreeBSD's route (destination, mask, gateway, interface, flags, then a line of numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.route_answers import NARROWED, NO_QUESTION, answer_row, refusal
from mi_workbook.evidence.pastes.shapes import DOTTED, bare_address, is_ipv4, masked, prefix

KIND = "route-get"
TITLE = "macOS, BSD: route get"
COMMANDS = ("route",)
FIRST = re.compile(r"^\s*route to: (?P<value>\S+)\s*$")
FACT = re.compile(
    r"^\s*(?P<key>route to|destination|mask|gateway|interface|if address|local addr|fib|flags|label|priority|use): (?P<value>\S.*?)\s*$"
)
NUMBERS = re.compile(r"^\s*(?:(?:recvpipe|use|mtu)\b[\w ,]+|[\d ]+)$")
NO_ROUTE = re.compile(r"^\s*route: (?:writing to routing socket|message indicates error): (?P<why>.+)$")
LIMITS = ("-ifscope", "-ifp", "-ifa", "-fib", "-T", "-src")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From `route to:` on, or the error after the command; with the command before it."""
    return at.runs(lines, _block)


def _block(lines: Sequence[Line], first: int) -> tuple[int, bool] | None:
    """The last line of what begins here with the command, or with the answer alone."""
    typed = asked(lines[first].text) is not None
    last = first + 1 if typed else first
    text = lines[last].text if last < len(lines) else ""
    if not (FIRST.match(text) or (typed and NO_ROUTE.match(text))):
        return None
    while last + 1 < len(lines) and _goes_on(lines[last + 1].text):
        last += 1
    return last, True


def _goes_on(text: str) -> bool:
    known = FACT.match(text)
    return bool(known and known["key"] != "route to") or bool(NUMBERS.match(text) and text.strip())


def asked(text: str) -> list[str] | None:
    """The words of the command where the line is `route get`, else None."""
    words = at.command(text, *COMMANDS) if "get" in text else None
    return words if words and "get" in words else None


def read(lines: Sequence[Line]) -> Reading:
    """One address's route."""
    found, words = at.Found(), next((w for line in lines if (w := asked(line.text)) is not None), [])
    narrowed = any(word in LIMITS for word in words)
    typed = next((bare_address(word) for word in reversed(words) if bare_address(word)), "")
    facts: dict[str, str] = {}
    for line in lines:
        known, refused = FACT.match(line.text), NO_ROUTE.match(line.text)
        if known:
            facts[known["key"]] = known["value"]
        elif refused:
            found.rows.append(answer_row(typed, refusal(refused["why"]), narrowed=narrowed, says=refused["why"]))
        elif asked(line.text) is None and not at.blank(line.text) and not NUMBERS.match(line.text):
            found.left.append(line)
    _conclude(found, facts, typed, narrowed)
    return found.reading(KIND, TITLE, lines)


def _conclude(found: at.Found, facts: dict[str, str], typed: str, narrowed: bool) -> None:
    """The answer names the address itself, unless names were looked up (no -n): then the command tells it."""
    address = bare_address(facts.get("route to", "")) or typed
    found.about = address
    if "interface" in facts:
        blocked = {"REJECT": "unreachable", "BLACKHOLE": "blackhole"}
        flags = facts.get("flags", "").strip("<>").split(",")
        result = next((kind for flag, kind in blocked.items() if flag in flags), "unicast")
        source = facts.get("if address", "") or facts.get("local addr", "")
        found.rows.append(
            answer_row(address, result, gateway=facts.get("gateway", ""), interface=facts["interface"], source=source,
                       prefix=_prefix(facts, flags), narrowed=narrowed)
        )  # fmt: skip
    if not found.rows or ("interface" in facts and "flags" not in facts):
        found.cut()
    if found.rows and not address:
        found.say(NO_QUESTION)
    if narrowed and found.rows:
        found.say(NARROWED)


def _prefix(facts: dict[str, str], flags: list[str]) -> str:
    """The prefix of the route that won; "" where it is not shown: a destination without a mask is one host only with HOST."""
    target, mask = facts.get("destination", ""), facts.get("mask", "")
    if target == "default":
        return "0.0.0.0/0" if mask in ("default", "") else masked("0.0.0.0", mask)
    if not is_ipv4(target):
        return ""
    if DOTTED.fullmatch(mask):
        return masked(target, mask)
    return prefix(f"{target}/32") if "HOST" in flags and not mask else ""
