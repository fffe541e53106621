"""`psping host:port` of Sysinternals.

Rows: one answer_text.tcp_row for each attempt, the warm-up among them. An error is in the display language of the
system: one that is not known is "failed". Source: documentation of PsPing; output as in "Troubleshoot on-premises
to Azure VPN", its examples of success and of a timeout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

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

    reasons = {lines[here].text for here in range(1, len(lines)) if _is_reason(lines, here)}

    def belongs(text: str) -> bool:
        return bool(CHATTER.match(text) or SUMMARY.match(text) or text in reasons)

    for claim in at.blocks(lines, starts, belongs, *COMMANDS):
        if any(HEAD.match(one.text) or ATTEMPT.match(one.text) for one in lines[claim.first : claim.last + 1]):
            yield claim


def _is_reason(lines: Sequence[Line], here: int) -> bool:
    """True for the words of a failure on a line of their own, under an attempt that ends with its colon."""
    before, text = ATTEMPT.match(lines[here - 1].text), lines[here].text
    return bool(
        before and not before["rest"] and not at.blank(text) and not ATTEMPT.match(text) and not HEAD.match(text)
    )


def read(lines: Sequence[Line]) -> Reading:
    """All attempts of one run."""
    found, complete = at.Found(), False
    body = at.without_command(lines, *COMMANDS)
    for here, line in enumerate(body):
        attempt = ATTEMPT.match(line.text)
        if attempt:
            reason = body[here + 1].text.strip() if here + 1 < len(body) and _is_reason(body, here + 1) else ""
            if attempt["rest"] or reason:
                found.rows.append(_row(attempt, attempt["rest"] or reason))
        elif SUMMARY.match(line.text):
            complete = True
        elif here and _is_reason(body, here):
            continue
        elif not (at.blank(line.text) or CHATTER.match(line.text) or HEAD.match(line.text)):
            found.left.append(line)
    words = at.plain(at.typed(lines, *COMMANDS))
    named = [word for word in words if ":" in word]
    found.about = found.rows[0]["host"] if found.rows else (named[-1].rsplit(":", 1)[0] if named else "")
    if not complete or not found.rows:
        found.cut()
    return found.reading(KIND, TITLE, lines)


def _row(attempt: re.Match[str], rest: str) -> dict[str, Any]:
    host, source = (attempt["host"].strip("[]")), (attempt["source"] or "").strip("[]")
    time = TIME.match(rest)
    return at.tcp_row(
        host, int(attempt["port"]), "open" if time else at.failure(rest), source=source,
        milliseconds=float(time["ms"].replace(",", ".")) if time else None, says="" if time else rest,
    )  # fmt: skip
