"""Virtual networks, subnets and peerings as ARM describes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.reading import Reading, associated, ipv4
from mi_workbook.network.resource_id import key

POLICIES = ("disabled", "enabled", "networksecuritygroupenabled", "routetableenabled")


@dataclass(frozen=True, slots=True)
class Subnet:
    """Microsoft.Network/virtualNetworks/subnets. `prefixes` unites addressPrefix and addressPrefixes."""

    reading: Reading
    id: str
    name: str
    vnet_id: str
    prefixes: tuple[str, ...]
    nsg_id: str
    route_table_id: str
    delegations: tuple[str, ...]
    addresses: Ranges
    service_endpoints: tuple[str, ...] = ()

    @property
    def network_policy(self) -> str:
        """privateEndpointNetworkPolicies in lower case. Raises MissingEvidence for a word that Azure does not document.

        Source: Subnets REST API, VirtualNetworkPrivateEndpointNetworkPolicies.
        """
        return self.reading.word("privateEndpointNetworkPolicies", *POLICIES) or POLICIES[0]

    @property
    def is_gateway(self) -> bool:
        """True for GatewaySubnet."""
        return self.name.lower() == "gatewaysubnet"


@dataclass(frozen=True, slots=True)
class Peering:
    """Microsoft.Network/virtualNetworks/virtualNetworkPeerings, seen from the VNet that owns it.

    remote_prefixes is what is peered (remoteAddressSpace); remote_current_prefixes is the other side's space now.
    """

    reading: Reading
    id: str
    name: str
    vnet_id: str
    remote_id: str
    state: str
    sync_level: str
    allow_vnet_access: bool
    allow_forwarded: bool
    allow_gateway_transit: bool
    use_remote_gateways: bool
    complete_vnets: bool
    only_ipv6: bool
    remote_prefixes: tuple[str, ...]
    remote_current_prefixes: tuple[str, ...]
    local_subnet_names: tuple[str, ...]
    remote_subnet_names: tuple[str, ...]
    remote: Ranges


@dataclass(frozen=True, slots=True)
class Vnet:
    """Microsoft.Network/virtualNetworks with its subnets and its side of each peering."""

    reading: Reading
    id: str
    name: str
    location: str
    prefixes: tuple[str, ...]
    addresses: Ranges
    dns_servers: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    peerings: tuple[Peering, ...]
    gateway_subnets: tuple[str, ...] = field(default=())
    sides: dict[str, Peering] = field(default_factory=dict, compare=False, hash=False)

    def peering_with(self, remote_id: str) -> Peering | None:
        """The VNet's side of its peering with another VNet."""
        return self.sides.get(key(remote_id))


def read_vnet(reading: Reading, subnets: list[Reading], peerings: list[Reading]) -> Vnet:
    """A VNet from its ARM object and its children, inline or separate."""
    space = reading.prefixes("addressSpace")
    dhcp = reading.get("dhcpOptions")
    dns = Reading("", "", dhcp).texts("dnsServers") if isinstance(dhcp, dict) else ()
    built = tuple(read_subnet(child, reading.id) for child in subnets)
    found = tuple(read_peering(child, reading.id) for child in peerings)
    return Vnet(
        reading=reading,
        id=reading.id,
        name=reading.name,
        location=str(reading.raw.get("location") or "").replace(" ", "").lower(),
        prefixes=space,
        addresses=ipv4(space),
        dns_servers=dns,
        subnets=built,
        peerings=found,
        sides={key(peering.remote_id): peering for peering in reversed(found)},
        gateway_subnets=tuple(s.id for s in built if s.name.lower() in {"gatewaysubnet", "routeserversubnet"}),
    )


def read_subnet(reading: Reading, vnet_id: str) -> Subnet:
    """A subnet with one or many prefixes."""
    prefixes = reading.texts("addressPrefix", "addressPrefixes") or reading.allocated()
    services = tuple(child.text("serviceName") for child in reading.children("delegations"))
    return Subnet(
        reading=reading,
        id=reading.id or f"{vnet_id}/subnets/{reading.name}",
        name=reading.name,
        vnet_id=vnet_id,
        prefixes=prefixes,
        nsg_id=_reference(reading, "networkSecurityGroup"),
        route_table_id=_reference(reading, "routeTable"),
        delegations=services,
        addresses=ipv4(prefixes),
        service_endpoints=tuple(child.text("service") for child in reading.children("serviceEndpoints")),
    )


def _reference(subnet: Reading, member: str) -> str:
    """What is associated; a subnet with neither properties nor prefix was not read at all."""
    unread = subnet.members is subnet.raw and not (
        subnet.texts("addressPrefix", "addressPrefixes") or subnet.allocated()
    )
    return f"{subnet.id or subnet.name}/{member}" if unread else associated(subnet, member)


def read_peering(reading: Reading, vnet_id: str) -> Peering:
    """One side of a peering. An absent flag has ARM's default (VNet access true, complete VNets true, others false)."""
    peered = reading.prefixes("remoteAddressSpace")
    current = reading.prefixes("remoteVirtualNetworkAddressSpace")
    return Peering(
        reading=reading,
        id=reading.id or f"{vnet_id}/virtualNetworkPeerings/{reading.name}",
        name=reading.name,
        vnet_id=vnet_id,
        remote_id=reading.reference("remoteVirtualNetwork"),
        state=reading.text("peeringState"),
        sync_level=reading.text("peeringSyncLevel"),
        allow_vnet_access=reading.flag("allowVirtualNetworkAccess") is not False,
        allow_forwarded=reading.flag("allowForwardedTraffic") is True,
        allow_gateway_transit=reading.flag("allowGatewayTransit") is True,
        use_remote_gateways=reading.flag("useRemoteGateways") is True,
        complete_vnets=reading.flag("peerCompleteVnets") is not False,
        only_ipv6=reading.flag("enableOnlyIPv6Peering") is True,
        remote_prefixes=peered,
        remote_current_prefixes=current,
        local_subnet_names=reading.texts("localSubnetNames"),
        remote_subnet_names=reading.texts("remoteSubnetNames"),
        remote=ipv4(peered),
    )
