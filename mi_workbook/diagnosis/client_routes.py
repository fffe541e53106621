"""What pasted routes of a point-to-site client show: whether packets to the instance enter the tunnel, and why not. Pure.

A row's absence proves something only in a table that shows its end; without that the answer is unknown.
Source: "Connect your application to Azure SQL Managed Instance", section "Troubleshoot connectivity issues" (entries for
each VNet involved in route print and routes.txt); "About point-to-site VPN routing" (which routes a client is given, a
package keeps those of the day it was made); "Troubleshoot point-to-site connections" (routes of an address class).
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.ranges import Ranges, addresses, prefix, show_addresses
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.probe_layers import fill
from mi_workbook.evidence.machine import ENDS, Choice, Machine, Route, chosen_route
from mi_workbook.evidence.pastes.as_machine import is_complete, machine_of, table_of, tables_of
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.reach.clients import given_routes

TEXTS = Path(__file__).with_suffix(".toml")
PACKAGES = ("routes-txt", "azure-vpn-profile", "vpn-settings", "openvpn-profile")
CLASSES = ((128, 8), (192, 16), (224, 24))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One thing the routes show. id: a text of client_routes.toml; fault: an id of the catalogue of faults, "" for none."""

    id: str
    verdict: Verdict
    says: str
    how: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A VNet the client must reach, and how much of it the tunnel's own routes hold: "all", "part" or "none"."""

    vnet: str
    prefixes: tuple[str, ...]
    held: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientRoutes:
    """verdict: whether packets to the instance's subnet enter the tunnel. The first conclusion decides it."""

    verdict: Verdict
    conclusions: tuple[Conclusion, ...]
    entries: tuple[Entry, ...] = ()
    tunnel: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Addresses that take the same way. way: tunnel | wrong-interface | local-capture | missing | equal-routes."""

    span: Ranges
    way: str
    route: Route | None


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def judge_client(network: Network, instance_id: str, gateway_id: str, readings: Sequence[Reading]) -> ClientRoutes:
    """Judge the pasted tables and files of a client of this gateway, for the VNet-local endpoint of the instance.

    Raises MissingEvidence where instance, gateway or their VNets were not collected.
    """
    tables = tables_of(readings)
    others = [one for one in readings if one not in tables]
    judged = [_judge(network, instance_id, gateway_id, [table, *others]) for table in tables]
    if not judged:
        return _judge(network, instance_id, gateway_id, others)
    if len({one.verdict for one in judged}) > 1:
        return _only("several-tables", {"tables": ", ".join(f"line {table.span[0]}" for table in tables)})
    return judged[0]


def _judge(network: Network, instance_id: str, gateway_id: str, readings: Sequence[Reading]) -> ClientRoutes:
    """The same for readings with one table at most."""
    gateway, instance = network.gateway(gateway_id), network.instance(instance_id)
    subnet = network.subnet(instance.subnet_id)
    words = {"instance": instance.name, "gateway": gateway.name, "pool": ", ".join(gateway.pool_prefixes)}
    machine, table = machine_of(readings), table_of(readings)
    if table is None or not gateway.pool:
        return _only("no-pool" if not gateway.pool else "no-table", words)
    tunnels = _tunnels(machine, gateway.pool)
    if len(tunnels) > 1 or _looks_local(machine, tunnels):
        return _only("two-tunnels", words | {"interface": ", ".join(sorted(tunnels))})
    if machine.rules:
        return _only("policy", words | {"route": ", ".join(machine.rules)})
    tunnel = next(iter(tunnels), "")
    found = [_conclusion("tunnel-down", words)]
    if tunnel:
        windows = machine.system == "windows"
        given = [
            route.prefix for route in given_routes(network, gateway) if (route.windows if windows else route.others)
        ]
        pieces = list(_pieces(machine, subnet.addresses, tunnel, given))
        found = _ways(pieces, words, addresses(given), readings)
    if not is_complete(table):
        found = [_conclusion("incomplete", words), *(replace(one, verdict=Verdict.UNKNOWN) for one in found)]
    found += _classful(machine, gateway, tunnel, words)
    entries = tuple(_entries(network, (gateway.vnet_id, subnet.vnet_id), machine, tunnel))
    return ClientRoutes(found[0].verdict, tuple(found), entries, tunnel)


def _only(name: str, words: Mapping[str, str]) -> ClientRoutes:
    found = _conclusion(name, words)
    return ClientRoutes(found.verdict, (found,))


def _conclusion(name: str, words: Mapping[str, str]) -> Conclusion:
    text = _texts()[name]
    return Conclusion(
        name, Verdict(text["verdict"]), fill(text["says"], words), fill(text["how"], words), text.get("fault", "")
    )


def _tunnels(machine: Machine, pool: Ranges) -> set[str]:
    """Interfaces with an address of the pool: its own, the source of its routes, or an on-link route inside the pool."""
    return {route.interface for route in machine.routes if route.interface and _in_pool(route, pool)}


def _in_pool(route: Route, pool: Ranges) -> bool:
    if route.kind != "unicast" or ":" in route.prefix:
        return False
    own = [text for text in (route.source,) if text and ":" not in text]
    inside = not route.gateway and pool.covers(prefix(route.prefix))
    return any(pool.covers(prefix(text)) for text in own) or (not own and inside)


def _looks_local(machine: Machine, tunnels: set[str]) -> bool:
    """True where the default route leaves over such an interface through a gateway, as in a local network.

    A tunnel of Azure has its default route on the link, or as two halves.
    """
    return any(route.interface in tunnels and route.length == 0 and route.gateway for route in machine.routes)


def _pieces(machine: Machine, wanted: Ranges, tunnel: str, given: Sequence[str]) -> Iterator[_Piece]:
    """The wanted addresses, cut wherever a route begins or ends; within a piece every address takes the same way."""
    edges = sorted(
        {edge for route in machine.routes for first, last in prefix(route.prefix) for edge in (first, last + 1)}
    )
    for first, last in wanted:
        starts = [first, *(edge for edge in edges if first < edge <= last)]
        for start, end in zip(starts, [*(edge - 1 for edge in starts[1:]), last], strict=True):
            choice, span = chosen_route(machine, str(ipaddress.IPv4Address(start))), Ranges(((start, end),))
            longest = max((int(one.rpartition("/")[2]) for one in given if prefix(one).covers(span)), default=0)
            yield _Piece(span, _way(choice, tunnel, longest), choice.route)


def _way(choice: Choice, tunnel: str, longest: int) -> str:
    """longest: the length of the route that the gateway gives its clients for these addresses."""
    best = choice.route
    if best is None:
        return "missing"
    rivals = [route for route, _ in choice.losers if route.length == best.length]
    if any(_tied(best, rival) and rival.interface != best.interface for rival in rivals):
        return "equal-routes"
    if best.interface == tunnel and best.kind not in ENDS:
        return "tunnel"
    if any(route.interface == tunnel for route, _ in choice.losers):
        return "wrong-interface"
    return "missing" if best.length < max(longest, 2) else "local-capture"


def _tied(one: Route, other: Route) -> bool:
    return one.metric is None or other.metric is None or one.metric == other.metric


def _ways(
    pieces: Sequence[_Piece], words: Mapping[str, str], given: Ranges, readings: Sequence[Reading]
) -> list[Conclusion]:
    """One conclusion for each way that a part of the subnet takes; several ways make the whole unknown."""
    ways = list(dict.fromkeys(piece.way for piece in pieces))
    found: list[Conclusion] = []
    for way in ways:
        those = [piece for piece in pieces if piece.way == way]
        span = Ranges.of(part for piece in those for part in piece.span)
        said = {**words, **_shown(those), "prefix": show_addresses(span)}
        found.append(_conclusion(_reason(span, given, readings) if way == "missing" else _named(way), said))
    if len({one.verdict for one in found}) > 1:
        found = [_conclusion("partly", words), *found]
    return found


def _named(way: str) -> str:
    return "in-tunnel" if way == "tunnel" else way


def _shown(pieces: Sequence[_Piece]) -> dict[str, str]:
    routes = [piece.route for piece in pieces if piece.route]
    return {
        "route": ", ".join(dict.fromkeys(route.prefix for route in routes)) or "no route",
        "interface": ", ".join(dict.fromkeys(route.interface for route in routes)) or "no interface",
    }


def _reason(span: Ranges, given: Ranges, readings: Sequence[Reading]) -> str:
    """Why the tunnel has no route: the gateway never gives it, the package lacks it, or it was not set."""
    packages = [one for one in readings if one.kind in PACKAGES]
    packed = Ranges.of(part for one in packages for row in one.rows for part in _packed(row))
    if packages and packed.covers(span):
        return "missing-from-table"
    if not given.covers(span):
        return "never-given"
    return "stale-package" if packages else "missing"


def _packed(row: Mapping[str, Any]) -> Ranges:
    """Addresses that a row of a client's file sends into the tunnel."""
    sent = row.get("what") == "route" and row.get("include", True) and row.get("tunnel", True)
    return prefix(row["prefix"]) if sent and row.get("action") != "delete" else Ranges()


def _classful(machine: Machine, gateway: Gateway, tunnel: str, words: Mapping[str, str]) -> list[Conclusion]:
    """A route for the address class of the client's own address, which is not one that the gateway gives."""
    found = []
    for route in machine.routes if machine.system == "windows" else ():
        first = int(route.source.partition(".")[0]) if "." in route.source else 0
        length = next((bits for below, bits in CLASSES if 0 < first < below), 0)
        own = str(ipaddress.ip_network(f"{route.source}/{length}", strict=False)) if length else ""
        if route.interface == tunnel and route.prefix == own and own not in gateway.pool_prefixes:
            found.append(_conclusion("classful", {**words, "route": route.prefix}))
    return found[:1]


def _entries(network: Network, vnet_ids: Sequence[str], machine: Machine, tunnel: str) -> Iterator[Entry]:
    """The VNets of the gateway and of the instance, and the routes of the tunnel that are theirs."""
    for vnet_id in dict.fromkeys(one.lower() for one in vnet_ids):
        vnet = network.spaced(vnet_id)
        own = [route for route in machine.routes if tunnel and route.interface == tunnel and route.length > 1]
        theirs = [route for route in own if prefix(route.prefix).meets(vnet.addresses)]
        held = addresses(route.prefix for route in theirs) & vnet.addresses
        how_much = "all" if held.covers(vnet.addresses) else "part" if held else "none"
        yield Entry(vnet.name, vnet.prefixes, how_much, tuple(dict.fromkeys(route.prefix for route in theirs)))
