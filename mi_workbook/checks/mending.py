"""What would mend a fault on the model: changes at the addresses the evidence was read from."""

from __future__ import annotations

from mi_workbook.core.finding import Change
from mi_workbook.core.ranges import Ranges, show_ports
from mi_workbook.network.network import Network
from mi_workbook.network.nsg import Nsg
from mi_workbook.network.reading import Reading
from mi_workbook.network.route_table import RouteTable
from mi_workbook.network.vnet import Peering, Vnet

LOWEST_PRIORITY_NUMBER = 100


def free_priority(nsg: Nsg, direction: str, before: int) -> int | None:
    """The highest free priority number below `before`, None where all are taken."""
    taken = {rule.priority for rule in nsg.toward(direction)}
    wanted = min(before, 4097) - 1
    return next((n for n in range(wanted, LOWEST_PRIORITY_NUMBER - 1, -1) if n not in taken), None)


def allow_rule(
    nsg: Nsg, direction: str, before: int, ports: Ranges, ends: tuple[list[str], list[str]]
) -> tuple[Change, ...]:
    """A rule that allows the flow before the rule that denies it; nothing where no priority is free."""
    priority = free_priority(nsg, direction, before)
    if priority is None:
        return ()
    sources, destinations = ends
    shown = show_ports(ports)
    value = {
        "name": f"allow-sqlmi-{direction.lower()}-{shown.replace(', ', '-')}",
        "properties": {
            "priority": priority,
            "direction": direction,
            "access": "Allow",
            "protocol": "Tcp",
            "sourcePortRange": "*",
            "sourceAddressPrefixes": sources,
            "destinationAddressPrefixes": destinations,
            "destinationPortRanges": shown.split(", "),
        },
    }
    return (Change(nsg.id, f"{nsg.reading.at('securityRules')}/-", value),)


def without_route(table: RouteTable, name: str) -> tuple[Change, ...]:
    """The route table less one route, where its routes are inline."""
    return _less_one(table.reading, "routes", name)


def without_rule(nsg: Nsg, name: str) -> tuple[Change, ...]:
    """The network security group less one rule, where its rules are inline."""
    return _less_one(nsg.reading, "securityRules", name)


def _less_one(reading: Reading, member: str, name: str) -> tuple[Change, ...]:
    items = [raw for _, raw in reading.items(member)]
    kept = [raw for child, raw in zip(reading.children(member), items, strict=True) if child.name != name]
    return (Change(reading.id, reading.at(member), kept),) if len(kept) < len(items) else ()


def connected(network: Network, one: Vnet, other: Vnet) -> tuple[Change, ...]:
    """Both sides of a peering made Connected and in sync, created where a side is missing."""
    return (*_side(one, other), *_side(other, one))


def _side(vnet: Vnet, remote: Vnet) -> tuple[Change, ...]:
    for peering in vnet.peerings:
        if peering.remote_id.lower().rstrip("/") == remote.id.lower().rstrip("/"):
            healthy = peering.state.lower() == "connected" and peering.remote.covers(remote.addresses)
            return () if healthy else in_sync(peering, remote)
    value = {
        "name": f"to-{remote.name}",
        "properties": {
            "peeringState": "Connected",
            "peeringSyncLevel": "FullyInSync",
            "remoteVirtualNetwork": {"id": remote.id},
            "allowVirtualNetworkAccess": True,
            "remoteAddressSpace": {"addressPrefixes": list(remote.prefixes)},
        },
    }
    return (Change(vnet.id, f"{vnet.reading.at('virtualNetworkPeerings')}/-", value),)


def in_sync(peering: Peering, remote: Vnet) -> tuple[Change, ...]:
    """One side Connected, with the other VNet's address space of today."""
    reading = peering.reading
    space = {"addressPrefixes": list(remote.prefixes)}
    return (
        Change(reading.document, reading.at("peeringState"), "Connected"),
        Change(reading.document, reading.at("peeringSyncLevel"), "FullyInSync"),
        Change(reading.document, reading.at("remoteAddressSpace"), space),
    )
