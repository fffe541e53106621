"""Virtual network gateways, their connections, and the networks behind them as Azure knows them."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.core.ranges import Ranges
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, vnet_of


@dataclass(frozen=True, slots=True)
class Gateway:
    """Microsoft.Network/virtualNetworkGateways. kind: vpn | expressroute; pool: addresses of point-to-site clients;
    default_site_id: the local network gateway that takes what nothing else routes (forced tunnelling).
    """

    reading: Reading
    id: str
    name: str
    kind: str
    vpn_type: str
    sku: str
    bgp: bool
    subnet_id: str
    public_ip_ids: tuple[str, ...]
    pool_prefixes: tuple[str, ...]
    pool: Ranges
    protocols: tuple[str, ...]
    custom_prefixes: tuple[str, ...]
    provisioning_state: str
    default_site_id: str

    @property
    def vnet_id(self) -> str:
        """The VNet the gateway stands in."""
        return vnet_of(self.subnet_id) if self.subnet_id else ""


@dataclass(frozen=True, slots=True)
class LocalNetwork:
    """Microsoft.Network/localNetworkGateways: a site as Azure was told about it."""

    reading: Reading
    id: str
    name: str
    prefixes: tuple[str, ...]
    addresses: Ranges
    bgp_peer: str


@dataclass(frozen=True, slots=True)
class Selectors:
    """One traffic selector: the ranges on Azure's side and on the other side."""

    here: Ranges
    there: Ranges


@dataclass(frozen=True, slots=True)
class Connection:
    """Microsoft.Network/connections. kind: ipsec | vnet2vnet | expressroute. status is "" where it was not read.

    A list of connections holds neither status nor counters; only a GET by name does.
    """

    reading: Reading
    id: str
    name: str
    kind: str
    gateway_id: str
    far_gateway_id: str
    site_id: str
    status: str
    ingress: int | None
    egress: int | None
    bgp: bool
    policy_based: bool
    selectors: tuple[Selectors, ...]
    has_nat: bool
    mode: str

    @property
    def ends(self) -> frozenset[str]:
        """The gateways it joins, by id; one where the other end is a site."""
        return frozenset(key(end) for end in (self.gateway_id, self.far_gateway_id) if end)


def read_gateway(reading: Reading) -> Gateway:
    """A gateway. Null vpnClientConfiguration means that point-to-site is off."""
    clients = _part(reading, "vpnClientConfiguration")
    groups = tuple(clients.children("vngClientConnectionConfigurations"))
    pools = (
        *clients.prefixes("vpnClientAddressPool"),
        *(p for g in groups for p in g.prefixes("vpnClientAddressPool")),
    )
    configurations = tuple(reading.children("ipConfigurations"))
    sku = reading.get("sku")
    return Gateway(
        reading=reading,
        id=reading.id,
        name=reading.name,
        kind=reading.text("gatewayType").lower(),
        vpn_type=reading.text("vpnType").lower(),
        sku=Reading("", "", sku).text("name") if isinstance(sku, dict) else "",
        bgp=(reading.flag("enableBgp") or reading.flag("enableBgpRouteTranslationForNat")) is True,
        subnet_id=next((c.reference("subnet") for c in configurations if c.reference("subnet")), ""),
        public_ip_ids=tuple(c.reference("publicIPAddress") for c in configurations if c.reference("publicIPAddress")),
        pool_prefixes=tuple(dict.fromkeys(pools)),
        pool=ipv4(pools),
        protocols=tuple(text.lower() for text in clients.texts("vpnClientProtocols")),
        custom_prefixes=reading.prefixes("customRoutes"),
        provisioning_state=reading.text("provisioningState"),
        default_site_id=reading.reference("gatewayDefaultSite"),
    )


def read_local_network(reading: Reading) -> LocalNetwork:
    """A site: its prefixes, and the address of its BGP speaker where it has one."""
    prefixes = reading.prefixes("localNetworkAddressSpace")
    peer = _part(reading, "bgpSettings").text("bgpPeeringAddress")
    return LocalNetwork(reading, reading.id, reading.name, prefixes, ipv4(prefixes), peer)


def read_connection(reading: Reading) -> Connection:
    """A connection, from a list (no status) or a GET by name."""
    policies = tuple(reading.children("trafficSelectorPolicies"))
    return Connection(
        reading=reading,
        id=reading.id,
        name=reading.name,
        kind=reading.text("connectionType").lower(),
        gateway_id=reading.reference("virtualNetworkGateway1"),
        far_gateway_id=reading.reference("virtualNetworkGateway2"),
        site_id=reading.reference("localNetworkGateway2"),
        status=reading.text("connectionStatus"),
        ingress=_count(reading, "ingressBytesTransferred"),
        egress=_count(reading, "egressBytesTransferred"),
        bgp=reading.flag("enableBgp") is True,
        policy_based=reading.flag("usePolicyBasedTrafficSelectors") is True,
        selectors=tuple(
            Selectors(ipv4(p.texts("localAddressRanges")), ipv4(p.texts("remoteAddressRanges"))) for p in policies
        ),
        has_nat=bool(reading.references("ingressNatRules") or reading.references("egressNatRules")),
        mode=reading.text("connectionMode").lower(),
    )


def _part(reading: Reading, name: str) -> Reading:
    value = reading.get(name)
    return Reading(reading.document, reading.at(name), value if isinstance(value, dict) else {})


def _count(reading: Reading, name: str) -> int | None:
    value = reading.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
