"""Two peered networks A and B, the instance in B; and short ways to ask about them. The hub is in test_routing_rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

from arm import Json, at, instance, joined, nic, peered, route_table, subnet, vnet, vnet_id
from test_routing_rules import estate

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.ranges import prefix
from mi_workbook.core.trace import Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.routes import EffectiveRoutes, Route
from mi_workbook.reach.security import gate

A, B, H = ["10.1.0.0/16"], ["10.2.0.0/16"], ["10.0.0.0/16"]
TRANSIT = {"hub_side": {"allowGatewayTransit": True}, "spoke_side": {"useRemoteGateways": True}}
FQDN = "mi.abc123.database.windows.net"
SQL_PORT = prefix("0.0.5.153")  # 1433 as a set of one number


def unshared(resources: list[Json]) -> list[Json]:
    """A copy as it comes from a file: no list inside is the same object as another one."""
    found: list[Json] = json.loads(json.dumps(resources))
    return found


def two(
    a: Json | None = None, b: Json | None = None, a_side: Json | None = None, b_side: Json | None = None,
    pe: Json | None = None, extra: Iterable[Json] = (),
) -> list[Json]:  # fmt: skip
    """A (10.1.0.0/16, vm-a at 10.1.0.4) and B (10.2.0.0/16, the instance), peered; a, b, pe: their subnets."""
    found = [
        vnet("A", A, {"vm": a or subnet("10.1.0.0/24")}, {"B": a_side or peered(B)}),
        vnet("B", B, {"mi": b or subnet("10.2.0.0/27"), "pe": pe or subnet("10.2.5.0/24")}, {"A": b_side or peered(A)}),
        nic("vm-a", "10.1.0.4", "A/vm"), instance("B/mi"), *extra,
    ]  # fmt: skip
    return unshared(joined(found))


def routed(*routes: tuple[str, str, str], more: Iterable[Json] = (), **table: Any) -> list[Json]:
    """The two networks with user routes on the client's subnet."""
    return two(a=subnet("10.1.0.0/24", table="rt"), extra=(route_table("rt", *routes, **table), *more))


def asked(
    resources: list[Json], source: str = "vm-a", target: str = "mi", endpoint: str = "auto",
    seen: tuple[Json, ...] = (), complete: frozenset[str] | None = None,
) -> Diagnosis:  # fmt: skip
    """The diagnosis on evidence that holds everything there is, unless told otherwise."""
    return diagnose(Snapshot(copy.deepcopy(resources), observations=seen, complete=complete), source, target, endpoint)


def verdict(resources: list[Json], source: str = "vm-a", target: str = "mi", endpoint: str = "auto") -> Verdict:
    """The verdict on whole evidence."""
    return asked(resources, source, target, endpoint).verdict


def named(resources: list[Json], name: str) -> Json:
    """Properties of the resource of a name."""
    found: Json = next(one for one in resources if one["name"] == name)["properties"]
    return found


def without(resources: list[Json], name: str, member: str) -> list[Json]:
    """The same evidence with a member of one resource left out, as a partial collection leaves it."""
    rest = copy.deepcopy(resources)
    named(rest, name).pop(member, None)
    return rest


def also_peered(resources: list[Json], one: str, other: str) -> None:
    """Peer two networks of the evidence, both sides Connected."""
    for own, far in ((one, other), (other, one)):
        named(resources, own).setdefault("virtualNetworkPeerings", []).append({"name": f"to-{far}", "properties": {
            "remoteVirtualNetwork": {"id": vnet_id(far)}, **peered(named(resources, far)["addressSpace"]["addressPrefixes"])}})  # fmt: skip


def table_of(resources: list[Json], home: str, seen: tuple[Json, ...] = ()) -> EffectiveRoutes:
    """The effective routes of a subnet ("A/vm")."""
    network = Network(Snapshot(resources, observations=seen, complete=None))
    own, _, part = home.partition("/")
    return effective_routes(network, network.subnet(f"{vnet_id(own)}/subnets/{part}"))


def rows(resources: list[Json], home: str, seen: tuple[Json, ...] = ()) -> set[tuple[str, str]]:
    """Prefix and next hop type of the rows that are Active."""
    return {(r.prefix, r.next_hop_type) for r in table_of(resources, home, seen).routes if r.state == "Active"}


def winner(resources: list[Json], home: str, address: str, seen: tuple[Json, ...] = ()) -> Route:
    """The route that wins for an address."""
    _, routes = next(table_of(resources, home, seen).split(prefix(address)))
    return routes[0]


def through(
    resources: list[Json], home: str, direction: str, source: str, destination: str, protocol: str = "Tcp"
) -> Decision:
    """What the security group of a subnet decides for one pair of addresses on TCP 1433."""
    network = Network(Snapshot(resources, complete=None))
    own, _, part = home.partition("/")
    where = network.subnet(f"{vnet_id(own)}/subnets/{part}")
    flow = Flow(prefix(source), prefix(destination), SQL_PORT, protocol)
    return gate(network, where.nsg_id, direction, where, flow, f"subnet {part}")


def learned(*prefixes: str, gateway: str = "gw") -> tuple[Json, ...]:
    """What a gateway had learned over BGP."""
    value = [{"network": p, "nextHop": "10.0.255.4", "origin": "EBgp"} for p in prefixes]
    return ({"kind": "learned-routes", "about": at("virtualNetworkGateways", gateway), "value": {"value": value}},)


def hub(**more: Any) -> list[Json]:
    """Hub H with gateway, client pool, site and appliance; spokes A and B; the instance in B."""
    return unshared(estate(**more))


def shared_hub(**more: Any) -> list[Json]:
    """The hub with gateway transit on both sides of each peering."""
    return hub(**{**TRANSIT, **more})
