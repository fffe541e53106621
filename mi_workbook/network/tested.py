"""What was tested from the source itself: connections tried, logins, names asked, the source's own routes.

An observation counts for a place where its `about` names that place (id, name, address, or the source as it was typed),
or says "client": what somebody at the client of the question sent. Probes write `about` "this-machine".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.evidence import Evidence
from mi_workbook.evidence.machine import Interface, Machine, Resolver, Route
from mi_workbook.evidence.snapshot import Snapshot, field

CLIENT = "client"
# Words of probes and of pasted output for a connection that was made, and for one that was tried in vain.
OPEN = frozenset({"open"})
NO_NAME = "name-not-found"
# TCP connected, and what answered did not speak TDS with TLS: words of this product's own probe.
UNENCRYPTED = frozenset({"silent", "closed", "garbage", "no-encryption", "tls-failed"})
FAILED = (
    frozenset({"timeout", "refused", "unreachable", "blocked", "forbidden", "reset", NO_NAME, "failed"}) | UNENCRYPTED
)
LOGGED_IN = frozenset({"denied", "accepted"})


@dataclass(frozen=True, slots=True)
class Test:
    """A connection that was tried. result: open | a word of FAILED. whole: the login was followed to its end.

    port: 0 where the name had no address there, so that no port was tried. source: the address it was sent from, "" where
    that was not told. stage: tcp, or tls where the line was opened and only what followed was tested.
    """

    host: str
    address: str
    port: int
    result: str
    at: str
    whole: bool
    evidence: Evidence
    source: str = ""
    stage: str = "tcp"


def connection_tests(snapshot: Snapshot, places: frozenset[str]) -> tuple[Test, ...]:
    """Connections tried from a place, in the order they were read, and names that had no address there.

    `nslookup` in the console of an App Service asks other servers than the app and is left out. Source: "Troubleshoot
    virtual network integration with Azure App Service", section "Tools".
    """
    found: list[Test] = []
    in_app = any("/microsoft.web/sites/" in place for place in places)
    for position, observation in _from(snapshot, places):
        at = str(field(observation, "at", default=""))
        if in_app and observation.get("kind") == "nslookup":
            continue
        found += _tests(observation, at, f"observations/{position}")
    answered = {test.host for test in found if test.port}
    return tuple(test for test in found if test.port or not _answers(snapshot, places, test.host, answered))


def _answers(snapshot: Snapshot, places: frozenset[str], name: str, answered: set[str]) -> bool:
    """True where another look from the same place did find an address of the name."""
    looks = (list(_rows(observation)) for _, observation in _from(snapshot, places))
    return name in answered or any(True for rows in looks for _ in _addresses(rows, name))


def _tests(observation: dict[str, Any], at: str, document: str) -> Iterator[Test]:
    """Every connection of one observation. A probe names its host in `about`; servers that a login was sent on to count too."""
    probed, _, _ = str(observation.get("about") or "").partition(",")
    by_system = not is_by_server(observation)
    of_probe = str(observation.get("kind", "")).startswith("probe-")
    for row in _rows(observation):
        if row.get("protocol") == STRICT:
            continue
        evidence = Evidence(document, "/value", row)
        if by_system and _has_no_address(row):
            row = {"result": NO_NAME, "host": row.get("name")}
        read = _test({"host": probed, **row} if of_probe else row, at, evidence)
        yield from [read] if read is not None else []
        for hop in _objects(row.get("hops"))[1:]:
            sent_on = _test(hop, at, evidence)
            yield from [sent_on] if sent_on is not None and sent_on.port else []


def _has_no_address(row: dict[str, Any]) -> bool:
    """True where the machine's own look at a name failed, be it that its DNS servers kept silent."""
    failed = row.get("type") == "failure" and row.get("value") in NO_ANSWER
    return failed or (row.get("server") == BY_SYSTEM and row.get("outcome") in NO_ANSWER)


NO_ANSWER = frozenset({"nxdomain", "timeout", "server-failed", "no-address"})
STRICT = "8.0"  # TDS 8.0 is an offer besides: that it fails stops no driver that speaks 7.x


def _test(row: dict[str, Any], at: str, evidence: Evidence) -> Test | None:
    word = str(field(row, "result", "outcome", default="")).lower()
    port = field(row, "port")
    if word == NO_NAME or (row.get("type"), row.get("value")) == ("failure", "nxdomain"):
        host = str(row.get("host") or row.get("name") or "").rstrip(".").lower()
        return Test(host, "", 0, NO_NAME, at, False, evidence) if host else None
    if not isinstance(port, int) or isinstance(port, bool) or word not in OPEN | FAILED | LOGGED_IN:
        return None
    host, address = (str(field(row, name, default="") or "").rstrip(".").lower() for name in ("host", "address"))
    source, login = str(row.get("source") or row.get("local") or ""), word in LOGGED_IN
    first = next(iter(_objects(row.get("hops"))), row)  # of a login the first server, which this row is about
    tls = first.get("stage", "tcp") != "tcp"
    return Test(host, address, port, "open" if login else word, at, login, evidence, source, "tls" if tls else "tcp")


@dataclass(frozen=True, slots=True)
class Answer:
    """The address that a name had at a place, by the last look there."""

    address: str
    at: str
    evidence: Evidence


def answer_at(snapshot: Snapshot, places: frozenset[str], name: str) -> Answer | None:
    """The IPv4 address that a server name resolved to at a place, None where nobody looked or several came back.

    What the system itself got, hosts file and cache included, is what applications get: it comes before what a DNS tool
    was told by a server.
    """
    system: dict[str, Answer] = {}
    asked: dict[str, Answer] = {}
    for position, observation in _from(snapshot, places):
        at = str(field(observation, "at", default=""))
        found = asked if is_by_server(observation) else system
        for address in _addresses(list(_rows(observation)), name):
            found[address] = Answer(address, at, Evidence(f"observations/{position}", "/value", address))
    answers = system or asked
    return next(iter(answers.values())) if len(answers) == 1 else None


BY_SERVER = frozenset({"nslookup", "dig", "resolve-dnsname"})
BY_SYSTEM = "system resolver"


def is_by_server(observation: dict[str, Any]) -> bool:
    """True for an answer of a DNS server, not of the machine's own resolver."""
    value = observation.get("value")
    server = str(value.get("server") or "") if isinstance(value, dict) else ""
    if observation.get("kind") == "nameresolver":
        return any(str(row.get("server") or "Default") != "Default" for row in _rows(observation))
    return observation.get("kind") in BY_SERVER or (
        observation.get("kind") == "probe-dns" and server not in {"", BY_SYSTEM}
    )


def _addresses(rows: list[dict[str, Any]], name: str) -> Iterator[str]:
    """Addresses in the shapes of DNS tools (rows of a chain), of connection tests, and of this product's own probe."""
    asked = {name}
    for row in rows:
        owner = str(row.get("name") or row.get("host") or "").rstrip(".").lower()
        kind, value = str(row.get("type") or "").upper(), row.get("value")
        if kind == "CNAME" and owner in asked and isinstance(value, str):
            asked.add(value.rstrip(".").lower())
        elif kind == "A" and owner in asked and isinstance(value, str):
            yield value
        elif (
            owner in asked
            and isinstance(row.get("port"), int)
            and isinstance(row.get("address"), str)
            and row["address"]
        ):
            yield row["address"]
        elif owner in asked and isinstance(row.get("answers"), list):
            yield from (
                str(one["address"])
                for one in _objects(row["answers"])
                if "address" in one and ":" not in str(one["address"])
            )


def _rows(observation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    value = observation.get("value")
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, dict):
            yield row


def _from(snapshot: Snapshot, places: frozenset[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for position, observation in enumerate(snapshot.observations):
        if is_from(observation, places):
            yield position, observation


def is_from(observation: dict[str, Any], places: frozenset[str]) -> bool:
    """True for an observation that counts for the place which bears these words."""
    place = field(observation, "from")
    return str(place if isinstance(place, str) and place else field(observation, "about", default="")).lower() in places


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine as it was observed, and where that was read."""

    machine: Machine
    at: str
    evidence: Evidence


def machine_at(snapshot: Snapshot, places: frozenset[str]) -> Seen | None:
    """Routes, interfaces and DNS servers of the machine at a place, None where its routes were not read."""
    parts: dict[str, dict[str, Any]] = {}
    first: Evidence | None = None
    at = ""
    for position, observation in _from(snapshot, places):
        value, kind = observation.get("value"), str(observation.get("kind", ""))
        if kind.startswith("machine-") and isinstance(value, dict):
            parts[kind] = value
            if kind == "machine-routes":
                first, at = Evidence(f"observations/{position}", "/value/routes", ""), str(observation.get("at", ""))
    if first is None:
        return None
    routes = parts["machine-routes"]
    machine = Machine(
        system=str(routes.get("system", "")),
        routes=tuple(_route(one) for one in _objects(routes.get("routes")) if one.get("prefix")),
        interfaces=tuple(_interface(one) for one in _objects(parts.get("machine-interfaces", {}).get("interfaces"))),
        resolvers=tuple(_resolver(one) for one in _objects(parts.get("machine-dns", {}).get("resolvers"))),
        rules=_texts(routes.get("rules")),
        problems=_texts(routes.get("problems")),
    )
    return Seen(machine, at, first)


def _route(one: dict[str, Any]) -> Route:
    metric = one.get("metric")
    return Route(
        prefix=str(one.get("prefix", "")), gateway=str(one.get("gateway") or ""), interface=str(one.get("interface") or ""),
        metric=metric if isinstance(metric, int) else None, source=str(one.get("source") or ""),
        kind=str(one.get("kind") or "unicast"), table=str(one.get("table") or "main"), scoped=one.get("scoped") is True,
    )  # fmt: skip


def _interface(one: dict[str, Any]) -> Interface:
    up = one.get("up")
    return Interface(
        name=str(one.get("name") or ""), up=up if isinstance(up, bool) else None, addresses=_texts(one.get("addresses")),
        description=str(one.get("description") or ""), vpn=str(one.get("vpn") or ""),
    )  # fmt: skip


def _resolver(one: dict[str, Any]) -> Resolver:
    return Resolver(_texts(one.get("servers")), str(one.get("interface") or ""), str(one.get("domain") or ""))


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
