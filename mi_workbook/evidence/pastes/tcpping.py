"""`tcpping` of the App Service console (Kudu on Windows), and the script of that name on Linux.

Rows: one answer_text.tcp_row for each attempt. The tool leaves host and port out of a failure; they are taken from the
command before it. Sources: "Troubleshoot virtual network integration with Azure App Service", section "Tools"; the
Portal's own diagnosis of an app reads the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "tcpping"
TITLE = "tcpping (App Service console)"
CONNECTED = re.compile(
    r"^\s*Connected to (?P<host>[^\s:,]+)(?::(?P<port>\d{1,5}))?,?\s*time taken:\s*<?(?P<ms>\d+(?:[.,]\d+)?)\s?ms"
)
FAILED = re.compile(r"^\s*Connection attempt failed:\s*(?P<says>.*)$")
COMPLETE = re.compile(r"^\s*Complete:\s*(?P<good>\d+)/(?P<all>\d+)\s+successful attempts")
LINUX = re.compile(
    r"^\s*seq \d+: (?:tcp response from (?P<host>\S+)(?: \((?P<address>[^)]+)\))?\s+\[(?P<state>open|closed)\]\s+(?P<ms>\d+(?:\.\d+)?) ms|no response \(timeout\))"
)


def _starts(text: str) -> bool:
    return any(form.match(text) for form in (CONNECTED, FAILED, COMPLETE, LINUX))


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of its lines; the command before them is taken in."""
    for claim in at.blocks(lines, _starts, lambda text: False, KIND):
        first = claim.first
        for here in range(claim.first, claim.last + 1):  # two runs without a prompt between them
            if COMPLETE.match(lines[here].text) and here < claim.last and not at.blank(lines[here + 1].text):
                yield Claim(first, here)
                first = here + 1
        yield Claim(first, claim.last)


def read(lines: Sequence[Line]) -> Reading:
    """All attempts of one run."""
    found, complete = at.Found(), None
    host, port = _target(at.plain(_without_values(at.typed(lines, KIND))))
    for line in at.without_command(lines, KIND):
        text = line.text
        if known := CONNECTED.match(text):
            host, port = known["host"], int(known["port"]) if known["port"] else (port or 80)
            found.rows.append(at.tcp_row(host, port, "open", milliseconds=float(known["ms"].replace(",", "."))))
        elif failed := FAILED.match(text):
            found.rows.append(at.tcp_row(host, port, at.failure(failed["says"]), says=failed["says"]))
        elif linux := LINUX.match(text):
            found.rows.append(_linux(linux, host, port))
        elif done := COMPLETE.match(text):
            complete = int(done["all"])
        elif not at.blank(text):
            found.left.append(line)
    for row in found.rows:
        row["host"], row["port"] = row["host"] or host, row["port"] or port
    found.about = host
    if complete is None or len(found.rows) < min(complete, 1000):
        found.cut()
    if found.rows and not host:
        found.say("The command is not in the paste, and a failure does not name host and port.")
    return found.reading(KIND, TITLE, lines)


def _linux(known: re.Match[str], host: str, port: int | None) -> dict[str, object]:
    if known["host"] is None:
        return at.tcp_row(host, port, "timeout", says="no response (timeout)")
    result = "open" if known["state"] == "open" else "refused"
    address = known["address"] or ""
    return at.tcp_row(host or known["host"], port, result, address=address, milliseconds=float(known["ms"]))


def _without_values(words: list[str]) -> list[str]:
    """Arguments without the options' values (`-n 1`, `-w 10`)."""
    return [w for before, w in zip(["", *words], words, strict=False) if not re.fullmatch(r"-[A-Za-z]", before)]


def _target(words: list[str]) -> tuple[str, int | None]:
    if not words:
        return "", None
    host, _, port = words[0].partition(":")
    port = port or (words[1] if len(words) > 1 else "")
    return host, int(port) if port.isdigit() and len(port) < 6 else 80
