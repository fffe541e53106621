"""`resolvectl query NAME` (also `systemd-resolve NAME`): the name as systemd-resolved answers it, hosts file and VPN included.

Rows: answer_text.dns_row. Applications get the same answers where resolv.conf or NSS leads to systemd-resolved. The name behind
an alias stands in brackets. A question that was narrowed to a link, a protocol or a type is another one: it gives no row.
Source: resolvectl(1), "query"; error texts of systemd's resolved (bus errors).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "resolvectl-query"
TITLE = "resolvectl query"
COMMANDS = ("resolvectl", "systemd-resolve")
FIRST = re.compile(
    rf"^\s*(?P<name>{at.NAME}|[\w-]{{1,63}}): (?P<address>[0-9A-Fa-f.:]{{3,45}})(?:%\S+)?(?:\s+-- link: (?P<link>\S+))?\s*$"
)
NEXT = re.compile(r"^\s{2,}(?P<address>[0-9A-Fa-f.:]{3,45})(?:%\S+)?(?:\s+-- link: (?P<link>\S+))?\s*$")
ALIAS = re.compile(rf"^\s*\((?P<name>{at.NAME})\)\s*$")
FAILED = re.compile(rf"^\s*(?P<name>{at.NAME}|[\w-]{{1,63}}): resolve call failed: (?P<why>.+)$")
ENDS = re.compile(r"^\s*-- (?:Information acquired via protocol|Data is authenticated:|Data from:|Data was acquired)")
REASONS = (
    ("no-address", re.compile(r"does not have any RR of the requested type", re.IGNORECASE)),
    ("timeout", re.compile(r"timed? ?out|All attempts to contact name servers", re.IGNORECASE)),
    ("server-failed", re.compile(r"SERVFAIL|DNSSEC validation failed", re.IGNORECASE)),
    ("refused", re.compile(r"REFUSED", re.IGNORECASE)),
    ("nxdomain", re.compile(r"\bnot found|NXDOMAIN", re.IGNORECASE)),
)
PLAIN = frozenset({"-4", "-6", "--legend=yes", "--legend=true", "--no-pager", "-n", "query", "q"})
NARROWED = "The question was narrowed by options: applications may get another answer."


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """A first line with its answer; without the command only where the closing lines follow."""
    return at.runs(lines, _block)


def _block(lines: Sequence[Line], start: int) -> tuple[int, bool] | None:
    """The last line of the answer that begins here, with the command or without."""
    typed = "resolve" in lines[start].text and at.command(lines[start].text, *COMMANDS) is not None
    here = start + 1 if typed else start
    text = lines[here].text if here < len(lines) else ""
    first, failed = FIRST.match(text), FAILED.match(text)
    if not failed and not (first and at.is_address(first["address"])):
        return None
    last, closed = here, False
    while last + 1 < len(lines) and not failed and _belongs(lines, last + 1):
        last += 1
        closed = closed or bool(ENDS.match(lines[last].text))
    return last, typed or bool(failed) or closed


def _belongs(lines: Sequence[Line], here: int) -> bool:
    """A further address, the alias or a closing line; the blank line before these."""
    text = lines[here].text
    if at.blank(text):
        return here + 1 < len(lines) and bool(ENDS.match(lines[here + 1].text))
    following = NEXT.match(text)
    return bool(ENDS.match(text) or ALIAS.match(text) or (following and at.is_address(following["address"])))


def read(lines: Sequence[Line]) -> Reading:
    """One name's addresses, or why there are none."""
    found, words = at.Found(), at.typed(lines, *COMMANDS)
    found.about = next((word for word in reversed(at.plain(words)) if word not in PLAIN), "").rstrip(".")
    addresses: list[str] = []
    alias, closed = "", False
    for line in at.without_command(lines, *COMMANDS):
        failed, known = FAILED.match(line.text), FIRST.match(line.text) or NEXT.match(line.text)
        if failed:
            found.about = found.about or failed["name"]
            found.rows.append(at.dns_row(failed["name"], "failure", _reason(failed["why"])))
        elif known:
            found.about = found.about or (known["name"] if "name" in known.groupdict() else "")
            addresses.append(known["address"])
        elif canonical := ALIAS.match(line.text):
            alias = canonical["name"]
        elif ENDS.match(line.text):
            closed = True
        elif not at.blank(line.text):
            found.left.append(line)
    if addresses:
        found.rows += [at.dns_row(found.about, "CNAME", alias)] if alias else []
        found.rows += [at.dns_row(alias or found.about, at.record_type(one), one) for one in addresses]
    _conclude(found, words, closed)
    return found.reading(KIND, TITLE, lines)


def _conclude(found: at.Found, words: Sequence[str], closed: bool) -> None:
    if any(word.startswith("-") and word not in PLAIN for word in words):
        found.rows = []
        found.say(NARROWED)
    elif "-6" in words:
        found.rows = [row for row in found.rows if row["type"] != "failure"]
        found.say("Only IPv6 addresses were asked for; the instance has none.")
    elif not closed and not any(row["type"] == "failure" for row in found.rows):
        found.say(at.MAY_GO_ON)


def _reason(why: str) -> str:
    return next((reason for reason, pattern in REASONS if pattern.search(why)), "unclear")
