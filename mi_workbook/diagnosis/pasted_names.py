"""What pasted DNS answers let us conclude. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from mi_workbook.core.ranges import Ranges
from mi_workbook.diagnosis.pasted_facts import Conclusion, Facts, conclusion
from mi_workbook.diagnosis.probe_layers import suffix_of
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.probes.outcome import AddressClass, address_class

FAILURES = {
    "nxdomain": "dns-nxdomain", "timeout": "dns-silent", "server-failed": "dns-server-failed", "refused": "dns-server-failed",
    "no-address": "dns-no-address", "unclear": "dns-unclear",
}  # fmt: skip


def name_conclusions(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    """Of one DNS answer: its failure, or what class its addresses are of."""
    chain = [row["value"] for row in reading.rows if row["type"] == "CNAME"]
    found = [row["value"] for row in reading.rows if row["type"] in {"A", "AAAA"}]
    for row in reading.rows:
        if row["type"] == "failure" and _concerns(row["name"], chain, facts):
            yield from other_name(row["name"], facts, reading.span)
            yield _failure(row["name"], row["value"], row["server"], reading)
    if found:
        yield from answer_conclusions(reading.about, found, chain, facts, reading.span)


def other_name(name: str, facts: Facts | None, span: tuple[int, int]) -> Iterator[Conclusion]:
    """A name that is not the instance's was tested."""
    host = name.lower().rstrip(".")
    if facts and facts.names and suffix_of(host) and not _is_ours(host, (), facts):
        yield conclusion("dns-other-name", [span], host=host, name=facts.names[0])


def _failure(name: str, value: str, server: str, reading: Reading) -> Conclusion:
    word = FAILURES.get(value, "dns-unclear")
    if word == "dns-nxdomain" and ".public." in name.lower():
        word = "dns-nxdomain-public"
    server = "" if server.lower() in {"default", "unknown"} else server
    return conclusion(word, [reading.span], host=name, server=server, says=value)


def _concerns(name: str, chain: Sequence[str], facts: Facts | None) -> bool:
    """True for names of instances, and for aliases that lead to one."""
    return any(suffix_of(one.lower()) for one in (name, *chain)) or (facts is not None and name.lower() in facts.names)


def answer_conclusions(
    name: str, found: Sequence[str], chain: Sequence[str], facts: Facts | None, span: tuple[int, int]
) -> Iterator[Conclusion]:
    """What the addresses of a name say, wherever they were printed (DNS tool, TCP test, checker)."""
    host = name.lower().rstrip(".")
    if not _concerns(host, chain, facts):
        return
    if facts and facts.names and not _is_ours(host, chain, facts):
        yield conclusion("dns-other-name", [span], host=host, name=facts.names[0])
        return
    found, listed = [one for one in found if ":" not in one], ", ".join(found)
    if not found:
        yield conclusion("dns-ipv6", [span], host=host, address=listed)
        return
    word = _by_facts(found, facts) if facts and facts.subnet is not None else _by_class(host, found, chain)
    if word == "dns-other-private" and ".public." in host:
        word = _by_class(host, found, chain)
    unsure = "hint" if word == "dns-public" and not (facts and facts.subnet is not None) else ""
    yield conclusion(word, [span], unsure, host=host, address=listed)


def _is_ours(host: str, chain: Sequence[str], facts: Facts) -> bool:
    """The instance's name, an alias that leads to it, or a name on the way from it."""
    on_the_way = ".worker." in host or ".privatelink." in host
    return host in facts.names or on_the_way or any(link.lower() in facts.names for link in chain)


def _by_facts(found: Sequence[str], facts: Facts) -> str:
    subnet = facts.subnet or Ranges()
    places = {_place(address, subnet, facts.endpoints) for address in found}
    return places.pop() if len(places) == 1 else "dns-mixed"


def _place(address: str, subnet: Ranges, endpoints: Ranges) -> str:
    if is_in(address, endpoints):
        return "dns-private-endpoint"
    if is_in(address, subnet):
        return "dns-in-subnet"
    return "dns-other-private" if _is_private(address) else "dns-public"


def _is_private(address: str) -> bool:
    return address_class(address) in {AddressClass.PRIVATE, AddressClass.SHARED}


def _by_class(host: str, found: Sequence[str], chain: Sequence[str]) -> str:
    kinds = {not _is_private(address) for address in found}
    if len(kinds) > 1:
        return "dns-mixed"
    if kinds == {True}:
        return "dns-public-endpoint" if ".public." in host else "dns-public"
    return "dns-privatelink" if any(".privatelink." in link.lower() for link in chain[-1:]) else "dns-private"


def is_in(address: str, ranges: Ranges) -> bool:
    """True for an IPv4 address inside; ranges hold no IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return parsed.version == 4 and any(first <= int(parsed) <= last for first, last in ranges)


def disagreements(readings: Sequence[Reading]) -> Iterator[Conclusion]:
    """Servers that gave the same name different addresses, in one paste."""
    said: dict[str, dict[str, tuple[frozenset[str], tuple[int, int]]]] = {}
    for reading in readings:
        found = frozenset(row["value"] for row in reading.rows if row.get("type") in {"A", "AAAA"})
        server = next((row["server"] for row in reading.rows if row.get("server")), "")
        if found and server and suffix_of(reading.about.lower()):
            said.setdefault(reading.about.lower(), {})[server] = (found, reading.span)
    for name, answers in said.items():
        if len({found for found, _ in answers.values()}) > 1:
            says = "; ".join(f"{server}: {', '.join(sorted(found))}" for server, (found, _) in answers.items())
            yield conclusion("dns-servers-differ", [span for _, span in answers.values()], host=name, says=says)
