"""What a system's own answers let us conclude: routes for one address, name servers, a VPN client's log. Pure.

The words, and their sources, are in pasted_system.toml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any

from mi_workbook.core.ranges import NOTHING, Ranges, prefix
from mi_workbook.diagnosis.pasted_facts import Conclusion, Facts, conclusion
from mi_workbook.diagnosis.pasted_names import is_in
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.evidence.pastes.resolver_rows import asked_for, is_own
from mi_workbook.evidence.pastes.vpn_values import FORCED

ROUTES = frozenset({"ip-route-get", "route-get", "find-netroute"})
# In this order: where Windows was asked for its rules and for the servers of its interfaces, both are one answer.
SERVERS = ("nrpt", "dns-client-servers", "resolvectl-status", "scutil-dns", "resolv-conf")
AZURE_DNS = "168.63.129.16"
NO_WAY = frozenset({"unreachable", "prohibit", "blackhole"})
ENDS = ("auth-failed", "handshake-failed", "name-not-found", "closed", "connected")


def route_conclusions(reading: Reading, facts: Facts | None, place: str) -> Iterator[Conclusion]:
    """What the route to one address shows, where it is an address of the instance."""
    host = next(iter(facts.names), "") if facts is not None else ""
    for row in reading.rows:
        said = {"address": row["destination"], "source": row["source"], "says": _route(row), "host": host}
        word = _of_route(row, facts, place)
        if word:
            yield conclusion(word, [reading.span], **said)


def _of_route(row: dict[str, Any], facts: Facts | None, place: str) -> str:
    if not row["destination"]:
        return "route-unnamed"
    if row["narrowed"]:
        return "route-narrowed"
    ours = facts is not None and (
        is_in(row["destination"], facts.subnet or NOTHING) or is_in(row["destination"], facts.endpoints)
    )
    if not ours or facts is None or row["result"] == "failed":
        return "route-told" if row["result"] == "unicast" and ":" not in row["destination"] else ""
    if row["result"] in NO_WAY:
        return "route-none"
    if row["source"] and facts.pools and is_in(row["source"], facts.pools):
        return "route-in-pool"
    return "route-not-in-pool" if row["source"] and facts.pools and place == "client" else "route-told"


def _route(row: dict[str, Any]) -> str:
    """Interface, gateway and route that won, as far as they were shown."""
    if row["says"]:
        return str(row["says"])
    parts = (
        f"interface {row['interface']}" if row["interface"] else "", f"gateway {row['gateway']}" if row["gateway"] else "",
        f"route {row['prefix']}" if row["prefix"] else "",
    )  # fmt: skip
    return ", ".join(part for part in parts if part) or "no details"


def server_conclusions(readings: Sequence[Reading], facts: Facts | None) -> Iterator[Conclusion]:
    """Which servers the machine asks for the instance's name; only where the name is known."""
    ours = [one for kind in SERVERS for one in readings if one.kind == kind]
    host = next(iter(facts.names), "") if facts is not None else ""
    for group in _together(ours):
        asked = asked_for(host, [row for one in group for row in row_list(one)])
        if not host or not asked.servers:
            continue
        word = "names-by-rule" if asked.by else _by_servers(asked.servers)
        first = ", ".join(asked.servers) if not asked.by else asked.servers[0]
        server = first if word in ("names-public-servers", "names-own-service") else asked.servers[0]
        yield conclusion(word, [one.span for one in group], host=host, server=server, name=asked.by)


def _together(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    """Readings of one system's settings; the file resolv.conf is a view of its own."""
    windows = [one for one in readings if one.kind in ("nrpt", "dns-client-servers")]
    yield from [windows] if windows else []
    yield from ([one] for one in readings if one not in windows)


def row_list(reading: Reading) -> list[dict[str, Any]]:
    """The sets of servers of a reading."""
    return [row for row in reading.rows if row.get("what") == "resolver"]


def _by_servers(servers: Sequence[str]) -> str:
    if all(map(is_own, servers)):
        return "names-own-service"
    return "names-public-servers" if all(map(_is_public, servers)) else "names-asked-at"


def _is_public(address: str) -> bool:
    """True for a server on the Internet; Azure's own address for DNS is global by its number and private by its use."""
    try:
        return ip_address(address).is_global and address != AZURE_DNS
    except ValueError:
        return False


def log_conclusions(reading: Reading, facts: Facts | None) -> Iterator[Conclusion]:
    """How the connection of a log ended, and whether its routes hold the instance's subnet."""
    events = [row for row in reading.rows if row.get("what") == "event"]
    routes = [row["prefix"] for row in reading.rows if row.get("what") == "route" and row.get("tunnel") is True]
    failed = next((row for row in events if row["result"] == "route-failed"), None)
    if failed is not None:
        yield conclusion("vpn-log-route-failed", [reading.span], says=failed["says"])
    ends = [row for row in events if row["result"] in ENDS]
    failed_last = next((row for row in reversed(ends) if row["result"] != "closed"), None)
    # A client that gives up closes as well: what it says before that is why.
    closed = (
        bool(ends) and ends[-1]["result"] == "closed" and (failed_last is None or failed_last["result"] == "connected")
    )
    last = ends[-1] if closed else failed_last
    given = ", ".join(routes) or "no route"
    if last is not None:
        says = f"it was given {given}" if last["result"] == "connected" else last["says"]
        yield conclusion(f"vpn-log-{last['result']}", [reading.span], says=says)
    subnet = facts.subnet if facts is not None else None
    if subnet and routes and reading.whole and FORCED not in reading.notes and not _held(routes).meets(subnet):
        yield conclusion("vpn-log-no-route", [reading.span], says=given)


def _held(routes: Sequence[str]) -> Ranges:
    return Ranges.of(span for one in routes if ":" not in one for span in prefix(one))
