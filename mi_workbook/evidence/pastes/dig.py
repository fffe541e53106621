"""`dig`, in full, `+short` and `+noall +answer`.

Rows: {"name", "type": "A"|"AAAA"|"CNAME"|...|"failure", "value", "server"}, see answer_text.dns_row. `+short` prints
only names and addresses, so it is recognised by the command before it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "dig"
TITLE = "dig"
BANNER = re.compile(r"^\s*; <<>> DiG \S+ <<>>\s*(?P<words>.*)$")
SECTION = re.compile(r"^\s*;; ANSWER SECTION:")
RECORD = re.compile(r"^\s*(?P<name>\S+\.)\s+\d+\s+IN\s+(?P<type>[A-Z]+)\s+(?P<value>\S+)")
STATUS = re.compile(r"\bstatus: (?P<status>[A-Z]+)")
QUESTION = re.compile(r"^\s*;(?P<name>[^\s;]+)\.\s+IN\s+[A-Z]+")
SERVER = re.compile(r"^\s*;; SERVER: (?P<server>[^\s#]+)#")
LOST = re.compile(
    r"^\s*;; (?:connection timed out|no servers could be reached|communications error to (?P<server>[^\s#]+)#)"
)
LAST = re.compile(r"^\s*;; (?:MSG SIZE|XFR size)")
SHORT = re.compile(rf"^\s*(?:{at.NAME}\.?|[0-9A-Fa-f.:]+)\s*$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the banner (or the answer section, or records) on; `+short` from its command on."""
    for claim in at.blocks(
        lines, _starts, lambda text: text.lstrip().startswith(";") or bool(RECORD.match(text)), KIND
    ):
        first = claim.first  # what went wrong with a server stands before the banner
        while first > 0 and (LOST.match(lines[first - 1].text) or _blank_after_loss(lines, first - 1)):
            first -= 1
        asked = first > 0 and at.command(lines[first - 1].text, KIND) is not None
        yield Claim(first - 1 if asked else first, claim.last)
    yield from _short(lines)


def _blank_after_loss(lines: Sequence[Line], here: int) -> bool:
    return at.blank(lines[here].text) and here > 0 and bool(LOST.match(lines[here - 1].text))


def _starts(text: str) -> bool:
    return bool(BANNER.match(text) or SECTION.match(text) or RECORD.match(text))


def _short(lines: Sequence[Line]) -> Iterator[Claim]:
    for here, line in enumerate(lines):
        if "+short" not in (at.command(line.text, KIND) or []):
            continue
        end = here + 1
        while end < len(lines) and (SHORT.match(lines[end].text) or LOST.match(lines[end].text)):
            end += 1
        yield Claim(here, end if end < len(lines) and at.blank(lines[end].text) else end - 1)


def read(lines: Sequence[Line]) -> Reading:
    """One question's answer."""
    found, words = at.Found(), at.typed(lines, KIND)
    body = at.without_command(lines, KIND)
    if "+short" in words:
        _read_short(found, words, body)
    else:
        _read_full(found, words, body)
    return found.reading(KIND, TITLE, lines)


def _read_short(found: at.Found, words: list[str], body: Sequence[Line]) -> None:
    server, asked = _asked(words)
    found.about, name = asked, asked
    for line in body:
        value = line.text.strip().rstrip(".")
        if at.is_address(value):
            found.rows.append(at.dns_row(name, at.record_type(value), value, server))
        elif LOST.match(line.text):
            found.rows.append(at.dns_row(name, "failure", "timeout", server))
        elif SHORT.match(line.text):
            found.rows.append(at.dns_row(name, "CNAME", value, server))
            name = value
        elif value:
            found.left.append(line)
    if not found.rows and not at.ends_open(body):
        found.say(
            "dig +short printed nothing: the name has no such record, or does not exist. Without +short it says which."
        )
    if found.rows and found.rows[-1]["type"] == "CNAME":
        found.cut("The chain of names ends without an address.")
    elif at.ends_open(body) or not body:
        found.say(at.MAY_GO_ON)


def _asked(words: list[str]) -> tuple[str, str]:
    server = next((word[1:] for word in words if word.startswith("@")), "")
    names = (word.strip("'\"") for word in words if word[:1] not in {"+", "@", "-"})
    return server, next((word.rstrip(".") for word in names if "." in word), "")


def _read_full(found: at.Found, words: list[str], body: Sequence[Line]) -> None:
    banner = next((known["words"].split() for line in body if (known := BANNER.match(line.text))), words)
    server, found.about = _asked(banner)
    facts = _facts(found, body)
    server = facts.get("server") or server
    if "status" in facts and facts["status"] != "NOERROR":
        found.rows.append(at.dns_row("", "failure", at.dns_failure(facts["status"]), server))
    elif facts.get("lost"):
        found.rows.append(at.dns_row("", "failure", "timeout", server))
    elif facts.get("status") and facts.get("last") and not found.rows:
        found.rows.append(at.dns_row("", "failure", "no-address", server))
    found.about = found.about or facts.get("name", "") or (found.rows[0]["name"] if found.rows else "")
    for row in found.rows:
        row["name"], row["server"] = row["name"] or found.about, server
    if "banner" in facts and not (facts.get("last") or facts.get("lost")):
        found.cut()
    elif "banner" not in facts and not facts.get("last"):
        found.say(at.MAY_GO_ON)
    if not found.rows:
        found.cut()


def _facts(found: at.Found, body: Sequence[Line]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for line in body:
        text = line.text
        record = RECORD.match(text)
        if record:
            found.rows.append(at.dns_row(record["name"], record["type"], record["value"]))
        elif lost := LOST.match(text):
            facts["lost"] = "yes"
            facts["server"] = lost["server"] or facts.get("server", "")
        elif BANNER.match(text):
            facts["banner"] = "yes"
        elif known := (STATUS.search(text) or QUESTION.match(text) or SERVER.match(text)):
            facts.update(known.groupdict())
        elif LAST.match(text):
            facts["last"] = "yes"
        elif not at.blank(text) and not text.lstrip().startswith(";"):
            found.left.append(line)
    return facts
