"""`psping host:port` of Sysinternals.

Rows: one answer_text.tcp_row for each attempt, the warm-up among them. An error is in the display language of the
system: one that is not known is "failed". Source: documentation of PsPing; output as in "Troubleshoot on-premises
to Azure VPN", its examples of success and of a timeout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "psping"
TITLE = "PsPing"
COMMANDS = ("psping", "psping64")
HEAD = re.compile(r"^\s*(?:PsPing v|TCP connect to \S+:\d+:)")
ATTEMPT = re.compile(
    r"^\s*Connecting to (?P<host>\[?[^\s\]]+?\]?):(?P<port>\d{1,5})(?: \(warmup\))?:\s*(?:from (?P<source>\S+?):\d+:\s*)?(?P<rest>.*)$"
)
TIME = re.compile(r"^(?P<ms>\d+(?:[.,]\d+)?)\s?ms\s*$")
SUMMARY = re.compile(r"^\s*\S.{0,40}= ?\d+.*\(\d+%.*\)")
CHATTER = re.compile(
    r"^\s*(?:Copyright|Sysinternals|\d+ iterations|Infinite iterations|TCP connect|PsPing|TCP connect statistics|.{0,60}= ?\d+[.,]\d+ms)"
)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the banner or the first attempt on."""

    def starts(text: str) -> bool:
        return bool(HEAD.match(text) or ATTEMPT.match(text))

    def belongs(text: str) -> bool:
        return bool(CHATTER.match(text) or SUMMARY.match(text))

    for claim in at.blocks(lines, starts, belongs, *COMMANDS):
        if any(HEAD.match(one.text) or ATTEMPT.match(one.text) for one in lines[claim.first : claim.last + 1]):
            yield claim


def read(lines: Sequence[Line]) -> Reading:
    """All attempts of one run."""
    found, complete = at.Found(), False
    for line in at.without_command(lines, *COMMANDS):
        attempt = ATTEMPT.match(line.text)
        if attempt and attempt["rest"]:
            host, source = (attempt["host"].strip("[]")), (attempt["source"] or "").strip("[]")
            time = TIME.match(attempt["rest"])
            row = at.tcp_row(
                host, int(attempt["port"]), "open" if time else at.failure(attempt["rest"]), source=source,
                milliseconds=float(time["ms"].replace(",", ".")) if time else None, says="" if time else attempt["rest"],
            )  # fmt: skip
            found.rows.append(row)
        elif SUMMARY.match(line.text):
            complete = True
        elif not (attempt or at.blank(line.text) or CHATTER.match(line.text) or HEAD.match(line.text)):
            found.left.append(line)
    words = at.plain(at.typed(lines, *COMMANDS))
    found.about = found.rows[0]["host"] if found.rows else (words[-1].rsplit(":", 1)[0] if words else "")
    if not complete or not found.rows:
        found.cut()
    return found.reading(KIND, TITLE, lines)
