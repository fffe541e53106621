"""Keys by which resources are found: what a raw resource is named, where it lies, what it belongs to.

Each function takes a raw resource and gives texts; the snapshot keeps an index for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.gateway import read_connection, read_gateway
from mi_workbook.network.instance import read_private_endpoint
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, last, vnet_of

Raw = dict[str, Any]
BLOCK = 16  # bits of a prefix that make a key for addresses


def names(raw: Raw) -> Iterator[str]:
    """The resource's name."""
    yield str(raw.get("name") or last(str(raw.get("id", ""))))


def server_names(raw: Raw) -> Iterator[str]:
    """Name, id and fully qualified name of a managed instance."""
    yield from names(raw)
    yield key(str(raw.get("id", "")))
    yield Reading("", "", raw).text("fullyQualifiedDomainName")


def nic_addresses(raw: Raw) -> Iterator[str]:
    """Private addresses of a network interface, as numbers."""
    for child in Reading("", "", raw).children("ipConfigurations"):
        for first, _ in ipv4((child.text("privateIPAddress"),)):
            yield str(first)


def groups_of_nic(raw: Raw) -> Iterator[str]:
    """Application security groups of a network interface, by id."""
    for child in Reading("", "", raw).children("ipConfigurations"):
        yield from (key(group) for group in child.references("applicationSecurityGroups"))


def groups_of_endpoint(raw: Raw) -> Iterator[str]:
    """Application security groups of a private endpoint, by id."""
    yield from (key(group) for group in Reading("", "", raw).references("applicationSecurityGroups"))


def front_addresses(raw: Raw) -> Iterator[str]:
    """Private front end addresses of a load balancer or a firewall, as numbers."""
    for child in fronts(Reading("", "", raw)):
        for first, _ in ipv4((child.text("privateIPAddress"),)):
            yield str(first)


def fronts(reading: Reading) -> Iterator[Reading]:
    """Front ends of a load balancer, or the addresses of a firewall."""
    for member in ("frontendIPConfigurations", "ipConfigurations"):
        yield from reading.children(member)


def inbound_addresses(raw: Raw) -> Iterator[str]:
    """Addresses of an inbound endpoint of a DNS resolver."""
    for child in Reading("", "", raw).children("ipConfigurations"):
        yield child.text("privateIpAddress")


def vm_of_nic(raw: Raw) -> Iterator[str]:
    """The name of the VM a network interface belongs to."""
    yield last(Reading("", "", raw).reference("virtualMachine"))


def vnet_of_gateway(raw: Raw) -> Iterator[str]:
    """The VNet a gateway stands in."""
    yield key(read_gateway(Reading("", "", raw)).vnet_id)


def ends_of_connection(raw: Raw) -> Iterator[str]:
    """Gateways and site of a connection."""
    connection = read_connection(Reading("", "", raw))
    yield from (key(end) for end in (connection.gateway_id, connection.far_gateway_id, connection.site_id) if end)


def vnet_of_endpoint(raw: Raw) -> Iterator[str]:
    """The VNet a private endpoint lies in."""
    yield key(vnet_of(read_private_endpoint(Reading("", "", raw)).subnet_id))


def targets_of_endpoint(raw: Raw) -> Iterator[str]:
    """The resources a private endpoint leads to."""
    yield from (key(target) for target in read_private_endpoint(Reading("", "", raw)).target_ids)


def linked_vnet(raw: Raw) -> Iterator[str]:
    """The VNet a private DNS zone or a forwarding ruleset is linked to."""
    yield key(Reading("", "", raw).reference("virtualNetwork"))


def vnet_blocks(raw: Raw) -> Iterator[str]:
    """The /16 blocks that a VNet's address space touches."""
    yield from blocks(ipv4(Reading("", "", raw).prefixes("addressSpace")))


def blocks(addresses: Ranges) -> Iterator[str]:
    """The /16 blocks that addresses touch, as numbers."""
    for first, final in addresses:
        yield from (str(block) for block in range(first >> BLOCK, (final >> BLOCK) + 1))
