"""A computed route held against what Azure itself said for the same packets: the table of a NIC, Network Watcher's next hop."""

from __future__ import annotations

from dataclasses import replace

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.network import Network
from mi_workbook.network.observed import NextHop, next_hops
from mi_workbook.network.reading import ipv4
from mi_workbook.network.vnet import Subnet
from mi_workbook.reach.routes import APPLIANCE, Route
from mi_workbook.reach.shown import shown_winner, watched_in

# Names of one next hop: of effective routes, and of Network Watcher ("Next hop overview").
SAME = (
    frozenset({"vnetlocal", "virtualnetwork"}),
    frozenset({"vnetpeering", "vnetglobalpeering", "virtualnetworkpeering"}),
    frozenset({"virtualappliance", "virtualapplianceecmp"}),
    frozenset({"virtualnetworkgateway"}), frozenset({"internet"}), frozenset({"none"}), frozenset({"interfaceendpoint"}),
)  # fmt: skip


def same_hop(one: str, other: str) -> bool | None:
    """Whether two types of next hop mean one thing; None where one of the words is not known."""
    if one.lower() == other.lower():
        return True
    found = [next((names for names in SAME if word.lower() in names), None) for word in (one, other)]
    return None if None in found else found[0] == found[1]


def shown_otherwise(network: Network, subnet: Subnet, route: Route, part: Ranges, words: str) -> Decision | None:
    """Azure's own table of a NIC in the subnet, or Network Watcher, where it takes another next hop: then neither is believed.

    words: how the computed route is told. Source: "Diagnose a virtual machine routing problem"; "Next hop overview".
    """
    row, hop = shown_winner(network, subnet, part), _hop_for(network, subnet, part)
    evidence: tuple[Evidence, ...] = ()
    if row is not None and not same_hop(row.next_hop_type, route.next_hop_type):
        told = f"Azure's own table of a NIC in {subnet.name} showed {row.prefix} to {row.next_hop_type}"
    elif hop is not None and _agrees(hop, route) is False:
        to = f"{hop.kind} {hop.address}".strip()
        told = f"Network Watcher named {to} as the next hop to {hop.destination} ({hop.table})"
        evidence = (hop.evidence,)
    else:
        return None
    why = f"{words} But {told}: the configuration changed since, or part of it is not in the evidence."
    gap = Gap(f"Which route of subnet {subnet.name} is in force", why,
              "az network nic show-effective-route-table of a running VM there, and the configuration again.")  # fmt: skip
    return Decision("route", subnet.id, Verdict.UNKNOWN, why, (*route.evidence, *evidence), gap=gap, rule=route.name)


def confirmed(network: Network, subnet: Subnet, route: Route, part: Ranges, decision: Decision) -> Decision:
    """A decision about a route with the note that Network Watcher names the same next hop, where it was asked and does."""
    hop = _hop_for(network, subnet, part)
    if hop is None or not _agrees(hop, route):
        return decision
    why = f"{decision.why} Network Watcher names the same next hop for {hop.destination}."
    return replace(decision, why=why, evidence=(*decision.evidence, hop.evidence))


def _agrees(hop: NextHop, route: Route) -> bool | None:
    """None where the two cannot be compared: an endpoint or an announced route is not among Network Watcher's words."""
    if route.behind == APPLIANCE or route.next_hop_type.lower() == "interfaceendpoint":
        return None
    alike = same_hop(hop.kind, route.next_hop_type)
    if alike and route.next_hop_type.lower() in SAME[2] and hop.address:
        return hop.address in {text.strip() for text in route.next_hop_ip.split(",")}
    return alike


def _hop_for(network: Network, subnet: Subnet, part: Ranges) -> NextHop | None:
    """What Network Watcher named for an address of a part, None on a network that was changed since."""
    if network.snapshot.touched():
        return None
    for nic in watched_in(network, subnet, "nexthop"):
        for hop in next_hops(network.snapshot, nic.id):
            at = ipv4((hop.destination,))
            if at and part.covers(at):
                return hop
    return None
