"""One way of a packet from a subnet on, and the decisions that every next hop has in common."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges, show_addresses
from mi_workbook.core.trace import Cause, Decision, Flow
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.gateway import Gateway
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.routes import APPLIANCE, Route


@dataclass(frozen=True, slots=True)
class Beyond:
    """What lies behind gateways. kind: clients | site | express; by: id of the gateway or the local network gateway."""

    kind: str
    gateways: tuple[Gateway, ...]
    by: str
    name: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One way from a subnet to addresses in another subnet, behind a gateway, or (neither) outside of Azure.

    flow: whole packets, for the security rules of appliances on the way; passed: subnets the packet already left.
    """

    start: Subnet
    addresses: Ranges
    end: Subnet | None
    direction: str
    flow: Flow
    beyond: Beyond | None = None
    passed: tuple[str, ...] = ()
    forwarded: bool = False


def words(route: Route, part: Ranges) -> str:
    """The route that a part of the destination takes, in words."""
    hop = f"{route.next_hop_type} {route.next_hop_ip}".strip()
    learned = "route from the Route Server" if route.behind == APPLIANCE else "gateway route"
    kinds = {"User": f"user route {route.name}", "VirtualNetworkGateway": learned}
    return f"{show_addresses(part)} takes {kinds.get(route.source, 'system route')} {route.prefix} to {hop}."


def passed(leg: Leg, route: Route, part: Ranges) -> Decision:
    """The route was looked up; what its next hop does with the packet is said by other decisions."""
    return Decision("route", leg.start.id, Verdict.REACHABLE, words(route, part), route.evidence, rule=route.name)


def blocked(leg: Leg, cause: Cause, why: str, route: Route | None) -> Decision:
    """The packet ends here."""
    evidence = route.evidence if route else ()
    return Decision("route", leg.start.id, Verdict.BLOCKED, why, evidence, cause, rule=route.name if route else "")
