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
from mi_workbook.evidence.machine import Machine
from mi_workbook.evidence.pastes.as_machine import is_complete, machine_of, table_of, tables_of
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.network import Network
from mi_workbook.reach.clients import given_routes
from mi_workbook.reach.own_routes import Piece, looks_local, pieces, tunnels_of

TEXTS = Path(__file__).with_suffix(".toml")
PACKAGES = ("routes-txt", "azure-vpn-profile", "vpn-settings", "openvpn-profile")
PUSHED = "openvpn-log"
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
    tunnels = tunnels_of(machine, gateway.pool)
    if len(tunnels) > 1 or looks_local(machine, tunnels):
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
        found = _ways(list(pieces(machine, subnet.addresses, tunnel, given)), words, addresses(given), readings)
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


def _ways(
    parts: Sequence[Piece], words: Mapping[str, str], given: Ranges, readings: Sequence[Reading]
) -> list[Conclusion]:
    """One conclusion for each way that a part of the subnet takes; several ways make the whole unknown."""
    ways = list(dict.fromkeys(piece.way for piece in parts))
    found: list[Conclusion] = []
    for way in ways:
        those = [piece for piece in parts if piece.way == way]
        span = Ranges.of(part for piece in those for part in piece.span)
        said = {**words, **_shown(those), "prefix": show_addresses(span)}
        found.append(_conclusion(_reason(span, given, readings) if way == "missing" else _named(way), said))
    if len({one.verdict for one in found}) > 1:
        found = [_conclusion("partly", words), *found]
    return found


def _named(way: str) -> str:
    return "in-tunnel" if way == "tunnel" else way


def _shown(parts: Sequence[Piece]) -> dict[str, str]:
    routes = [piece.choice.route for piece in parts if piece.choice.route]
    return {
        "route": ", ".join(dict.fromkeys(route.prefix for route in routes)) or "no route",
        "interface": ", ".join(dict.fromkeys(route.interface for route in routes)) or "no interface",
    }


def _reason(span: Ranges, given: Ranges, readings: Sequence[Reading]) -> str:
    """Why the tunnel has no route: the gateway never gives it, the package lacks it, or it was not set."""
    pushed = Ranges.of(part for one in readings if one.kind == PUSHED for row in one.rows for part in _packed(row))
    if pushed and pushed.covers(span):
        return "pushed-not-set"
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
