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
FAILED = frozenset({"timeout", "refused", "unreachable", "blocked", "forbidden", "reset", NO_NAME, "failed"})
LOGGED_IN = frozenset({"denied", "accepted"})


@dataclass(frozen=True, slots=True)
class Test:
    """A connection that was tried. result: open | a word of FAILED. whole: the login was followed to its end.

    port: 0 where the name had no address there, so that no port was tried.
    """

    host: str
    address: str
    port: int
    result: str
    at: str
    whole: bool
    evidence: Evidence


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
        for row in _rows(observation):
            read = _test(row, at, Evidence(f"observations/{position}", "/value", row))
            found += [read] if read is not None else []
    answered = {test.host for test in found if test.port}
    return tuple(test for test in found if test.port or not _answers(snapshot, places, test.host, answered))


def _answers(snapshot: Snapshot, places: frozenset[str], name: str, answered: set[str]) -> bool:
    """True where another look from the same place did find an address of the name."""
    looks = (list(_rows(observation)) for _, observation in _from(snapshot, places))
    return name in answered or any(True for rows in looks for _ in _addresses(rows, name))


def _test(row: dict[str, Any], at: str, evidence: Evidence) -> Test | None:
    word = str(field(row, "result", "outcome", default="")).lower()
    port = field(row, "port")
    if word == NO_NAME or (row.get("type"), row.get("value")) == ("failure", "nxdomain"):
        host = str(row.get("host") or row.get("name") or "").rstrip(".").lower()
        return Test(host, "", 0, NO_NAME, at, False, evidence) if host else None
    if not isinstance(port, int) or isinstance(port, bool) or word not in OPEN | FAILED | LOGGED_IN:
        return None
    host, address = (str(field(row, name, default="") or "").rstrip(".").lower() for name in ("host", "address"))
    login = word in LOGGED_IN
    return Test(host, address, port, "open" if login else word, at, login, evidence)


@dataclass(frozen=True, slots=True)
class Answer:
    """The address that a name had at a place, by the last look there."""

    address: str
    at: str
    evidence: Evidence


def answer_at(snapshot: Snapshot, places: frozenset[str], name: str) -> Answer | None:
    """The IPv4 address that a server name resolved to at a place, None where nobody looked or several came back."""
    found: dict[str, Answer] = {}
    for position, observation in _from(snapshot, places):
        at = str(field(observation, "at", default=""))
        for address in _addresses(list(_rows(observation)), name):
            found[address] = Answer(address, at, Evidence(f"observations/{position}", "/value", address))
    return next(iter(found.values())) if len(found) == 1 else None


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
