"""What a machine's own packet filter does with a new connection to one address and port, as far as its rules show. Pure.

Only what surely matches counts: a rule whose conditions are not all understood makes the answer unknown where it would
change it. Sources: documentation of Get-NetFirewallRule (block before allow; a profile's default action); manual pages
iptables(8) and nft(8) (first terminating rule, then the chain's policy; every base chain of a hook is passed).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import Any

from mi_workbook.core.evidence import Evidence
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.tested import is_from

TCP = frozenset({"tcp", "6", "any", "all"})
OPEN_BY_DEFAULT = frozenset({"allow", "notconfigured"})
LONGEST_RULE = 1000
PASSING = frozenset({"", "LOG", "NFLOG", "MARK"})  # the packet goes on to the next rule
REFUSES = frozenset({"DROP", "REJECT"})
BARE = re.compile(r"^(?:counter(?: packets \d+ bytes \d+)?|log\b.*|comment \".*\"|#.*)$")


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection: where to. address: "" where it is not known."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a machine's own filter says of a packet that it surely stops, and the outputs that show it."""

    says: str
    evidence: tuple[Evidence, ...]


def stopped_at_source(snapshot: Snapshot, places: frozenset[str], packet: Packet) -> Stopped | None:
    """The stop in the packet filter of the machine at a place; None where its rules were not all shown, or none surely meets it.

    places: words that observations from the source bear.
    """
    for kind, judge in (("windows-firewall", by_windows), ("linux-firewall", by_linux)):
        seen = [
            (n, one) for n, one in enumerate(snapshot.observations) if one.get("kind") == kind and is_from(one, places)
        ]
        rows = [row for _, one in seen for row in _rows(one)]
        if rows and all(_shown_whole(one) for _, one in seen) and (kind != "windows-firewall" or both_lists(rows)):
            verdict, says = judge(rows, True, packet)
            if verdict is Verdict.BLOCKED:
                return Stopped(says, tuple(Evidence(f"observations/{n}", "/value", one["value"]) for n, one in seen))
    return None


def _rows(observation: Mapping[str, Any]) -> list[dict[str, Any]]:
    value = observation.get("value")
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _shown_whole(observation: Mapping[str, Any]) -> bool:
    return bool(observation.get("whole")) and not observation.get("not_understood") and not observation.get("notes")


def both_lists(rows: Iterable[Mapping[str, Any]]) -> bool:
    """True where both the profiles of Windows' firewall and the end of its list of block rules are among the rows."""
    return {"profile", "rules-end"} <= {row.get("what") for row in rows}


def by_windows(rows: Iterable[Mapping[str, Any]], whole: bool, packet: Packet) -> tuple[Verdict, str]:
    """The profiles and the block rules of Windows.

    whole: both lists were shown to their end. Unknown where a profile blocks by default, since allow rules are not listed, and
    where a rule blocks while a profile is not on, since which profile is in force is not among the rows.
    """
    rows = list(rows)
    rules = [row for row in rows if row.get("what") == "block-rule"]
    off = [str(row.get("name")) for row in rows if row.get("what") == "profile" and row.get("enabled") is not True]
    for row in rules:
        if _meets(row, packet, sure=True):
            if off:
                return (
                    Verdict.UNKNOWN,
                    f"Rule {row.get('name')} blocks it, but the firewall is not shown to be on in profile {', '.join(off)}.",
                )
            return Verdict.BLOCKED, f"Windows' firewall blocks it: rule {row.get('name')}."
    perhaps = [str(row.get("name")) for row in rules if _meets(row, packet, sure=False)]
    if perhaps:
        return Verdict.UNKNOWN, f"Block rules that may meet it (by program, profile or address): {', '.join(perhaps)}."
    profiles = [row for row in rows if row.get("what") == "profile" and row.get("enabled") is not False]
    shut = [str(row.get("name")) for row in profiles if str(row.get("outbound")).lower() not in OPEN_BY_DEFAULT]
    if shut:
        return (
            Verdict.UNKNOWN,
            f"Profile {', '.join(shut)} blocks what no rule allows; the allow rules were not listed.",
        )
    if whole and any(row.get("what") == "profile" for row in rows):
        return (
            Verdict.REACHABLE,
            "Windows' firewall lets it out: no profile blocks by default, and no block rule meets it.",
        )
    return Verdict.UNKNOWN, "Profiles and block rules of Windows' firewall were not both shown to their end."


def _meets(row: Mapping[str, Any], packet: Packet, *, sure: bool) -> bool:
    """Whether a block rule meets the packet: surely, or at least perhaps."""
    if str(row.get("protocol", "")).lower() not in TCP or not _ports(row.get("ports"), packet.port):
        return False
    everywhere = [str(one).lower() for one in row.get("addresses") or ()] in ([], ["any"])
    at_address = everywhere or any(_covers(str(one), packet.address) for one in row.get("addresses") or ())
    if not sure:
        return at_address or not packet.address or not all(_is_range(str(one)) for one in row.get("addresses") or ())
    anywhere = str(row.get("profile", "")).lower() == "any" and str(row.get("program", "")).lower() == "any"
    return at_address and anywhere


def _ports(listed: Any, port: int) -> bool:
    ports = [str(one).lower() for one in listed or ()]
    return ports in ([], ["any"]) or any(_in_span(one, port) for one in ports)


def _in_span(text: str, port: int) -> bool:
    first, _, last = text.replace(":", "-").partition("-")
    return first.isdigit() and (last or first).isdigit() and int(first) <= port <= int(last or first)


def _is_range(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _covers(text: str, address: str) -> bool:
    try:
        return IPv4Address(address) in ip_network(text, strict=False)
    except (ValueError, TypeError):
        return False


def by_linux(rows: Iterable[Mapping[str, Any]], whole: bool, packet: Packet) -> tuple[Verdict, str]:
    """The filter rules of iptables and nftables for what the machine itself sends."""
    rows = list(rows)
    parts = [*_iptables(rows, packet), *_nftables(rows, packet)]
    shut = next((name for name, ends in parts if ends <= REFUSES), "")
    if shut:
        return Verdict.BLOCKED, f"The machine's packet filter ({shut}) drops or rejects it on its way out."
    if whole and parts and all(ends == {"ACCEPT"} for _, ends in parts):
        return Verdict.REACHABLE, "The machine's packet filter lets it out."
    return (
        Verdict.UNKNOWN,
        "Whether the machine's packet filter lets it out cannot be told from the rules that were shown.",
    )


def _iptables(rows: Sequence[Mapping[str, Any]], packet: Packet) -> Iterator[tuple[str, set[str]]]:
    """The ends in the chain OUTPUT; nothing where its policy was not shown."""
    policies = {str(row["chain"]): str(row["action"]) for row in rows if row.get("what") == "policy"}
    chains: dict[str, list[str]] = {}
    for row in rows:
        if row.get("what") == "rule":
            chains.setdefault(str(row["chain"]), []).append(str(row["text"]))
    if "OUTPUT" in policies:
        ends = _ends(chains, "OUTPUT", packet, {})
        yield "iptables", {policies["OUTPUT"] if one == "on" else one for one in ends}


def _nftables(rows: Sequence[Mapping[str, Any]], packet: Packet) -> Iterator[tuple[str, set[str]]]:
    """The ends in each base chain that sees what goes out."""
    for row in rows:
        if row.get("what") == "nft-chain" and row.get("hook") == "output" and row.get("type") == "filter":
            yield f"nftables {row.get('table')}/{row.get('chain')}", _nft_ends(row, packet)


def _ends(chains: Mapping[str, Sequence[str]], name: str, packet: Packet, met_before: dict[str, set[str]]) -> set[str]:
    """Every target at which the packet may end in a chain of iptables; "on" where it passes the chain, "?" for not known.

    met_before: chains that were followed already; each is followed once, and one that leads back into itself is not known.
    """
    if name in met_before:
        return met_before[name]
    met_before[name] = {"?"}
    met_before[name] = found = _followed(chains, name, packet, met_before)
    return found


def _followed(
    chains: Mapping[str, Sequence[str]], name: str, packet: Packet, met_before: dict[str, set[str]]
) -> set[str]:
    found: set[str] = set()
    for text in chains.get(name, ()):
        met, target = _iptables_rule(text, packet)
        if met is False or target in PASSING:
            continue
        ends = _targeted(chains, target, packet, met_before)
        found |= ends - {"on"}
        if met is True and (target == "RETURN" or "on" not in ends):
            return found | (ends & {"on"})
    return found | {"on"}


def _targeted(
    chains: Mapping[str, Sequence[str]], target: str, packet: Packet, met_before: dict[str, set[str]]
) -> set[str]:
    if target in {"ACCEPT", *REFUSES}:
        return {target}
    if target == "RETURN":
        return {"on"}
    return _ends(chains, target, packet, met_before) if target in chains else {"?", "on"}


def _iptables_rule(text: str, packet: Packet) -> tuple[bool | None, str]:
    """Whether the rule meets the packet (None: a condition is not understood), and its target."""
    if len(text) > LONGEST_RULE or not text.strip():  # redaction leaves the rule and takes its words away
        return None, "?"
    try:
        words = shlex.split(text)
    except ValueError:
        return None, "?"
    met: bool | None = True
    target = ""
    pairs: Iterator[tuple[str, str]] = _options(words)
    for name, value in pairs:
        if name in {"-j", "-g"}:
            target = value
            continue
        one = _condition(name, value, packet)
        met = False if one is False or met is False else None if one is None or met is None else True
    return met, target


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options and their values; one behind "!" gets a name that no condition has, and --reject-with belongs to its target."""
    at = 0
    while at < len(words):
        turned = words[at] == "!"
        at += turned
        if at >= len(words):
            return
        name, at = words[at], at + 1
        value = words[at] if at < len(words) and not words[at].startswith("-") and words[at] != "!" else ""
        at += bool(value)
        if name not in {"-m", "--comment", "--reject-with", "--log-prefix", "--log-level"}:
            yield (f"! {name}" if turned else name), value


def _condition(name: str, value: str, packet: Packet) -> bool | None:
    if name == "-p":
        return value.lower() in TCP
    if name in {"--dport", "--dports"}:
        return any(_in_span(one, packet.port) for one in value.split(","))
    if name == "-d":
        return _covers(value, packet.address) if packet.address else None
    if name in {"--ctstate", "--state"}:
        return "NEW" in value.upper().split(",")
    if name == "--syn":
        return True
    if name == "-o" and value == "lo":
        return False
    return None


def _nft_ends(row: Mapping[str, Any], packet: Packet) -> set[str]:
    """Every end of the packet in a base chain of nftables."""
    found: set[str] = set()
    for text in row.get("rules") or ():
        met, target = _nft_rule(str(text), packet)
        if met is False or not target:
            continue
        found.add(target)
        if met is True and target in {"ACCEPT", *REFUSES}:
            return found
    return found | {"DROP" if str(row.get("policy")).lower() == "drop" else "ACCEPT"}


def _nft_rule(text: str, packet: Packet) -> tuple[bool | None, str]:
    if len(text) > LONGEST_RULE:
        return None, "?"
    target = {"accept": "ACCEPT", "drop": "DROP"}
    end = re.search(
        r"\b(accept|drop|reject(?: with .*)?|jump \S+|goto \S+|return|queue.*)\s*(?:comment \".*\")?$", text
    )
    if end is None:
        return (False, "") if BARE.match(text) or not text.strip() else (None, "?")
    word = end[1].split()[0]
    conditions = text[: end.start()].strip()
    return _nft_conditions(conditions, packet), "REJECT" if word == "reject" else target.get(word, "?")


NFT_CONDITIONS: tuple[tuple[str, Callable[[str, Packet], bool | None]], ...] = (
    (
        r"tcp dport (?:\{ ?([^}]*?) ?\}|(\S+))",
        lambda one, to: any(_in_span(part.strip(), to.port) for part in one.split(",")),
    ),
    (r"ip daddr ([\d./]+)", lambda one, to: _covers(one, to.address) if to.address else None),
    (r"ct state ([\w,]+)", lambda one, to: "new" in one.split(",")),
    (r'oifname "?(lo)"?', lambda one, to: False),
    (r"(?:meta l4proto|ip protocol) (\w+)", lambda one, to: one in TCP),
)


def _nft_conditions(text: str, packet: Packet) -> bool | None:
    """True where each condition is understood and meets the packet, False where one does not."""
    rest, met = text, []
    for pattern, meets in NFT_CONDITIONS:
        for found in re.finditer(pattern, rest):
            met.append(meets(next(one for one in found.groups() if one), packet))
        rest = re.sub(pattern, " ", rest)
    rest = re.sub(r"counter(?: packets \d+ bytes \d+)?|log(?: prefix \"[^\"]*\")?", " ", rest).strip()
    if False in met:
        return False
    return None if rest or None in met else True
