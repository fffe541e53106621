"""Linux `ip route`, as text and as JSON (`ip -j route`); also of all tables, and IPv6.

Rows: routes in the common shape (`shapes.route_row`), with "kind" (unicast, local, broadcast, or blackhole, unreachable,
prohibit, throw: nothing is sent there), "table" ("main" where none is named), "source" (the address that is sent from)
and "flags" (linkdown, dead, onlink). A route of several next hops is several rows. Answers of `ip route get` are no rows.
Source: ip-route(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.evidence.pastes.clean import COMMAND
from mi_workbook.evidence.pastes.json_blocks import json_claims, json_objects
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading
from mi_workbook.evidence.pastes.shapes import (
    FILTERED,
    NO_END,
    ONLY_IPV6,
    bare_address,
    filled,
    only_ipv6,
    prefix,
    route_row,
    whole_number,
)

KIND = "ip-route"
TITLE = "Linux: ip route"

ASKED = re.compile(r"(?:sudo )?ip(?: +-(?:j|json|p|d|4))+ +r(?:o|ou|out|oute)?(?: +(?:show|list|s|l|ls))?")
NEAR = 4
TABLE = re.compile(r"\btable\s+(\w+)")
# Words between a name and its value.
LOCK = frozenset({"lock"})
SECOND = {"via": frozenset({"inet", "inet6"})}
ENDS = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
KINDS = ENDS | {"unicast", "local", "broadcast", "multicast", "anycast", "nat"}
FLAGS = frozenset({"linkdown", "dead", "onlink", "pervasive", "offload", "notify", "trap", "rt_offload", "rt_trap"})
PAIRS = frozenset({
    "via", "dev", "proto", "scope", "src", "metric", "table", "pref", "mtu", "advmss", "weight", "error", "expires", "hoplimit",
    "window", "rtt", "rttvar", "cwnd", "initcwnd", "initrwnd", "quickack", "realm", "realms", "tos", "nhid", "encap", "congctl",
    "features", "ssthresh", "reordering", "rto_min", "from",
})  # fmt: skip


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """Runs of lines that are routes, with the command above; and JSON whose objects have "dst"."""
    for claim in json_claims(lines, '"dst"'):
        asked = claim.first > 0 and COMMAND.match(lines[claim.first - 1].text)
        yield Claim(claim.first - 1, claim.last) if asked else claim
    at = 0
    while at < len(lines):
        if not _parse(lines[at].text):
            at += 1
            continue
        last = at
        for here in range(at, len(lines)):
            text = lines[here].text.strip()
            if text and not _parse(text) and not text.startswith("nexthop "):
                break
            last = here if text else last
        yield Claim(_asked(lines, at), last)
        at = last + 1


def _asked(lines: Sequence[Line], first: int) -> int:
    """The position of the command above, blank lines between left out, for it may name another table; else the first row's."""
    above = first - 1
    while above >= max(0, first - NEAR) and not lines[above].text.strip():
        above -= 1
    typed = above >= 0 and COMMAND.match(lines[above].text) and re.match(r"\s*(?:sudo +)?ip ", lines[above].text)
    return above if typed else first


def read(lines: Sequence[Line]) -> Reading:
    """Read a block. A route with a word that is not known is left, because the word may change what it means."""
    texts = [line for line in filled(lines) if not COMMAND.match(line.text)]
    asked = next((named[1] for line in lines if COMMAND.match(line.text) and (named := TABLE.search(line.text))), "")
    of_table = asked if asked not in ("all", "0", "254") else ""
    if texts and texts[0].text.lstrip()[:1] in ("[", "{"):
        return _read_json(texts, any(ASKED.fullmatch(line.text.strip()) for line in lines), of_table)
    rows: list[dict[str, Any]] = []
    left: list[Line] = []
    parent: dict[str, Any] = {}
    for line in texts:
        hop = line.text.strip().startswith("nexthop ")
        found = _hop(line.text, parent) if hop else _parse(line.text)
        if found is None or (hop and not parent):
            left.append(line)
            continue
        parent = parent if hop else found
        if found["interface"] or found["gateway"] or found["kind"] in ENDS:
            rows.append({**found, "table": of_table} if of_table and found["table"] == "main" else found)
    return Reading(KIND, TITLE, tuple(rows), tuple(left), (NO_END, *_notes(rows)))


def _notes(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    if only_ipv6(rows):
        yield ONLY_IPV6
    if any("dead" in row["flags"] for row in rows):
        yield "A route with the flag dead is not in use: its interface is down."


def _parse(text: str) -> dict[str, Any] | None:
    """One line of `ip route`, None where it is none."""
    words = text.split()
    kind = words.pop(0) if words and words[0] in KINDS else "unicast"
    if len(words) < 2 and kind not in ENDS:
        return None
    target = words[0] if words else ""
    facts = _facts(words[1:])
    if facts is None or "uid" in facts or not (target == "default" or prefix(target)):
        return None
    if kind not in ENDS and not ({"dev", "via", "nhid"} & facts.keys()) and not ({"proto", "metric"} & facts.keys()):
        return None
    return _row(target, kind, facts)


def _facts(words: Sequence[str]) -> dict[str, str] | None:
    """Words as pairs; flags under "flags". None where a word is not known."""
    facts: dict[str, str] = {"flags": ""}
    at = 0
    while at < len(words):
        word = words[at]
        if word in FLAGS:
            facts["flags"] = f"{facts['flags']} {word}".strip()
            at += 1
        elif word in PAIRS and at + 1 < len(words):
            skip = 2 if words[at + 1] in SECOND.get(word, LOCK) and at + 2 < len(words) else 1
            facts[word] = words[at + skip]
            at += skip + 1
        else:
            return None
    return facts


def _row(target: str, kind: str, facts: dict[str, str]) -> dict[str, Any]:
    gateway = bare_address(facts.get("via", ""))
    six = ":" in target or (target == "default" and (":" in gateway or "pref" in facts))
    shown = ("::/0" if six else "0.0.0.0/0") if target == "default" else prefix(target)
    metric = whole_number(facts.get("metric", ""))
    return route_row(
        shown, gateway, facts.get("dev", ""), metric if metric is not None else (None if six else 0), kind=kind,
        table=facts.get("table", "main"), source=facts.get("src", ""), flags=facts["flags"].split(),
    )  # fmt: skip


def _hop(text: str, parent: dict[str, Any]) -> dict[str, Any] | None:
    facts = _facts(text.split()[1:])
    if facts is None or not parent:
        return None
    via = bare_address(facts.get("via", ""))
    flags = facts["flags"].split()
    six = ":" in via
    shown = "::/0" if six and parent["prefix"] == "0.0.0.0/0" else parent["prefix"]
    return {**parent, "prefix": shown, "gateway": via, "interface": facts.get("dev", ""), "flags": flags}


def _read_json(lines: Sequence[Line], asked: bool, of_table: str) -> Reading:
    objects, whole, left = json_objects(lines)
    objects = [{"table": of_table, **one} if of_table else one for one in objects]
    rows = [row for one in objects for row in _of_object(one)]
    skipped = sum(1 for one in objects if one and not list(_of_object(one)))
    notes = [] if whole else ["The JSON is cut off: routes after the last whole one are missing."]
    notes += [f"{skipped} objects are no route that is understood."] if skipped else []
    notes += [] if asked else [FILTERED]
    return Reading(KIND, f"{TITLE} (JSON)", tuple(rows), left, (*notes, *_notes(rows)), whole and not skipped)


def _of_object(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of one object; none where its parts have other types than ip(8) writes."""
    target, kind = str(one.get("dst", "")), str(one.get("type", "unicast"))
    if "uid" in one or not (target == "default" or prefix(target)):
        return
    listed = one.get("nexthops")
    for hop in listed if isinstance(listed, list) and listed else [one]:
        if isinstance(hop, dict):
            via = hop.get("via")
            gateway = hop.get("gateway") or (via.get("host", "") if isinstance(via, dict) else "")
            facts = {"via": str(gateway), "dev": str(hop.get("dev", "")), "metric": str(one.get("metric", "")),
                     "table": str(one.get("table", "main")), "src": str(one.get("prefsrc", "")),
                     "flags": " ".join(_texts(hop.get("flags")))}  # fmt: skip
            yield _row(target, kind, facts | ({"pref": "medium"} if "pref" in one else {}))


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
