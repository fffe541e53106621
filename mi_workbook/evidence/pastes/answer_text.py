"""What the parsers of tool answers share: addresses, command lines, blocks of lines, kinds of failure. Pure text."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

LONGEST_LINE = 4000
MAY_GO_ON = "Nothing after the last line shows that the output ends there; more lines may have followed."
NO_MARK = "A list has no mark at its end; compare the number of its entries with what the tool showed."
CUT_OFF = "The output is cut off before its end; what is missing is not known."
NAME = r"(?:[A-Za-z0-9_](?:[\w-]{0,62})\.)+[A-Za-z0-9_-]{1,63}"
PROMPT = re.compile(
    r"^\s*(?:[A-Za-z]:\\[^>]{0,200}>|PS ?[^>]{0,200}>|>|"
    r"(?:\(\w{1,30}\) ?)?(?:[\w.-]{0,60}@[\w.:~/ -]{1,120}|\[[^\]]{1,80}\]|[\w.-]{0,30}:[~/]\S{0,60}|(?:ba)?sh-[\d.]+)?[$#%]\s)\s*(?=\S)"
)
WRAPPERS = frozenset({"timeout", "time", "sudo"})
TOOLS = (
    "nslookup", "getent", "dscacheutil", "resolve-dnsname", "dig", "nameresolver", "test-netconnection", "tnc", "psping", "psping64", "tcpping", "nc", "ncat", "netcat",
    "curl", "telnet", "traceroute", "tracert", "tcptraceroute", "az", "get-azeffectiveroutetable", "printenv", "ipconfig", "get-netroute", "netsh", "netstat",
    "find-netroute", "resolvectl", "systemd-resolve", "scutil", "get-dnsclientserveraddress", "get-dnsclientnrptpolicy", "get-dnsclientnrptrule",
)  # fmt: skip
_RESULTS = (
    ("blocked", r"access a socket|access permissions|administratively prohibited|\b10013\b"),
    ("name-not-found", r"no such host|could ?n[o']t resolve|not resolve host|name or service not known|nodename nor servname|"
     r"database lookup|temporary failure in name|name does not resolve|\b11001\b|bad address|name resolution|unknown host"),
    ("timeout", r"timed? ?-?out|timeout|\b10060\b|did not properly respond"),
    ("refused", r"refused|\b10061\b"),
    ("unreachable", r"no route to host|unreachable|\b1005[12]\b|\b10065\b"),
)  # fmt: skip
RESULTS = tuple((result, re.compile(pattern, re.IGNORECASE)) for result, pattern in _RESULTS)


@dataclass(slots=True)
class Found:
    """What a parser gathers while it reads."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: str = ""
    whole: bool = True

    def say(self, note: str) -> None:
        """A note, once."""
        if note not in self.notes:
            self.notes.append(note)

    def cut(self, note: str = CUT_OFF) -> None:
        """The output ends before its format does."""
        self.whole = False
        self.say(note)

    def reading(self, kind: str, title: str, lines: Sequence[Line]) -> Reading:
        """All of it as a reading of these lines."""
        span = (lines[0].number, lines[-1].number) if lines else (0, 0)
        rows = tuple(self.rows)
        return Reading(kind, title, rows, tuple(self.left), tuple(self.notes), self.whole, self.about, span)


def is_address(text: str) -> bool:
    """True for an IPv4 or IPv6 address, with or without a zone."""
    try:
        ipaddress.ip_address(text.strip())
    except ValueError:
        return False
    return True


def is_prefix(text: str) -> bool:
    """True for an address or a prefix in CIDR form."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def record_type(address: str) -> str:
    """A or AAAA."""
    return "AAAA" if ":" in address else "A"


def failure(text: str) -> str:
    """The kind of failure that a tool's words name; "failed" for words that are not known, as in other languages."""
    return next((result for result, pattern in RESULTS if pattern.search(text)), "failed")


def blank(text: str) -> bool:
    """True for a line without anything to see."""
    return not text.strip()


def after_prompt(text: str) -> str:
    """The line without a prompt before it."""
    return PROMPT.sub("", text[:LONGEST_LINE], count=1).strip()


def command(text: str, *names: str) -> list[str] | None:
    """The arguments where the line runs one of the named commands (with or without a prompt), else None.

    A message that begins with the name is no command: `timeout 5 nc ...` is one, `traceroute to ...` is not.
    """
    bare = after_prompt(text)
    if not _program(bare) & {*names, *WRAPPERS}:
        return None
    words = _words(bare)
    if len(words) > 2 and words[0] in WRAPPERS:
        words = words[2:] if words[0] == "timeout" else words[1:]
    if words[1:2] in ([":"], ["to"]):
        return None
    return words[1:] if _program(words[0]) & set(names) else None


def _program(line: str) -> set[str]:
    """The name of the program that a line begins with, without folder and .exe; nothing for an empty line."""
    first = line.split(None, 1)[0] if line.strip() else ""
    name = first.lower().replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe")
    return {name} if name else set()


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, posix=False)
    except ValueError:
        return text.split()


def plain(words: Iterable[str]) -> list[str]:
    """Arguments that are no options, without quotes around them."""
    return [word.strip("'\"") for word in words if not word.startswith("-")]


def is_command(text: str) -> bool:
    """True for a line with something typed, after a prompt or without: there another piece of output begins."""
    if command(text, *TOOLS) is not None:
        return True
    return bool(PROMPT.match(text[:LONGEST_LINE])) and not text.lstrip().startswith((">", "*", "+"))


def blocks(
    lines: Sequence[Line],
    starts: Callable[[str], bool],
    belongs: Callable[[str], bool],
    *names: str,
    again: bool = False,
) -> Iterator[Claim]:
    """Runs of lines from one that starts a block on, blank lines inside included, one blank line at its end kept.

    names: commands; the line that runs one is taken in where it stands before the block. again: a line that starts a
    block also ends the one before it.
    """
    at, last = 0, -1
    while at < len(lines):
        if not starts(lines[at].text):
            at += 1
            continue
        end = at + 1
        while end < len(lines) and _goes_on(lines[end].text, starts, belongs, again):
            end += 1
        while end > at + 1 and blank(lines[end - 1].text):
            end -= 1
        closing = end if end < len(lines) and blank(lines[end].text) else end - 1
        yield Claim(_with_command(lines, at, last, names), closing)
        at, last = closing + 1, closing


def runs(
    lines: Sequence[Line], block: Callable[[Sequence[Line], int], tuple[int, bool] | None], *names: str
) -> Iterator[Claim]:
    """Blocks of a form of their own, one after another, with the command of these names before them.

    block: for a position the last line of the block that begins there and whether it is this format's; None where none begins. A
    block that is not claimed is passed over as a whole, so that no line is looked at again and again.
    """
    here, taken = 0, -1
    while here < len(lines):
        found = block(lines, here)
        if found is None:
            here += 1
            continue
        last, ours = found
        if ours:
            yield Claim(_with_command(lines, here, taken, names), last)
            taken = last
        here = last + 1


def _goes_on(text: str, starts: Callable[[str], bool], belongs: Callable[[str], bool], again: bool) -> bool:
    if again and starts(text):
        return False
    return blank(text) or belongs(text) or starts(text)


def _with_command(lines: Sequence[Line], first: int, taken: int, names: tuple[str, ...]) -> int:
    """The position of the command before the block, else the block's own."""
    at = first - 1
    while at > taken and blank(lines[at].text):
        at -= 1
    return at if at > taken and command(lines[at].text, *names) is not None else first


def typed(lines: Sequence[Line], *names: str) -> list[str]:
    """Arguments of the command that the block begins with, [] where it is not in the paste."""
    return (command(lines[0].text, *names) if lines else None) or []


def without_command(lines: Sequence[Line], *names: str) -> list[Line]:
    """The block's lines without the command."""
    return [one for one in lines if command(one.text, *names) is None]


def ends_open(lines: Sequence[Line]) -> bool:
    """True where no blank line follows the last one with text."""
    return bool(lines) and not blank(lines[-1].text)


def tcp_row(
    host: str, port: int | None, result: str, *, address: str = "", milliseconds: float | None = None,
    source: str = "", says: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The row of every TCP test: {"host", "address", "port", "result", "milliseconds", "source", "says"}.

    result: open | timeout | refused | name-not-found | unreachable | blocked | failed (no connection, and the tool does not
    say why) | unclear (nothing was tested, or its end is not there). says: the tool's own words on a failure. "" and None
    for what the tool does not say.
    """
    where = address or (host if is_address(host) else "")
    return {
        "host": host, "address": where, "port": port, "result": result, "milliseconds": milliseconds, "source": source,
        "says": says.strip()[:300],
    }  # fmt: skip


def dns_row(name: str, kind: str, value: str, server: str = "") -> dict[str, Any]:
    """The row of every DNS answer: {"name", "type", "value", "server"}.

    type: A | AAAA | CNAME | ... | failure; the value of a failure is nxdomain | timeout | server-failed | refused |
    no-address | unclear.
    """
    return {"name": name.rstrip("."), "type": kind, "value": value.rstrip("."), "server": server}


def dns_failure(text: str) -> str:
    """The kind of DNS failure that a tool's words name."""
    for value, pattern in (
        ("nxdomain", r"non-existent domain|nxdomain|name does not exist|rcode_name_error|host not found|no such host"),
        ("timeout", r"timed?[ -]?out|no response from server|no servers could be reached|timeout period|error_timeout"),
        ("server-failed", r"server fail|servfail|server_failure"),
        ("refused", r"refused"),
        ("no-address", r"no answer|no records|no internal type|no_records"),
    ):
        if re.search(pattern, text, re.IGNORECASE):
            return value
    return "unclear"


def spans(dashes: str) -> list[tuple[int, int | None]]:
    """The columns under a line of dashes: (begin, end), the last one open."""
    found = [match.start() for match in re.finditer(r"-+", dashes)]
    ends: list[int | None] = [*found[1:], None]
    return list(zip(found, ends, strict=True))


def cells(text: str, columns: Sequence[tuple[int, int | None]]) -> list[str]:
    """The line cut at the columns."""
    return [text[begin:end].strip() for begin, end in columns]


def is_dashes(text: str) -> bool:
    """True for the line under a table's heads."""
    return bool(re.fullmatch(r"\s*-{2,}(?:\s+-{2,})*\s*", text))


def letters(text: str) -> str:
    """Only letters and digits, in lower case: "Next Hop Type" and "nextHopType" are one word."""
    return "".join(c for c in text.lower() if c.isalnum())
