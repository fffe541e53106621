"""The packet filter of a Linux machine: `iptables -S` and `nft list ruleset`, in one block that ends with END.

Rows: {"what": "policy", "chain", "action"} and {"what": "rule", "chain", "text"} of iptables; {"what": "nft-chain", "family",
"table", "chain", "type", "hook", "policy", "rules": [text]} of nftables; {"what": "missing", "tool"} where the machine does not
have one of them. hook, type and policy are "" where the chain names none. Whole is a block with its last line in which
neither tool was refused. Source: manual pages iptables(8) and nft(8).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from mi_workbook.evidence.pastes import answer_text as at
from mi_workbook.evidence.pastes.paste import Claim, Line, Reading

KIND = "linux-firewall"
TITLE = "Linux packet filter"
END = "end of firewall rules"
COMMANDS = ("iptables", "nft")
POLICY = re.compile(r"^\s*-P (?P<chain>\S{1,60}) (?P<action>ACCEPT|DROP)\s*$")
RULE = re.compile(r"^\s*-A (?P<chain>\S{1,60}) (?P<text>\S.*)$")
NEW = re.compile(r"^\s*-N \S{1,60}\s*$")
TABLE = re.compile(r"^\s*table (?P<family>ip6?|inet|arp|bridge|netdev) (?P<table>[\w.-]{1,80}) \{(?:\s*#.*)?\s*$")
CHAIN = re.compile(r"^\s*chain (?P<chain>[\w.-]{1,80}) \{(?:\s*#.*)?\s*$")
HOOK = re.compile(r"^\s*type (?P<type>\w+) hook (?P<hook>\w+) [^;]{0,60};(?: policy (?P<policy>\w+);)?\s*$")
OPENS = re.compile(r"\{\s*(?:#.*)?$")
MISSING = re.compile(r"\b(?P<tool>iptables|nft): (?:command )?not found")
REFUSED = re.compile(r"you must be root|Operation not permitted|Permission denied", re.IGNORECASE)
OTHER = re.compile(r"^\s*#\s*(?:Warning|iptables-legacy|Table)\b", re.IGNORECASE)


def claims(lines: Sequence[Line]) -> Iterable[Claim]:
    """From the first policy, table or complaint of a tool up to the end line, or to what is of neither tool."""
    return at.runs(lines, lambda run, here: (_end(run, here), True) if _starts(run[here].text) else None, *COMMANDS)


def _starts(text: str) -> bool:
    known = POLICY.match(text) or TABLE.match(text) or MISSING.search(text) or text.strip() == END
    return bool(known) or bool(re.search(r"^\s*(?:iptables v|Operation not permitted \(you must)", text))


def _end(lines: Sequence[Line], first: int) -> int:
    """The last line: braces of a table are followed to their end, blank lines inside them included."""
    depth, last = 0, first
    for here in range(first, len(lines)):
        text = lines[here].text
        if text.strip() == END:
            return here
        if (
            depth == 0
            and not (_starts(text) or RULE.match(text) or NEW.match(text) or OTHER.match(text))
            and not (REFUSED.search(text) or at.command(text, *COMMANDS) is not None)
        ):
            return last
        depth = max(depth + len(OPENS.findall(text)) - (text.strip() == "}"), 0)
        last = here
    return last


def read(lines: Sequence[Line]) -> Reading:
    """Chains and rules of one machine."""
    found = at.Found()
    table: dict[str, str] = {}
    chain: dict[str, Any] | None = None
    for line in at.without_command(lines, *COMMANDS):
        text = line.text.strip()
        if known := TABLE.match(text):
            table, chain = known.groupdict(), None
        elif table and (known := CHAIN.match(text)):
            chain = {
                "what": "nft-chain",
                **table,
                "chain": known["chain"],
                "type": "",
                "hook": "",
                "policy": "",
                "rules": [],
            }
            found.rows.append(chain)
        elif text == "}":
            table = table if chain is not None else {}
            chain = None
        elif chain is not None:
            _in_chain(chain, text)
        elif not table:
            _outside(found, line)
    if lines and not any(line.text.strip() == END for line in lines):
        found.cut(f"The line '{END}' is missing: more rules may have followed.")
    return found.reading(KIND, TITLE, lines)


def _in_chain(chain: dict[str, Any], text: str) -> None:
    if known := HOOK.match(text):
        chain |= {"type": known["type"], "hook": known["hook"], "policy": known["policy"] or ""}
    elif text:
        chain["rules"].append(text)


def _outside(found: at.Found, line: Line) -> None:
    text = line.text.strip()
    if known := POLICY.match(text):
        found.rows.append({"what": "policy", "chain": known["chain"], "action": known["action"]})
    elif known := RULE.match(text):
        found.rows.append({"what": "rule", "chain": known["chain"], "text": known["text"]})
    elif known := MISSING.search(text):
        found.rows.append({"what": "missing", "tool": known["tool"]})
    elif REFUSED.search(text):
        found.cut("The tool was refused: it needs root. Run it with sudo.")
    elif OTHER.match(text):
        found.say(text)
    elif text and text != END and not NEW.match(text):
        found.left.append(line)
