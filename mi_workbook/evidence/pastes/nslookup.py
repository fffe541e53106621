"""`nslookup` of Windows (any display language) and of Linux or macOS.

Rows: {"name", "type": "A"|"AAAA"|"CNAME"|"failure", "value", "server"}, see answer_text.dns_row. The first pair of
lines is the DNS server, never an answer; on Windows `Name:` is the end of the CNAME chain and the aliases are the
chain before it, the name that was asked first. "Address", "Addresses", "Aliases" and the reason of a failure are not
translated by Windows; the other words are, and are told apart by where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "nslookup"
TITLE = "nslookup"
SERVER_WORDS = (
    r"(?:default |standard)?server|server predefinito|serveur(?: par d.faut)?|servidor(?: predeterminado| padr.o)?|"
    r"serwer(?: domy.lny)?|standaardserver|sunucu|palvelin|服务器|默认服务器|伺服器|預設伺服器|サーバー|既定のサーバー|서버|기본 서버|"
    r"сервер(?: по умолчанию)?|╤хЁтхЁ"
)
NAME_WORDS = r"name|nom|nombre|nome|naam|nazwa|namn|navn|nimi|ad|名称|名稱|名前|이름|имя|╚ь ?"
HEAD = re.compile(r"^\s*(?P<word>[^\s\d:：*;()\[\]<>+|-][^:：*;]{0,30}?)\s*[:：]\s*(?P<value>[^\s=]+)\s*$")
ADDRESS = re.compile(
    r"^\s*(?:Address(?:es)?|Adresse[ns]?|Direcci.n(?:es)?|Indirizz[oi]|Endere.os?|地址|アドレス|Адреса?)\s*[:：]\s*(?P<value>[0-9A-Fa-f:.]+(?:%\w+)?)(?:#\d+)?\s*$"
)
ALIASES = re.compile(rf"^\s*Alias(?:es)?\s*[:：]\s*(?P<value>{at.NAME})\.?\s*$", re.IGNORECASE)
BARE_NAME = re.compile(rf"^\s*(?P<value>{at.NAME})\.?\s*$")
CANONICAL = re.compile(r"^\s*(?P<name>\S+)\s+canonical name = (?P<value>\S+?)\.?\s*$")
DIRECT = re.compile(
    r"^\s*(?P<name>\S+)\s+(?:internet address =|AAAA IPv6 address =|has AAAA address)\s*(?P<value>\S+)\s*$"
)
FAILED = re.compile(r"^\s*\*{2,3}\s*(?P<words>.+)$")
FAILED_NAME = re.compile(rf"(?P<name>{at.NAME})\s*[:：]\s*(?P<why>[^:：]+)$")
WAITED = re.compile(r"^\s*(?:DNS request timed out|timeout was (?P<seconds>\d+) seconds?)", re.IGNORECASE)
NONE_REACHED = re.compile(
    r"^\s*;; (?:connection timed out|no servers could be reached|communications error to (?P<server>\S+?)#\d+:)"
)
HEADING = re.compile(r"^\s*[^\W\d][^\d:：\\/|]{2,60}[:：]\s*$")
GREETING = re.compile(
    r"default server|standardserver|server predefinito|serveur par d.faut|servidor (?:predeterminado|padr.o)|serwer domy.lny|"
    r"默认服务器|預設伺服器|既定のサーバー|기본 서버|сервер по умолчанию",
    re.IGNORECASE,
)
IS_SERVER = re.compile(SERVER_WORDS, re.IGNORECASE)
IS_NAME = re.compile(NAME_WORDS, re.IGNORECASE)


@dataclass(slots=True)
class _State:
    """server: who was asked. name, addresses, aliases: the answer being read. bare: where a bare line goes."""

    found: at.Found = field(default_factory=at.Found)
    server: str = ""
    seen_server: bool = False
    name: str = ""
    addresses: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    bare: str = ""
    waits: int = 0
    pending: str = ""
    greeting: bool = False

    def flush(self) -> None:
        """The answer read so far becomes rows."""
        chain = [*self.aliases, self.name] if self.name else []
        for name, value in pairwise(chain):
            self.found.rows.append(at.dns_row(name, "CNAME", value, self.server))
        for address in self.addresses:
            self.found.rows.append(at.dns_row(self.name, at.record_type(address), address, self.server))
        self.name, self.addresses, self.aliases, self.bare = "", [], [], ""


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the server's pair (or a failure) on; another server's pair begins another answer. Blank lines do not count."""
    places = [place for place, line in enumerate(lines) if not at.blank(line.text)]
    solid = [lines[place] for place in places]
    first = 0
    while first < len(solid):
        if not _starts(solid, first):
            first += 1
            continue
        end = _end(solid, first)
        last = places[end - 1]
        closing = last + 1 if last + 1 < len(lines) and at.blank(lines[last + 1].text) else last
        yield Claim(places[_with_command(solid, first)], closing)
        first = end


def _with_command(lines: Sequence[Line], first: int) -> int:
    """The command before the block; a heading that came out too early may stand between them."""
    for before in (first - 1, first - 2):
        if before >= 0 and at.command(lines[before].text, KIND) is not None:
            return before
        if before < 0 or not HEADING.match(lines[before].text):
            break
    return first


def _starts(lines: Sequence[Line], here: int) -> bool:
    text = lines[here].text
    if _is_pair(lines, here):
        word = HEAD.match(text)
        asked = here > 0 and at.command(lines[here - 1].text, KIND) is not None
        named = word is not None and bool(IS_NAME.fullmatch(word["word"]) or GREETING.fullmatch(word["word"]))
        return asked or _followed(lines, here + 2) or (named and "." in lines[here].text)
    if NONE_REACHED.match(text):
        return not any("<<>> DiG" in one.text for one in lines[max(here - 5, 0) : here + 5])
    told = FAILED.match(text)
    return bool(WAITED.match(text) or CANONICAL.match(text) or (told and at.dns_failure(text) != "unclear"))


def _is_pair(lines: Sequence[Line], here: int) -> bool:
    follows = here + 1 < len(lines) and ADDRESS.match(lines[here + 1].text)
    return bool(HEAD.match(lines[here].text) and not ADDRESS.match(lines[here].text) and follows)


def _followed(lines: Sequence[Line], here: int) -> bool:
    """True where an answer or a failure follows: the pair before it was a server's, in whatever language."""
    for one in range(here, min(here + 4, len(lines))):
        text = lines[one].text
        if _is_pair(lines, one) or any(form.match(text) for form in (FAILED, WAITED, CANONICAL, NONE_REACHED)):
            return True
        if not HEADING.match(text):
            return False
    return False


def _end(lines: Sequence[Line], first: int) -> int:
    here, servers = first, 0
    while here < len(lines) and _belongs(lines, here):
        word = HEAD.match(lines[here].text)
        if word and _is_pair(lines, here) and not IS_NAME.fullmatch(word["word"]):
            servers += 1
            if servers > 1 and IS_SERVER.fullmatch(word["word"]):
                break
        here += 1
    while here > first + 1 and HEADING.match(lines[here - 1].text):
        here -= 1
    return here


def _belongs(lines: Sequence[Line], here: int) -> bool:
    text = lines[here].text
    if _is_pair(lines, here) or at.is_address(text.strip()):
        return True
    if any(form.match(text) for form in (ADDRESS, ALIASES, CANONICAL, DIRECT, FAILED, WAITED, NONE_REACHED)):
        return True
    word = HEAD.match(text)
    if word and IS_NAME.fullmatch(word["word"]):
        return True
    return bool(HEADING.match(text) or (BARE_NAME.match(text) and here and _under_aliases(lines, here - 1)))


def _under_aliases(lines: Sequence[Line], here: int) -> bool:
    while here > 0 and BARE_NAME.match(lines[here].text):
        here -= 1
    return bool(ALIASES.match(lines[here].text))


def read(lines: Sequence[Line]) -> Reading:
    """One question's answer."""
    state = _State()
    asked = at.plain(at.typed(lines, KIND))
    body = [line for line in at.without_command(lines, KIND) if not at.blank(line.text)]
    for here, line in enumerate(body):
        if not _line(state, body, here):
            state.found.left.append(line)
    state.flush()
    _conclude(state, asked, lines)
    return state.found.reading(KIND, TITLE, lines)


def _line(state: _State, body: Sequence[Line], here: int) -> bool:
    """Take one line in; False where it is not understood."""
    text = body[here].text
    return _head(state, body, here) or _value(state, text) or _failure(state, text) or bool(HEADING.match(text))


def _head(state: _State, body: Sequence[Line], here: int) -> bool:
    word = HEAD.match(body[here].text)
    if not word or ADDRESS.match(body[here].text) or ALIASES.match(body[here].text):
        return False
    if not _is_pair(body, here):
        state.pending = word["value"] if IS_NAME.fullmatch(word["word"]) else ""
        return bool(state.pending)
    if not state.seen_server and not IS_NAME.fullmatch(word["word"]):
        state.seen_server, state.server, state.bare = True, word["value"], "server"
        state.greeting = bool(GREETING.fullmatch(word["word"]))
        return True
    state.flush()
    state.name, state.bare = word["value"].rstrip("."), "address"
    return True


def _value(state: _State, text: str) -> bool:
    known = ADDRESS.match(text)
    address = known["value"] if known else text.strip()
    if at.is_address(address):
        _address(state, address)
        return True
    alias = ALIASES.match(text) or (BARE_NAME.match(text) if state.bare == "alias" else None)
    if alias:
        state.aliases.append(alias["value"].rstrip("."))
        state.bare = "alias"
        return True
    canonical, direct = CANONICAL.match(text), DIRECT.match(text)
    if canonical:
        state.found.rows.append(at.dns_row(canonical["name"], "CNAME", canonical["value"], state.server))
    elif direct and at.is_address(direct["value"]):
        kind = at.record_type(direct["value"])
        state.found.rows.append(at.dns_row(direct["name"], kind, direct["value"], state.server))
    return bool(canonical or direct)


def _address(state: _State, address: str) -> None:
    if state.bare == "server":
        state.server = address
        return
    state.addresses.append(address)


def _failure(state: _State, text: str) -> bool:
    waited, unreached, told = WAITED.match(text), NONE_REACHED.match(text), FAILED.match(text)
    if waited:
        state.waits += waited["seconds"] is None
        return True
    if unreached:
        state.server = unreached["server"] or state.server
        if unreached["server"] is None:
            state.found.rows.append(at.dns_row("", "failure", "timeout", state.server))
        return True
    if not told:
        return False
    about = FAILED_NAME.search(told["words"])
    name = about["name"] if about else ""
    if at.is_address(name):  # the server's own name was looked up backwards; it says nothing of the answer
        return True
    kind = at.dns_failure(about["why"] if about else told["words"])
    kind = "timeout" if kind == "unclear" and state.waits and not about else kind
    state.found.rows.append(at.dns_row(name, "failure", kind, state.server))
    return True


def _conclude(state: _State, asked: list[str], lines: Sequence[Line]) -> None:
    found = state.found
    first = next((row["name"] for row in found.rows if row["name"]), "")
    found.about = asked[0].rstrip(".") if asked else first
    for row in found.rows:
        row["name"] = row["name"] or found.about
        row["server"] = row["server"] or state.server
    if state.waits:
        found.say(f"{state.waits} questions to the DNS server were not answered in time.")
    if not found.rows and state.greeting:
        found.say("nslookup was started and names its DNS server; no question is in this piece.")
    elif not found.rows:
        found.cut("The answer is missing: only the DNS server is named." if state.server else at.CUT_OFF)
    elif state.pending and state.pending not in {row["name"] for row in found.rows}:
        found.cut()
    elif all(row["type"] == "CNAME" for row in found.rows):
        found.cut("The chain of names ends without an address.")
    elif at.ends_open(lines) and not any(row["type"] == "failure" for row in found.rows):
        found.say(at.MAY_GO_ON)
    if not state.server:
        found.say("The lines that name the DNS server are not in the paste.")
