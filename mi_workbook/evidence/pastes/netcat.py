"""`nc -vz`: OpenBSD's, macOS's, the traditional one, BusyBox's, Nmap's ncat; and bash's /dev/tcp.

Rows: answer_text.tcp_row. ncat leaves the name out, so host and port are taken from the command before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "nc"
TITLE = "nc"
COMMANDS = ("nc", "ncat", "netcat")
NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^\s*Connection to (?P<host>\S+)(?: \((?P<address>[^)]+)\))? (?:port )?(?P<port>\d{1,5})(?: port)? \[[^\]]*\] (?P<good>succeeded)!",
        r"^\s*nc: connectx? to (?P<host>\S+)(?: \((?P<address>[^)]+)\))? port (?P<port>\d{1,5}) \(tcp\) (?P<says>failed: .+|timed out.*)$",
        r"^\s*nc: getaddrinfo for host \"(?P<host>[^\"]+)\" port (?P<port>\d{1,5}): (?P<says>.+)$",
        r"^\s*(?P<host>\S+) \((?P<address>[0-9a-f.:]+?):(?P<port>\d{1,5})\) (?P<good>open)\s*$",
        r"^\s*nc: (?P<host>\S+) \((?P<address>[0-9a-f.:]+?):(?P<port>\d{1,5})\): (?P<says>.+)$",
        r"^\s*(?P<host>\S+) \[(?P<address>[0-9a-f.:]+)\] (?P<port>\d{1,5}) \([^)]*\) (?:(?P<good>open)|: (?P<says>.+))\s*$",
        r"^\s*Ncat: Connected to (?P<address>[0-9a-f.:]+):(?P<port>\d{1,5})(?P<good>)\.",
        r"^\s*(?:-?\w*sh: .{0,40})?/dev/tcp/(?P<host>[^/\s]+)/(?P<port>\d{1,5}): (?P<says>.+)$",
    )
)
UNNAMED = re.compile(
    r"^\s*(?:Ncat: (?P<ncat>(?!Version|Connected|\d+ bytes).+)|nc: (?P<nc>(?:getaddrinfo|bad address|timed out|unable to).*)|\S+: forward host lookup failed: (?P<old>.+))$"
)
CHATTER = re.compile(
    r"^\s*(?:Ncat: (?:Version|\d+ bytes)|found \d+ (?:associations|connections)|\d+:\s+flags=|outif |src |dst |rank info|TCP aux info|"
    r"DNS fwd/rev mismatch|Warning: inverse host lookup)"
)
FIRST = re.compile(r"^\s*(?:Ncat: |found \d+ (?:associations|connections))")
SOURCE = re.compile(r"^\s*src (?P<source>\S+) port \d+")


def _named(text: str) -> re.Match[str] | None:
    return next((known for form in NAMED if (known := form.match(text))), None)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of its lines; the command before them is taken in."""

    def starts(text: str) -> bool:
        return bool(_named(text) or UNNAMED.match(text) or FIRST.match(text))

    return at.blocks(lines, starts, lambda text: bool(CHATTER.match(text)), *COMMANDS)


def read(lines: Sequence[Line]) -> Reading:
    """All ports of one or more runs."""
    found = at.Found()
    host, port = _target(at.typed(lines, *COMMANDS))
    source = ""
    for line in at.without_command(lines, *COMMANDS):
        text = line.text
        if known := _named(text):
            facts = known.groupdict()
            says, good = facts.get("says") or "", facts.get("good") is not None
            row = at.tcp_row(
                (facts.get("host") or host).strip("()"), int(facts["port"]), "open" if good else at.failure(says),
                address=facts.get("address") or "", source=source, says=says,
            )  # fmt: skip
            found.rows.append(row)
            source = ""
        elif failed := UNNAMED.match(text):
            says = failed["ncat"] or failed["nc"] or failed["old"]
            found.rows.append(at.tcp_row(host, port, at.failure(says), says=says))
        elif known := SOURCE.match(text):
            source = known["source"]
        elif not at.blank(text) and not CHATTER.match(text):
            found.left.append(line)
    found.about = next((row["host"] for row in found.rows if row["host"]), host)
    if any(not row["host"] and not row["address"] for row in found.rows):
        found.say("The command is not in the paste, and the tool names neither host nor port.")
    if not found.rows:
        found.cut()
    return found.reading(KIND, TITLE, lines)


def _target(words: list[str]) -> tuple[str, int | None]:
    names = [
        word for before, word in zip(["", *words], words, strict=False) if not re.fullmatch(r"-[A-Za-z]*[wGip]", before)
    ]
    names = at.plain(names)
    port = names[1] if len(names) > 1 else ""
    return (names[0] if names else ""), int(port) if port.isdigit() and len(port) < 6 else None
