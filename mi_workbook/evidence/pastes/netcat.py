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
        r"^\s*Ncat: Connection to (?P<address>[0-9a-f.:]+) failed: (?P<says>.+)$",
        r"^\s*Ncat: Connected to (?P<address>[0-9a-f.:]+):(?P<port>\d{1,5})(?P<good>)\.",
        r"^\s*(?:-?\w*sh: .{0,40})?/dev/tcp/(?P<host>[^/\s]+)/(?P<port>\d{1,5}): (?P<says>.+)$",
    )
)
UNNAMED = re.compile(
    r"^\s*(?:Ncat: (?P<ncat>(?!Version|Connected|Trying next|\d+ bytes).+)|nc: (?P<nc>(?:getaddrinfo|bad address|timed out|unable to).*)|(?:nc: )?\S+?:? forward host lookup failed: (?P<old>.+))$"
)
CHATTER = re.compile(
    r"^\s*(?:-?\w*sh: connect: |Ncat: (?:Version|\d+ bytes|Trying next)|found \d+ (?:associations|connections)|\d+:\s+flags=|outif |src |dst |rank info|TCP aux info|"
    r"DNS fwd/rev mismatch|Warning: inverse host lookup)"
)
FIRST = re.compile(
    r"^\s*(?:Ncat: |-?\w*sh: connect: |found \d+ (?:associations|connections)|DNS fwd/rev mismatch|Warning: inverse host lookup)"
)
AFTER = re.compile(r"^\s*Ncat: \d+ bytes")
SOURCE = re.compile(r"^\s*src (?P<source>\S+) port \d+")


def _named(text: str) -> re.Match[str] | None:
    return next((known for form in NAMED if (known := form.match(text))), None)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """One block for each test: what the tool prints around its result, and the command before it."""
    begin: int | None = None
    done = False
    for here in range(len(lines) + 1):
        text = lines[here].text if here < len(lines) else ""
        result, around = bool(_named(text) or UNNAMED.match(text)), bool(CHATTER.match(text))
        if begin is not None and ((done and not AFTER.match(text)) or not (result or around or at.blank(text))):
            yield Claim(begin, _closing(lines, here))
            begin = None
        if begin is None and here < len(lines) and (result or (around and FIRST.match(text))):
            before = here > 0 and at.command(lines[here - 1].text, *COMMANDS) is not None
            begin, done = here - 1 if before else here, False
        done = done or (begin is not None and result)
    if begin is not None:
        yield Claim(begin, len(lines) - 1)


def _closing(lines: Sequence[Line], here: int) -> int:
    """The last line of a block that goes to before `here`, one blank line at most."""
    last = here - 1
    while last > 0 and at.blank(lines[last].text):
        last -= 1
    return min(last + 1, len(lines) - 1) if last + 1 < len(lines) and at.blank(lines[last + 1].text) else last


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
                _host(facts.get("host"), host), int(facts.get("port") or port or 0) or None, "open" if good else at.failure(says),
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


def _host(named: str | None, asked: str) -> str:
    plain = (named or "").strip("()")
    return asked if plain in {"", "UNKNOWN"} else plain


def _target(words: list[str]) -> tuple[str, int | None]:
    names = [
        word for before, word in zip(["", *words], words, strict=False) if not re.fullmatch(r"-[A-Za-z]*[wGip]", before)
    ]
    names = at.plain(names)
    port = names[1] if len(names) > 1 else ""
    return (names[0] if names else ""), int(port) if port.isdigit() and len(port) < 6 else None
