"""`curl -v telnet://host:port` (or https://host:1433) as a test of a TCP port.

Rows: one answer_text.tcp_row for each address that was tried. What happens after "Connected" says nothing of the
network: SQL Server does not speak first, so curl waits until its own limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "curl"
TITLE = "curl"
URL = re.compile(r"(?P<scheme>telnet|https?|tcp)://(?P<host>\[[^\]]+\]|[^\s:/\"']+):(?P<port>\d{1,5})", re.IGNORECASE)
TRYING = re.compile(r"^\s*\*\s+Trying (?P<address>\[?[0-9A-Fa-f.:]+?\]?)(?::(?P<port>\d{1,5}))?\.\.\.\s*$")
CONNECTED = re.compile(
    r"^\s*\* (?:Connected to (?P<host>\S+) \((?P<address>[^)]+)\) port (?P<port>\d{1,5})|"
    r"Established connection to (?P<host2>\S+) \((?P<address2>\S+) port (?P<port2>\d{1,5})\)(?: from (?P<source>\S+) port \d+)?)"
)
ATTEMPT = re.compile(
    r"^\s*\* connect to (?P<address>\S+) port (?P<port>\d{1,5})(?: from (?P<source>\S+) port \d+)? failed: (?P<says>.+)$",
    re.IGNORECASE,
)
FAILED = re.compile(
    r"^\s*(?:\*|curl: \((?P<code>\d+)\)) (?:Failed to connect to (?P<host>\S+) port (?P<port>\d{1,5})(?:(?: after (?P<ms>\d+) ms)?: (?P<says>.+))?|"
    r"(?P<name>Could not resolve host: (?P<host2>\S+))|(?P<waited>(?:Connection|Operation|Resolving) timed out after (?P<ms2>\d+) milliseconds.*))\s*$"
)
METER = re.compile(r"^.{0,120}--:--\s+\d{1,6}\s*(?=\*)")
EARLY = re.compile(r"^\s*(?:\* (?:About to connect\(\)|Rebuilt URL to:)|% Total\s+% Received)")
CHATTER = re.compile(r"^\s*(?:\*|<|>|\{|\}|% Total|\d+ +\d|curl: \(\d+\)|Dload|--:--)|^\s*\S+ +Upload|Warning: ")


def _bare(text: str) -> str:
    """Without the progress meter, which leaves no line's end before a message."""
    return METER.sub("", text[: at.LONGEST_LINE])


def _starts(text: str) -> bool:
    text = _bare(text)
    return bool(EARLY.match(text)) or _tells(text)


def _tells(text: str) -> bool:
    return any(form.match(text) for form in (TRYING, CONNECTED, ATTEMPT, FAILED)) or bool(
        re.match(r"\s*\* Host \S+:\d+ was resolved", text)
    )


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the first connection message on; the command before it is taken in."""
    for claim in at.blocks(lines, _starts, lambda text: bool(CHATTER.match(text)) and not at.is_command(text), KIND):
        if any(_tells(_bare(one.text)) for one in lines[claim.first : claim.last + 1]):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """One URL: all its addresses."""
    found = at.Found()
    url = next((known for line in lines[:1] if (known := URL.search(line.text))), None)
    host, port = (url["host"].strip("[]"), int(url["port"])) if url else ("", None)
    reader = _Reader(host, port)
    ended = False
    for line in at.without_command(lines, KIND):
        ended = ended or bool(
            re.match(r"\s*(?:curl: \(\d+\)|\* (?:Closing|Connection #?\d* ?.*left intact|shutting down))", line.text)
        )
        text = _bare(line.text)
        if not (reader.take(text) or at.blank(text) or CHATTER.match(text) or EARLY.match(text)):
            found.left.append(line)
    found.rows += reader.rows()
    found.about = reader.host
    connected = any(row["result"] == "open" for row in found.rows)
    if not found.rows or not (ended or connected):
        found.cut()
    return found.reading(KIND, TITLE, lines)


class _Reader:
    """What is known of each address, in the order they were tried."""

    def __init__(self, host: str, port: int | None) -> None:
        self.host, self.port = host, port
        self.tried: dict[str, dict[str, Any]] = {}
        self.connected = False

    def take(self, text: str) -> bool:
        """Take a line in; False where it is none of a connection."""
        if known := TRYING.match(text):
            self.port = int(known["port"]) if known["port"] else self.port
            self.tried.setdefault(known["address"].strip("[]"), {"result": "unclear"})
        elif known := CONNECTED.match(text):
            self.connected = True
            self.host = known["host"] or known["host2"] or self.host
            self.port = int(known["port"] or known["port2"])
            facts = {"result": "open", "source": known["source"] or ""}
            self.tried[(known["address"] or known["address2"]).strip("[]")] = facts
        elif known := ATTEMPT.match(text):
            self.port = int(known["port"])
            facts = {"result": at.failure(known["says"]), "says": known["says"], "source": known["source"] or ""}
            self.tried[known["address"].strip("[]")] = facts
        elif known := FAILED.match(text):
            self._failed(known)
        else:
            return False
        return True

    def _failed(self, known: re.Match[str]) -> None:
        """The end of all attempts: it settles those that have no result of their own."""
        if self.connected:
            return
        self.host = known["host"] or known["host2"] or self.host
        self.port = int(known["port"]) if known["port"] else self.port
        says = known["says"] or known["name"] or known["waited"] or ""
        result = at.failure(says) if says else "timeout" if known["code"] == "28" else "failed"
        time = known["ms"] or known["ms2"]
        open_ones = [facts for facts in self.tried.values() if facts["result"] == "unclear"]
        for facts in open_ones if self.tried else [self.tried.setdefault("", {"result": "unclear"})]:
            facts["result"], facts["says"] = result, says
        if time and len(self.tried) == 1:
            next(iter(self.tried.values()))["milliseconds"] = float(time)

    def rows(self) -> list[dict[str, Any]]:
        """One row for each address."""
        return [
            at.tcp_row(
                self.host, self.port, facts["result"], address=address, source=facts.get("source", ""),
                milliseconds=facts.get("milliseconds"), says=facts.get("says", ""),
            )
            for address, facts in self.tried.items()
        ]  # fmt: skip
