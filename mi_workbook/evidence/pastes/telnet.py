"""`telnet HOST PORT` of Linux, macOS and Windows, as people test a port with it.

Rows: answer_text.tcp_row, one for each address that was tried. On Linux and macOS the answer does not name the port, on
Windows it does not name the address; the rest is taken from the command. Windows clears the screen when it connects, so that
only its failures are ever pasted. Source: manual page telnet(1); "telnet" in Windows Commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "telnet"
TITLE = "telnet"
DEFAULT_PORT = 23
TRYING = re.compile(r"^\s*Trying (?P<address>[0-9A-Fa-f.:]+)\.\.\.(?P<rest>.*)$")
CONNECTED = re.compile(r"^\s*Connected to (?P<host>[^\s,]+?)\.?\s*$")
FAILED = re.compile(
    r"^\s*telnet: (?:connect to address (?P<address>[0-9A-Fa-f.:]+?): |can't connect to remote host \((?P<busybox>[0-9A-Fa-f.:]+)\): |Unable to connect to remote host: |could not resolve (?P<host>[^\s/]+)/\S+: )?"
    r"(?P<says>[^\d\s].*)$"
)
# "Connecting To X...Could not open connection to the host, on port 1433: Connect failed", in any display language.
WINDOWS = re.compile(
    r"^\s*\S[^.]{2,60} (?P<host>[\w.-]+?)\.\.\.\s?(?P<says>\S.*?\bport\w* (?P<port>\d{1,5}):.*)$", re.IGNORECASE
)
LAST_WORD = re.compile(r"^\s*telnet: Unable to connect to remote host")
CHATTER = re.compile(r"^\s*(?:Escape character is|\^\]|telnet>|Connection closed|\^C|Connection to \S+ closed)")


def _starts(text: str) -> bool:
    return bool(TRYING.match(text) or WINDOWS.match(text) or FAILED.match(text))


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the command or the first attempt on; `Trying ...` alone may be another tool's."""
    for claim in at.blocks(lines, _starts, lambda text: bool(CONNECTED.match(text) or CHATTER.match(text)), KIND):
        block = lines[claim.first : claim.last + 1]
        typed = at.command(block[0].text, KIND) is not None
        if typed or any(FAILED.match(one.text) or WINDOWS.match(one.text) or CHATTER.match(one.text) for one in block):
            yield claim


@dataclass(slots=True)
class _Call:
    """One call: what was asked for, the address that is being tried, and whether its last line was seen."""

    host: str
    port: int | None
    found: at.Found = field(default_factory=at.Found)
    tried: str = ""
    closed: bool = False

    def add(self, result: str, *, host: str = "", address: str = "", says: str = "") -> None:
        """The end of an attempt."""
        row = at.tcp_row(self.host or host, self.port, result, address=address or self.tried, says=says)
        self.found.rows.append(row)
        self.tried = ""


def read(lines: Sequence[Line]) -> Reading:
    """All addresses of one call."""
    words = at.plain(at.typed(lines, KIND))
    call = _Call(words[0] if words else "", _port(words))
    for line in at.without_command(lines, KIND):
        if not (at.blank(line.text) or _line(call, line.text)):
            call.found.left.append(line)
    _conclude(call, lines)
    return call.found.reading(KIND, TITLE, lines)


def _port(words: list[str]) -> int | None:
    if len(words) < 2:
        return DEFAULT_PORT if words else None
    return int(words[1]) if words[1].isdigit() and len(words[1]) < 6 else None


def _line(call: _Call, text: str) -> bool:
    """Take one line in; False where it is not understood."""
    if known := TRYING.match(text):
        call.tried = known["address"]
    elif known := CONNECTED.match(text):
        call.add("open", host=known["host"])
    elif (call.found.rows and not call.tried and LAST_WORD.match(text)) or CHATTER.match(text):
        call.closed = True
    elif known := FAILED.match(text):
        call.closed = call.closed or not known["address"]
        where = known["address"] or known["busybox"] or ""
        call.add(at.failure(known["says"]), host=known["host"] or "", address=where, says=known["says"])
    elif known := WINDOWS.match(text):
        call.closed, call.port, call.host = True, int(known["port"]), known["host"]
        call.add(at.failure(known["says"]), says=known["says"])
    else:
        return False
    return True


def _conclude(call: _Call, lines: Sequence[Line]) -> None:
    found = call.found
    if call.tried:
        call.add("unclear")
        found.cut("The last attempt has no end: it still waited, or the rest is not in the paste.")
    found.about = call.host or next((row["host"] or row["address"] for row in found.rows), "")
    if any(row["port"] is None for row in found.rows):
        found.say("The command is not in the paste, and the tool does not name the port.")
    if not found.rows:
        found.cut()
    elif at.ends_open(lines) and not call.closed:
        found.say(at.MAY_GO_ON)
