"""`Resolve-DnsName` of PowerShell: the table, the list and the error, also mixed in one output.

Rows: {"name", "type": "A"|"AAAA"|"CNAME"|"SOA"|...|"failure", "value", "server"}, see answer_text.dns_row; server is
"" unless the command names one. Property names and error identifiers are not translated. A long name wraps in the
table: its rest stands on the next line, under its own column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "resolve-dnsname"
TITLE = "Resolve-DnsName"
TYPES = "A|AAAA|CNAME|SOA|NS|PTR|MX|SRV|TXT"
HEAD = re.compile(r"^\s*Name\s+Type\s+TTL\s+Section\s+\S+")
ROW = re.compile(
    rf"^\s*(?P<name>\S+)\s+(?P<type>{TYPES})\s+\d+\s+(?:Answer|Authority|Additional|Question)\b\s*(?P<value>\S*)"
)
PROPERTY = re.compile(
    r"^\s*(?P<key>Name|QueryType|Type|TTL|Section|IP4?6?Address|NameHost|Strings|DataLength|CharacterSet|PrimaryServer|NameAdministrator|"
    r"SerialNumber|TimeToZoneRefresh|TimeToZoneFailureRetry|TimeToExpiration|DefaultTTL|Server|NameExchange|Preference)\s*:\s*(?P<value>.*)$"
)
VALUES = {"ipaddress", "ip4address", "ip6address", "namehost", "primaryserver", "server", "nameexchange"}
ERROR = re.compile(r"^\s*Resolve-DnsName\s*:\s*(?P<name>\S+)\s*:\s*(?P<why>.+)$", re.IGNORECASE)
ERROR_ID = re.compile(r"FullyQualifiedErrorId\s*:\s*(?P<why>\w+),Microsoft\.DnsClient", re.IGNORECASE)
ERROR_NAME = re.compile(r"\((?P<name>[^():]+):String\)\s*\[Resolve-DnsName\]")
CHATTER = re.compile(r"^\s*(?:\+|At line:\d+|Line \|\s*$|\d+ \||\|)")
REST = re.compile(r"^\s*[\w.-]+(?:\s+[\w.-]+)?\s*$")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From a table's head, a list's first property or an error on."""
    list_starts = {
        here
        for here in range(len(lines) - 1)
        if re.match(r"\s*Name\s*:\s*\S", lines[here].text)
        and re.match(r"\s*(?:QueryType|Type)\s*:", lines[here + 1].text)
    }
    texts = {lines[here].text for here in list_starts}

    def starts(text: str) -> bool:
        return bool(HEAD.match(text) or ERROR.match(text) or ERROR_NAME.search(text) or text in texts)

    def belongs(text: str) -> bool:
        known = ROW.match(text) or PROPERTY.match(text) or ERROR_ID.search(text) or CHATTER.match(text)
        return bool(known or at.is_dashes(text) or REST.match(text)) and at.command(text, KIND) is None

    return at.blocks(lines, starts, belongs, KIND)


def read(lines: Sequence[Line]) -> Reading:
    """One question's answer."""
    found = at.Found()
    words = at.typed(lines, KIND)
    reader = _Reader(found, _option(words, "-server"))
    for line in at.without_command(lines, KIND):
        if at.blank(line.text):
            reader.pause()
        elif not reader.take(line.text):
            found.left.append(line)
    reader.end()
    first = next((row["name"] for row in found.rows), "")
    asked = _option(words, "-name") or next(iter(at.plain(words)), "")
    found.about = asked.rstrip(".") or first
    kinds = {row["type"] for row in found.rows}
    if kinds == {"SOA"} and asked:  # only the zone's head came back: the name is there, an address is not
        found.rows.append(at.dns_row(asked, "failure", "no-address", reader.server))
    if not found.rows:
        found.cut()
    elif all(row["type"] == "CNAME" for row in found.rows):
        found.cut("The chain of names ends without an address.")
    elif at.ends_open(lines) and found.rows[-1]["type"] != "failure":
        found.say(at.MAY_GO_ON)
    return found.reading(KIND, TITLE, lines)


def _option(words: list[str], name: str) -> str:
    return next((after for word, after in pairwise(words) if word.lower() == name), "")


class _Reader:
    """The table's columns, the list's open entry, and the error's name."""

    def __init__(self, found: at.Found, server: str) -> None:
        self.found, self.server = found, server
        self.columns: list[tuple[int, int | None]] = []
        self.table_row: dict[str, str] | None = None
        self.entry: dict[str, str] = {}
        self.failed = ""

    def take(self, text: str) -> bool:
        """Take a line in; False where it is not understood."""
        if HEAD.match(text) or at.is_dashes(text):
            self.columns = at.spans(text) if at.is_dashes(text) else []
            return True
        return self._error(text) or self._property(text) or self._row(text) or self._rest(text)

    def _error(self, text: str) -> bool:
        told, code, name = ERROR.match(text), ERROR_ID.search(text), ERROR_NAME.search(text)
        if told:
            self._flush()
            self.found.rows.append(at.dns_row(told["name"], "failure", at.dns_failure(told["why"]), self.server))
        elif name:
            self.failed = name["name"]
        elif code:
            self._by_code(at.dns_failure(code["why"]))
        return bool(told or code or name or CHATTER.match(text))

    def _by_code(self, kind: str) -> None:
        """The identifier is the same in every language; it settles what the sentence left open."""
        last = self.found.rows[-1] if self.found.rows else None
        if last and last["type"] == "failure":
            last["value"] = kind if last["value"] == "unclear" else last["value"]
        elif self.failed:
            self.found.rows.append(at.dns_row(self.failed, "failure", kind, self.server))

    def _property(self, text: str) -> bool:
        known = PROPERTY.match(text)
        if not known:
            return False
        key = known["key"].lower()
        if key == "name":
            self._flush()
        self.table_row = None
        self.entry["value" if key in VALUES else key] = known["value"].strip()
        return True

    def _row(self, text: str) -> bool:
        known = ROW.match(text)
        if not known:
            return False
        self._flush()
        self.table_row = {"name": known["name"], "type": known["type"], "value": known["value"]}
        return True

    def _rest(self, text: str) -> bool:
        """The rest of a wrapped name or target."""
        last = self.found.rows[-1] if self.found.rows else None
        if self.table_row is None and last and last["type"] == "failure" and REST.match(text):
            return True  # the rest of an error's sentence
        if self.table_row is None or not REST.match(text):
            return False
        value_column = self.columns[-1][0] if self.columns else 1
        name, value = text[:value_column].strip(), text[value_column:].strip()
        if not self.columns and text[:1].strip():
            name, value = text.strip(), ""
        self.table_row["name"] += name
        self.table_row["value"] += value
        return True

    def pause(self) -> None:
        """A blank line ends a table's row: what follows is no rest of a wrapped name."""
        if self.table_row is not None:
            self._flush()

    def _flush(self) -> None:
        entry = self.table_row or self.entry
        if entry:
            kind, value = entry.get("querytype") or entry.get("type", ""), entry.get("value", "")
            if entry.get("name") and kind and value:
                self.found.rows.append(at.dns_row(entry["name"], kind, value, self.server))
            else:
                self.found.cut()
        self.table_row, self.entry = None, {}

    def end(self) -> None:
        """The last entry is complete, too, or cut."""
        self._flush()
        if self.failed and not self.found.rows:
            self.found.rows.append(at.dns_row(self.failed, "failure", "unclear", self.server))
