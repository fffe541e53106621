"""`traceroute`, `tracert` in any display language, `tcptraceroute`: told apart by the shape of their hops.

Rows: {"hop", "addresses": [...], "names": [...], "milliseconds": [...], "says"}; no address where nothing answered.
says: "open" or "closed" of tcptraceroute's last hop, "!X" and the like of traceroute. Hops that do not answer prove
nothing: routers and Azure's own hops leave such packets unanswered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "traceroute"
TITLE = "traceroute, tracert"
COMMANDS = ("traceroute", "tracert", "tcptraceroute", "traceroute6", "tracepath")
HOP = re.compile(r"^\s*(?P<hop>\d{1,3})\s+(?P<rest>\S.*)$")
TIME = re.compile(r"<?(?P<ms>\d{1,6}(?:[.,]\d+)?)\s?(?:ms|мс|毫秒)(?!\w)")
ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8})(?![\w:]|\.\d)")
HEAD = re.compile(r"(?:traceroute6? to|Tracing the path to|Tracing route to) ", re.IGNORECASE)
TARGET = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*[\[(](?P<address>[0-9A-Fa-f.:]+)[\])]")
MOST = re.compile(r"\b(?P<hops>\d{1,3}) hops max|\b(?P<last>\d{1,3})\b(?!.*\d)")
SAYS = re.compile(r"\[(open|closed)\]|(![A-Z]?\d*)(?=\s|$)")
MORE = re.compile(r"^\s{3,}\S.*\bms\b")
REPORTED = re.compile(r"^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]+)\]?\s+(?P<says>[^\W\d][^=]{6,120})$")
SELECTED = re.compile(r"^\s*Selected device (?P<device>\S+), address (?P<source>\S+),")


def is_hop(text: str, number: int | None = None) -> bool:
    """True for a hop's line: its number, then times or asterisks."""
    known = HOP.match(text[: at.LONGEST_LINE])
    if not known or (number is not None and int(known["hop"]) != number):
        return False
    rest = known["rest"]
    return bool(re.match(r"\*(?:\s+\*|\s*$|\s+\d)", rest) or TIME.search(rest) or REPORTED.match(rest))


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the header (at most three lines above hop 1) to the last hop, and the sentence after it."""
    taken = -1
    for here in range(len(lines)):
        if here <= taken or not is_hop(lines[here].text, 1):
            continue
        begin = _begin(lines, here, taken)
        if begin == here and not (here + 1 < len(lines) and is_hop(lines[here + 1].text, 2)):
            continue
        end = here + 1
        while (
            end < len(lines)
            and (is_hop(lines[end].text) or MORE.match(lines[end].text))
            and not is_hop(lines[end].text, 1)
        ):
            end += 1
        taken = _closing(lines, end)
        yield Claim(begin, taken)


def _begin(lines: Sequence[Line], here: int, taken: int) -> int:
    first, texts = here, 0
    for before in range(here - 1, max(taken, here - 7), -1):
        text = lines[before].text
        if at.command(text, *COMMANDS) is not None:
            return before
        if at.blank(text):
            continue
        texts += 1
        if texts > 3 or at.is_command(text) or not (HEAD.search(text) or SELECTED.match(text) or text.rstrip().endswith((":", "："))
                                                   or MOST.search(text) or TARGET.search(text)):  # fmt: skip
            break
        first = before
    return first


def _closing(lines: Sequence[Line], end: int) -> int:
    """The position of the last line: a closing sentence has no digit and stands after a blank line."""
    here = end
    while here < len(lines) and at.blank(lines[here].text):
        here += 1
    text = lines[here].text.strip() if here < len(lines) else ""
    if here > end and text and re.fullmatch(r"[^\d:=>]{4,60}[.。]", text):
        return here
    return end if end < len(lines) and at.blank(lines[end].text) else end - 1


def read(lines: Sequence[Line]) -> Reading:
    """One trace."""
    found, words = at.Found(), at.plain(at.typed(lines, *COMMANDS))
    head: list[str] = []
    closed = False
    for line in at.without_command(lines, *COMMANDS):
        text = line.text[: at.LONGEST_LINE]
        if is_hop(text):
            found.rows.append(_row(text))
        elif found.rows and MORE.match(text):
            _add(found.rows[-1], text)
        elif not found.rows:
            head.append(text)
        elif not at.blank(text):
            closed = True
    _target(found, " ".join(one.strip() for one in head), words, closed)
    return found.reading(KIND, TITLE, lines)


def _row(text: str) -> dict[str, Any]:
    known = HOP.match(text)
    row: dict[str, Any] = {
        "hop": int(known["hop"]) if known else 0,
        "addresses": [],
        "names": [],
        "milliseconds": [],
        "says": "",
    }
    _add(row, known["rest"] if known else text)
    reported = REPORTED.match(known["rest"]) if known and not row["milliseconds"] else None
    row["says"] = reported["says"].strip() if reported else row["says"]
    return row


def _add(row: dict[str, Any], text: str) -> None:
    row["milliseconds"] += [float(one["ms"].replace(",", ".")) for one in TIME.finditer(text)]
    rest = TIME.sub(" ", text)
    for address in ADDRESS.findall(rest):
        if at.is_address(address) and address not in row["addresses"]:
            row["addresses"].append(address)
    for name in re.findall(at.NAME, rest):
        if not at.is_address(name) and name not in row["names"] and not name.endswith("."):
            row["names"].append(name)
    said = SAYS.search(rest)
    row["says"] = (said[1] or said[2]) if said else row["says"]
    if not row["addresses"]:
        row["names"] = []  # words of a sentence, not names


def _target(found: at.Found, head: str, words: list[str], closed: bool) -> None:
    target = TARGET.search(head)
    found.about = target["name"] if target else (words[0] if words else "")
    address = target["address"] if target else ""
    if not address:
        address = next((one for one in ADDRESS.findall(head) if at.is_address(one)), found.about)
    most = MOST.search(TARGET.sub(" ", head).replace(address, " ") if address else head)
    limit = int(most["hops"] or most["last"]) if most else 30
    last = found.rows[-1] if found.rows else None
    if last is None:
        found.cut()
    elif not (closed or address in last["addresses"] or last["hop"] >= limit):
        found.cut("The trace has no end in the paste: it was stopped, or the rest is missing.")
