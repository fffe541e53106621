"""Linux `ip route get ADDRESS`, as text and as JSON: the route that the kernel takes to this one address.

Rows: `route_answers.answer_row`; policy rules have been followed, which a table of routes does not show. Source: ip-route(8),
"ip route get" ("get a single route to a destination and print its contents exactly as the kernel sees it").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.json_blocks import json_claims, json_objects
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.route_answers import NARROWED, answer_row, refusal
from mi_workbook.evidence.pastes.shapes import bare_address, is_ipv4

KIND = "ip-route-get"
TITLE = "Linux: ip route get"
COMMANDS = ("ip",)
ROUTE = ("r", "ro", "rou", "rout", "route")
GET = ("g", "ge", "get")
# Words of the question after the address that are no narrowing: they name the same address, or ask for the matched route.
PLAIN = frozenset({"to", "fibmatch"})
SENT = frozenset({"unicast", "local", "broadcast", "multicast", "anycast"})
NO_WAY = frozenset({"unreachable", "prohibit", "blackhole"})
KINDS = SENT | NO_WAY | {"throw"}
PAIRS = frozenset({
    "via", "dev", "src", "from", "table", "proto", "scope", "metric", "uid", "mark", "iif", "oif", "mtu", "expires", "advmss",
    "hoplimit", "pref", "tos", "realm", "realms", "users", "age", "error", "nhid", "initcwnd", "initrwnd", "rtt", "rttvar", "cwnd",
    "window", "ssthresh", "quickack", "congctl", "weight",
})  # fmt: skip
FLAGS = frozenset({"onlink", "linkdown", "dead", "notify", "offload", "trap", "rt_offload", "rt_trap", "pervasive"})
ERROR = ("RTNETLINK answers:", "Error:")


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """The command with its answer; an answer alone where `uid` or `cache` shows that it is no line of a table; JSON with both."""
    for claim in json_claims(lines, '"cache"'):
        block = "\n".join(line.text for line in lines[claim.first : claim.last + 1])
        if '"dst"' in block:
            yield Claim(claim.first - (claim.first > 0 and asked(lines[claim.first - 1].text) is not None), claim.last)
    yield from at.runs(lines, _last)


def asked(text: str) -> list[str] | None:
    """The words behind `get` where the line is this command, else None."""
    if "ip" not in text:
        return None
    words = [word for word in at.command(text, *COMMANDS) or () if not word.startswith("-")]
    return words[2:] if len(words) > 2 and words[0] in ROUTE and words[1] in GET else None


def _last(lines: Sequence[Line], first: int) -> tuple[int, bool] | None:
    """The last line of the answer that begins here, with the command before it, None where none does."""
    typed = asked(lines[first].text) is not None
    at_answer = _filled(lines, first + 1) if typed else first
    text = lines[at_answer].text.strip() if at_answer < len(lines) else ""
    if typed and text.startswith(ERROR):
        return at_answer, True
    facts = _parse(text)
    if facts is None:
        return None
    last = at_answer
    while (following := _filled(lines, last + 1)) < len(lines) and _is_cache(lines[following].text):
        last = following
    return last, typed or "uid" in facts or last > at_answer


def _filled(lines: Sequence[Line], first: int) -> int:
    """The next line with text, one blank line passed over, as some ways to paste put between lines."""
    return first + 1 if first + 1 < len(lines) and at.blank(lines[first].text) else first


def _is_cache(text: str) -> bool:
    """The second line: `cache`, with flags in <> and times after it."""
    return text.split(None, 1)[:1] == ["cache"]


def read(lines: Sequence[Line]) -> Reading:
    """One address's route."""
    found = at.Found()
    words = next((words for line in lines if (words := asked(line.text)) is not None), None)
    address, narrowed = _question(words or [])
    found.about = address
    body = [line for line in lines if asked(line.text) is None and not at.blank(line.text)]
    if body and body[0].text.lstrip()[:1] in ("[", "{"):
        _read_json(found, body, narrowed)
    else:
        _read_text(found, body, address, narrowed)
    if any(row["narrowed"] for row in found.rows):
        found.say(NARROWED)
    if not found.rows:
        found.cut()
    elif any(row["interface"] and ":" not in row["destination"] for row in found.rows) and not _ends(body):
        found.cut("The line `cache`, which ends an answer, is missing: its last words may be cut off.")
    found.about = found.about or next((row["destination"] for row in found.rows), "")
    return found.reading(KIND, TITLE, lines)


def _ends(body: Sequence[Line]) -> bool:
    """True for JSON, whose brackets show its end, and for a text with its second line."""
    return body[0].text.lstrip()[:1] in ("[", "{") or any(_is_cache(line.text) for line in body)


def _read_text(found: at.Found, body: Sequence[Line], address: str, narrowed: bool) -> None:
    for line in body:
        text = line.text.strip()
        facts = _parse(text)
        if text.startswith(ERROR):
            said = text.partition(":")[2].strip()
            found.rows.append(answer_row(address, refusal(said), narrowed=narrowed, says=said))
        elif facts is not None:
            found.rows.append(_row(facts, narrowed))
        elif not _is_cache(line.text):
            found.left.append(line)


def _question(words: Sequence[str]) -> tuple[str, bool]:
    """The address, and whether the question was narrowed by more words."""
    rest = [word for word in words if word not in PLAIN]
    address = bare_address(rest[0].strip("'\"")) if rest else ""
    return address, len(rest) > 1


def _parse(text: str) -> dict[str, str] | None:
    """An answer's words as pairs with "kind" and "address"; None where a word is not known, for it may change the meaning."""
    words = text.split()
    kind = words.pop(0) if words and words[0] in KINDS else "unicast"
    address = bare_address(words[0]) if words else ""
    if not address:
        return None
    facts = {"kind": kind, "address": address}
    here = 1
    while here < len(words):
        word = words[here]
        if word in FLAGS:
            here += 1
        elif word == "via" and words[here + 1 : here + 2] in (["inet"], ["inet6"]) and here + 2 < len(words):
            facts["via"], here = words[here + 2], here + 3
        elif word in PAIRS and here + 1 < len(words):
            facts[word], here = words[here + 1], here + 2
        else:
            return None
    return facts if "dev" in facts or kind in NO_WAY else None


def _row(facts: dict[str, str], narrowed: bool) -> dict[str, Any]:
    """`from`, `mark` and `iif` in the answer repeat a question that was narrowed."""
    limited = narrowed or bool({"from", "mark", "iif", "oif"} & facts.keys())
    kind = facts["kind"] if facts["kind"] in SENT | NO_WAY else "failed"
    return answer_row(
        facts["address"], kind, gateway=facts.get("via", ""), interface=facts.get("dev", ""), source=facts.get("src", ""),
        narrowed=limited, table=facts.get("table", ""),
    )  # fmt: skip


def _read_json(found: at.Found, body: Sequence[Line], narrowed: bool) -> None:
    objects, whole, left = json_objects(body)
    found.left += left
    for one in objects:
        facts = dict(_plain(one))
        if bare_address(facts.get("address", "")):
            found.rows.append(_row(facts, narrowed))
    if not whole:
        found.cut()


NAMES = {
    "dst": "address", "gateway": "via", "dev": "dev", "prefsrc": "src", "from": "from", "mark": "mark", "iif": "iif", "table": "table",
    "type": "kind",
}  # fmt: skip


def _plain(one: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The members of an answer in JSON under the words of its text."""
    yield "kind", "unicast"
    for member, word in NAMES.items():
        if isinstance(one.get(member), (str, int)):
            yield word, str(one[member])
    via = one.get("via")
    if isinstance(via, dict) and isinstance(via.get("host"), str) and is_ipv4(via["host"]):
        yield "via", via["host"]
