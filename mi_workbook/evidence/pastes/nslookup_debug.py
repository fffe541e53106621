"""The parts that `nslookup -debug` or `set debug` prints between question and answer (Windows, Linux).

Rows: answer_text.dns_row. A question with a suffix of the search list behind the whole name, which Windows asks first, proves
nothing of the name: it gives a note, no row. Source: "nslookup set debug" in Windows Commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "nslookup-debug"
TITLE = "nslookup, debug output"
HEAD = re.compile(r"^\s*(?:Got answer|SendRequest\(\).*|HEADER|QUESTIONS):?\s*$")
DASHES = re.compile(r"^-{6,}\s*$")
CODE = re.compile(r"\brcode = (?P<code>\w+)")
QUESTION = re.compile(r"^\s+(?P<name>\S+?)\.?, type = (?P<type>\w+), class = \w+\s*$")
OWNER = re.compile(r"^\s*-> +(?P<name>\S+?)\.?\s*$")
RECORD = re.compile(
    r"^\s+(?P<what>canonical name|internet address|AAAA IPv6 address|has AAAA address) = ?(?P<value>\S+?)\.?\s*$"
)
SECTION = re.compile(r"^\s+(?P<title>ANSWERS|AUTHORITY RECORDS|ADDITIONAL RECORDS):\s*$")
OTHER = re.compile(r"^\s+(?:opcode = |header flags:|questions = |[A-Za-z][\w ]{1,30} = |\(root\)|\S+, len = )")
AZURE = re.compile(r"(?:\.database|\.privatelink\.database)\.[\w.]*?windows\.net\.(?P<more>\S+)$", re.IGNORECASE)


def _belongs(text: str) -> bool:
    forms = (HEAD, QUESTION, OWNER, RECORD, SECTION, OTHER)
    return at.blank(text) or any(form.match(text) for form in forms)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Each part between two lines of dashes."""
    here = 0
    while here < len(lines):
        if not HEAD.match(lines[here].text):
            here += 1
            continue
        end = here + 1
        while end < len(lines) and _belongs(lines[end].text):
            end += 1
        first = here - 1 if here and DASHES.match(lines[here - 1].text) else here
        last = end if end < len(lines) and DASHES.match(lines[end].text) else end - 1
        while at.blank(lines[last].text):
            last -= 1
        if any(QUESTION.match(line.text) for line in lines[first : last + 1]):
            yield Claim(first, last)
        here = last + 1


def read(lines: Sequence[Line]) -> Reading:
    """One answer of a DNS server."""
    found = at.Found()
    section = owner = asked = code = ""
    for line in lines:
        text = line.text
        if named := SECTION.match(text):
            section = named["title"]
        elif question := QUESTION.match(text):
            asked = question["name"]
        elif holder := OWNER.match(text):
            owner = holder["name"]
        elif (record := RECORD.match(text)) and section == "ANSWERS" and owner:
            kind = "CNAME" if record["what"] == "canonical name" else at.record_type(record["value"])
            found.rows.append(at.dns_row(owner, kind, record["value"]))
        code = (CODE.search(text) or {"code": code})["code"]
        if not (_belongs(text) or DASHES.match(text)):
            found.left.append(line)
    found.about = asked
    more = AZURE.search(asked)
    if more:
        found.say(
            f"The suffix {more['more']} of the search list was asked for first; its failure says nothing of the name."
        )
    elif code == "NXDOMAIN":
        found.rows.append(at.dns_row(asked, "failure", "nxdomain"))
    if not lines or not DASHES.match(lines[-1].text):
        found.cut()
    return found.reading(KIND, TITLE, lines)
