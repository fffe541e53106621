"""Network: what a snapshot says about a network, typed when it is touched and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Change
from mi_workbook.evidence.snapshot import Snapshot, field
from mi_workbook.network import keys
from mi_workbook.network.app_connections import (
    HybridConnection,
    VnetConnection,
    read_hybrid_connection,
    read_vnet_connection,
)
from mi_workbook.network.gateway import (
    Connection,
    Gateway,
    LocalNetwork,
    read_connection,
    read_gateway,
    read_local_network,
)
from mi_workbook.network.instance import ManagedInstance, PrivateEndpoint, read_instance, read_private_endpoint
from mi_workbook.network.nic import Nic, read_nic
from mi_workbook.network.nsg import Nsg, read_nsg
from mi_workbook.network.plan import Environment, Plan, read_environment, read_plan
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, parent, shell_word
from mi_workbook.network.route_server import (
    BGP_CONNECTIONS,
    ROUTE_SERVER_SUBNET,
    ROUTE_SERVERS,
    BgpConnection,
    RouteServer,
    read_bgp_connection,
    read_route_server,
)
from mi_workbook.network.route_table import RouteTable, read_route_table
from mi_workbook.network.vnet import Subnet, Vnet, read_vnet
from mi_workbook.network.web_app import WebApp, read_web_app

VNETS = "Microsoft.Network/virtualNetworks"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
PEERINGS = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
NSGS = "Microsoft.Network/networkSecurityGroups"
RULES = "Microsoft.Network/networkSecurityGroups/securityRules"
ROUTE_TABLES = "Microsoft.Network/routeTables"
ROUTES = "Microsoft.Network/routeTables/routes"
SCALE_SET_NICS = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces"
NICS = "Microsoft.Network/networkInterfaces"
VMS = "Microsoft.Compute/virtualMachines"
INSTANCES = "Microsoft.Sql/managedInstances"
PRIVATE_ENDPOINTS = "Microsoft.Network/privateEndpoints"
PRIVATE_ZONES = "Microsoft.Network/privateDnsZones"
ZONE_LINKS = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
ZONE_RECORDS = "Microsoft.Network/privateDnsZones/A"
ZONE_ALIASES = "Microsoft.Network/privateDnsZones/CNAME"
NETWORK_MANAGERS = "Microsoft.Network/networkManagers"
WEB_APPS = "Microsoft.Web/sites"
SLOTS = "Microsoft.Web/sites/slots"
APP_CONNECTIONS = "Microsoft.Web/sites/virtualNetworkConnections"
SLOT_CONNECTIONS = "Microsoft.Web/sites/slots/virtualNetworkConnections"
APP_RELAYS = "Microsoft.Web/sites/hybridConnectionNamespaces/relays"
SLOT_RELAYS = "Microsoft.Web/sites/slots/hybridConnectionNamespaces/relays"
PLANS = "Microsoft.Web/serverfarms"
PLAN_CONNECTIONS = "Microsoft.Web/serverfarms/virtualNetworkConnections"
ENVIRONMENTS = "Microsoft.Web/hostingEnvironments"
GATEWAYS = "Microsoft.Network/virtualNetworkGateways"
CONNECTIONS = "Microsoft.Network/connections"
LOCAL_NETWORKS = "Microsoft.Network/localNetworkGateways"
PUBLIC_ADDRESSES = "Microsoft.Network/publicIPAddresses"
LOAD_BALANCERS = "Microsoft.Network/loadBalancers"
FIREWALLS = "Microsoft.Network/azureFirewalls"
RULESET_LINKS = "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks"
RULESET_RULES = "Microsoft.Network/dnsForwardingRulesets/forwardingRules"
RESOLVER_INBOUND = "Microsoft.Network/dnsResolvers/inboundEndpoints"

# Source: Virtual Network Gateways REST API, VirtualNetworkGatewayType and VirtualNetworkGatewayConnectionType.
GATEWAY_TYPES = ("vpn", "expressroute", "localgateway")
CONNECTION_TYPES = ("ipsec", "vnet2vnet", "expressroute", "vpnclient")
MOST_ADDRESSES = 64  # of one private endpoint
View = TypeVar("View")


class Network:
    """Typed, lazily built views of one snapshot. A resource is read when the path touches it, once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._kept: dict[tuple[str, str], Any] = {}

    def after(self, changes: Iterable[Change]) -> Network:
        """The network with these changes; views of resources that they do not touch are kept."""
        snapshot = self.snapshot.changed(changes)
        other = Network(snapshot)
        touched = snapshot.touched()
        for (kind, at), view in self._kept.items():
            if "/" in kind and at not in touched and not any(one.startswith(f"{at}/") for one in touched):
                other._kept[kind, at] = view
        return other

    def memo(self, what: str, at: str) -> Any:
        """What was kept for this snapshot under a name and a place, None where nothing was."""
        return self._kept.get((what, at))

    def keep(self, what: str, at: str, value: Any) -> Any:
        """Keep a result that depends on the snapshot alone; gives it back."""
        self._kept[what, at] = value
        return value

    def vnet(self, vnet_id: str) -> Vnet:
        """The VNet. Raises MissingEvidence where it was not collected."""
        return self._typed(VNETS, vnet_id, self._build_vnet)

    def spaced(self, vnet_id: str) -> Vnet:
        """The VNet with its address space. Raises MissingEvidence where either was not collected."""
        vnet = self.vnet(vnet_id)
        if vnet.prefixes:
            return vnet
        how = f"az network vnet show --ids {shell_word(vnet.id)} -o json"
        raise MissingEvidence(Gap(f"Address space of VNet {vnet.name}", "Routes and rules depend on it.", how))

    def subnet(self, subnet_id: str) -> Subnet:
        """The subnet. Raises MissingEvidence where it or its VNet was not collected."""
        vnet = self.vnet(parent(subnet_id))
        for subnet in vnet.subnets:
            if key(subnet.id) == key(subnet_id):
                return subnet
        raise MissingEvidence(_gap(SUBNETS, subnet_id))

    def nsg(self, nsg_id: str) -> Nsg:
        """The network security group. Raises MissingEvidence where it was not collected."""
        return self._typed(NSGS, nsg_id, lambda r: read_nsg(r, self._listed(r, "securityRules", RULES)))

    def route_table(self, table_id: str) -> RouteTable:
        """The route table. Raises MissingEvidence where it was not collected."""
        return self._typed(ROUTE_TABLES, table_id, self._build_table)

    def nic(self, nic_id: str) -> Nic:
        """The network interface. Raises MissingEvidence where it was not collected."""
        return self._typed(NICS, nic_id, read_nic)

    def web_app(self, app_id: str) -> WebApp:
        """The web app or slot. Raises MissingEvidence where it was not collected."""
        kind = SLOTS if "/slots/" in app_id.lower() else WEB_APPS
        return self._typed(kind, app_id, self._build_app)

    def vnet_connections(self, app: WebApp) -> tuple[VnetConnection, ...]:
        """VNet connections of an app that were seen."""
        found = self._children(app.id, SLOT_CONNECTIONS if app.is_slot else APP_CONNECTIONS)
        of_plan = {key(one.name): one for one in self._children(app.plan_id, PLAN_CONNECTIONS)} if app.plan_id else {}
        return tuple(read_vnet_connection(reading, of_plan.get(key(reading.name))) for reading in found)

    def connections_absent(self, app: WebApp) -> bool:
        """True where not finding a VNet connection of an app proves that it has none."""
        return self.snapshot.absence(SLOT_CONNECTIONS if app.is_slot else APP_CONNECTIONS, app.id) == "proven"

    def hybrid_connections(self, app: WebApp) -> tuple[HybridConnection, ...]:
        """Hybrid Connections of an app that were seen."""
        kind = SLOT_RELAYS if app.is_slot else APP_RELAYS
        mine = f"{key(app.id)}/hybridconnectionnamespaces/"
        found = [raw for raw in self.snapshot.of_type(kind) if key(str(raw.get("id", ""))).startswith(mine)]
        return tuple(read_hybrid_connection(Reading(str(raw.get("id", "")), "", raw)) for raw in found)

    def app_network_config(self, app: WebApp) -> Reading | None:
        """networkConfig/virtualNetwork of an app, None where it was not collected."""
        return self._part_of(app.id, "networkConfig/virtualNetwork", "config/virtualNetwork")

    def plan(self, plan_id: str) -> Plan:
        """The App Service plan. Raises MissingEvidence where it was not collected."""
        return self._typed(PLANS, plan_id, read_plan)

    def environment(self, environment_id: str) -> Environment:
        """The App Service Environment. Raises MissingEvidence where it was not collected."""
        return self._typed(ENVIRONMENTS, environment_id, read_environment)

    def instance(self, instance_id: str) -> ManagedInstance:
        """The managed instance. Raises MissingEvidence where it was not collected."""
        return self._typed(INSTANCES, instance_id, read_instance)

    def instances(self) -> tuple[ManagedInstance, ...]:
        """The managed instances that were seen; others may exist."""
        return tuple(self.instance(str(raw.get("id", ""))) for raw in self.snapshot.of_type(INSTANCES))

    def private_endpoint(self, endpoint_id: str) -> PrivateEndpoint:
        """The private endpoint. Raises MissingEvidence where it was not collected."""
        return self._typed(PRIVATE_ENDPOINTS, endpoint_id, read_private_endpoint)

    def private_endpoints(self, instance_id: str) -> tuple[PrivateEndpoint, ...]:
        """Private endpoints of an instance that were seen, from either end's evidence."""
        found = self.snapshot.having(PRIVATE_ENDPOINTS, "target", keys.targets_of_endpoint, key(instance_id))
        return tuple(self.private_endpoint(str(raw.get("id", ""))) for raw in found)

    def private_endpoints_in(self, vnet_id: str) -> tuple[PrivateEndpoint, ...]:
        """Private endpoints that lie in a VNet and were seen."""
        found = self.snapshot.having(PRIVATE_ENDPOINTS, "vnet", keys.vnet_of_endpoint, key(vnet_id))
        return tuple(self.private_endpoint(str(raw.get("id", ""))) for raw in found)

    def holders(self, address: int) -> tuple[Nic, ...]:
        """NICs that were seen with this private address."""
        found = self.snapshot.having(NICS, "address", keys.nic_addresses, str(address))
        return tuple(self.nic(str(raw.get("id", ""))) for raw in found)

    def endpoint_addresses(self, endpoint: PrivateEndpoint) -> tuple[int, ...]:
        """The addresses of a private endpoint, from its NIC or its own configuration."""
        held = [endpoint.addresses]
        for nic_id in endpoint.nic_ids:
            if self.snapshot.get(nic_id) is not None:
                held += [c.address for c in self.nic(nic_id).configurations if c.address.size == 1]
        spans = [span for one in held for span in one if span[1] - span[0] < MOST_ADDRESSES]
        return tuple(dict.fromkeys(number for first, last in spans for number in range(first, last + 1)))

    def gateway(self, gateway_id: str) -> Gateway:
        """The virtual network gateway. Raises MissingEvidence where it was not collected."""
        return self._typed(GATEWAYS, gateway_id, _of_known_type(read_gateway, "gatewayType", GATEWAY_TYPES))

    def gateways_of(self, vnet_id: str) -> tuple[Gateway, ...]:
        """Gateways that were seen in a VNet."""
        found = self.snapshot.having(GATEWAYS, "vnet", keys.vnet_of_gateway, key(vnet_id))
        return tuple(self.gateway(str(raw.get("id", ""))) for raw in found)

    def homeless_gateways(self) -> tuple[Gateway, ...]:
        """Gateways whose subnet was not read."""
        return self.gateways_of("")

    def local_network(self, site_id: str) -> LocalNetwork:
        """The local network gateway. Raises MissingEvidence where it was not collected."""
        return self._typed(LOCAL_NETWORKS, site_id, read_local_network)

    def connection(self, connection_id: str) -> Connection:
        """The connection. Raises MissingEvidence where it was not collected."""
        return self._typed(
            CONNECTIONS, connection_id, _of_known_type(read_connection, "connectionType", CONNECTION_TYPES)
        )

    def connections_of(self, gateway: Gateway) -> tuple[Connection, ...]:
        """Connections that were seen at a gateway."""
        return self.connections_at(gateway.id)

    def connections_at(self, end_id: str) -> tuple[Connection, ...]:
        """Connections that were seen at a gateway or a local network gateway."""
        found = self.snapshot.having(CONNECTIONS, "end", keys.ends_of_connection, key(end_id))
        return tuple(self.connection(str(raw.get("id", ""))) for raw in found)

    def route_server(self, server_id: str) -> RouteServer:
        """The Route Server. Raises MissingEvidence where it was not collected."""
        return self._typed(ROUTE_SERVERS, server_id, read_route_server)

    def bgp_connections(self, server: RouteServer) -> tuple[BgpConnection, ...]:
        """BGP connections of a Route Server that were seen."""
        return tuple(read_bgp_connection(reading) for reading in self._children(server.id, BGP_CONNECTIONS))

    def route_servers_in(self, subnet: Subnet) -> tuple[str, ...]:
        """Ids of the Route Servers in a subnet: those that it names, and those that say so themselves."""
        named = (str(field(one, "id", default="")) for _, one in subnet.reading.items("ipConfigurations"))
        found = {key(one): one for text in named for one in (parent(text),) if "/virtualhubs/" in text.lower()}
        for raw in self.snapshot.of_type(ROUTE_SERVERS):
            server_id = str(raw.get("id", ""))
            homes = (one.reference("subnet") for one in self._children(server_id, f"{ROUTE_SERVERS}/ipConfigurations"))
            if key(subnet.id) in {key(home) for home in homes}:
                found.setdefault(key(server_id), server_id)
        return tuple(found.values())

    def route_servers_of(self, vnet_id: str) -> tuple[str, ...]:
        """Ids of the Route Servers in a VNet; none where it was not collected."""
        subnets = self.vnet(vnet_id).subnets if self.snapshot.get(vnet_id) is not None else ()
        homes = (one for one in subnets if one.name.lower() == ROUTE_SERVER_SUBNET)
        return tuple(found for home in homes for found in self.route_servers_in(home))

    def route_servers_near(self, subnet: Subnet) -> bool:
        """True where a Route Server has addresses that lie in a subnet's range, in this network or in one like it."""
        servers = (self.route_server(str(raw.get("id", ""))) for raw in self.snapshot.of_type(ROUTE_SERVERS))
        return any(ipv4(server.addresses) & subnet.addresses for server in servers)

    def named(self, kind: str, name: str) -> tuple[dict[str, Any], ...]:
        """Raw resources of a kind with a name."""
        return self.snapshot.having(kind, "name", keys.names, name)

    def _build_app(self, reading: Reading) -> WebApp:
        parts = (self._part_of(reading.id, f"config/{name}") for name in ("web", "appsettings"))
        return read_web_app(reading, *parts)

    def _part_of(self, owner_id: str, *ends: str) -> Reading | None:
        """A single child by its path below a resource, the first that was collected."""
        for end in ends:
            raw = self.snapshot.get(f"{owner_id}/{end}")
            if raw is not None:
                return Reading(str(raw.get("id")), "", raw)
        return None

    def _build_table(self, reading: Reading) -> RouteTable:
        reading.word("disablePeeringRoute", "none", "all")
        return read_route_table(reading, self._listed(reading, "routes", ROUTES))

    def _build_vnet(self, reading: Reading) -> Vnet:
        return read_vnet(reading, self._with("subnets", reading, SUBNETS), self._peerings(reading))

    def _peerings(self, reading: Reading) -> list[Reading]:
        return self._with("virtualNetworkPeerings", reading, PEERINGS)

    def _with(self, member: str, reading: Reading, kind: str) -> list[Reading]:
        """Inline children, replaced by the separate resource of the same id where there is one (it is the fuller one)."""
        separate = {key(child.id): child for child in self._children(reading.id, kind)}
        inline = [separate.pop(key(child.id), child) if child.id else child for child in reading.children(member)]
        return [*inline, *separate.values()]

    def _listed(self, reading: Reading, member: str, kind: str) -> list[Reading]:
        """Separate children. A list that is neither inline nor separate was not collected, unless the kind was whole."""
        separate = self._children(reading.id, kind)
        if isinstance(reading.get(member), list) or separate or self.snapshot.absence(kind) == "proven":
            return separate
        raise MissingEvidence(_gap(kind, reading.id))

    def _children(self, parent_id: str, kind: str) -> list[Reading]:
        return [Reading(str(raw.get("id", "")), "", raw) for raw in self.snapshot.children(parent_id, kind)]

    def _left_out(self, resource_id: str) -> str:
        """Why a resource that was sent is not in the evidence, such as one that a tool cut off; "" where it was not sent."""
        mine = (one for one in self.snapshot.problems if key(str(one.get("scope") or "")) == key(resource_id))
        return next((str(one.get("message") or "") for one in mine), "")

    def _typed(self, kind: str, resource_id: str, build: Callable[[Reading], View]) -> View:
        at = (kind, key(resource_id))
        if at not in self._kept:
            raw = self.snapshot.get(resource_id)
            if raw is None:
                raise MissingEvidence(_gap(kind, resource_id, self._left_out(resource_id)))
            self._kept[at] = build(Reading(str(raw.get("id") or resource_id), "", raw))
        view: View = self._kept[at]
        return view


def _of_known_type(build: Callable[[Reading], View], member: str, known: tuple[str, ...]) -> Callable[[Reading], View]:
    """A reader that does not take a resource of an unknown type for one of the types it knows."""

    def built(reading: Reading) -> View:
        reading.word(member, *known)
        return build(reading)

    return built


def _gap(kind: str, resource_id: str, why: str = "") -> Gap:
    return Gap(
        missing=f"{kind} {resource_id}",
        why=why or "The path depends on it and it was not in the evidence.",
        how=f"az resource show --ids {shell_word(resource_id)} -o json (needs the action {kind}/read), and add the output.",
    )
