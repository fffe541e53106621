"""ARM objects for tests, in the shape Azure returns them."""

from __future__ import annotations

import copy
from typing import Any

BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
SQL = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql"
Json = dict[str, Any]


def at(kind: str, name: str) -> str:
    """The id of a Microsoft.Network resource."""
    return f"{BASE}/{kind}/{name}"


def vnet_id(name: str) -> str:
    """The id of a VNet."""
    return at("virtualNetworks", name)


def resource(kind: str, name: str, **properties: Any) -> Json:
    """A Microsoft.Network resource."""
    return {
        "id": at(kind, name),
        "name": name,
        "type": f"Microsoft.Network/{kind}",
        "location": "westeurope",
        "properties": properties,
    }


def vnet(name: str, space: list[str], subnets: dict[str, Json], peerings: dict[str, Json] | None = None) -> Json:
    """A VNet; peerings by the remote VNet's name."""
    own = vnet_id(name)
    return resource(
        "virtualNetworks", name, addressSpace={"addressPrefixes": space}, dhcpOptions={"dnsServers": []},
        subnets=[{"id": f"{own}/subnets/{n}", "name": n, "properties": p} for n, p in subnets.items()],
        virtualNetworkPeerings=[
            {"id": f"{own}/virtualNetworkPeerings/to-{n}", "name": f"to-{n}",
             "properties": {"remoteVirtualNetwork": {"id": vnet_id(n)}, **p}} for n, p in (peerings or {}).items()
        ],
    )  # fmt: skip


def peered(space: list[str], state: str = "Connected", **flags: Any) -> Json:
    """One side of a peering with a VNet of this address space."""
    return {"peeringState": state, "peeringSyncLevel": "FullyInSync", "remoteAddressSpace": {"addressPrefixes": space},
            "allowVirtualNetworkAccess": True, **flags}  # fmt: skip


def subnet(prefix: str, nsg: str = "", table: str = "", **more: Any) -> Json:
    """Properties of a subnet."""
    guard = {"networkSecurityGroup": {"id": at("networkSecurityGroups", nsg)}} if nsg else {}
    routes = {"routeTable": {"id": at("routeTables", table)}} if table else {}
    return {"addressPrefix": prefix, **guard, **routes, **more}


def route_table(name: str, *routes: tuple[str, str, str], propagation_off: bool = False, **more: Any) -> Json:
    """A route table of (prefix, next hop type, address)."""
    return resource(
        "routeTables", name, disableBgpRoutePropagation=propagation_off, **more,
        routes=[{"name": f"r{i}", "properties": {"addressPrefix": p, "nextHopType": t, "nextHopIpAddress": a or None}}
                for i, (p, t, a) in enumerate(routes)],
    )  # fmt: skip


def rule(name: str, priority: int, access: str, direction: str = "Inbound", **more: Any) -> Json:
    """A security rule that matches everything, unless told otherwise."""
    every = {"protocol": "*", "sourcePortRange": "*", "sourceAddressPrefix": "*", "destinationAddressPrefix": "*",
             "destinationPortRange": "*"}  # fmt: skip
    return {
        "name": name,
        "properties": {"priority": priority, "access": access, "direction": direction, **every, **more},
    }


def nsg(name: str, *rules: Json) -> Json:
    """A network security group; Azure's default rules are left to the reader."""
    return resource("networkSecurityGroups", name, securityRules=list(rules))


def nic(name: str, address: str, home: str, **more: Any) -> Json:
    """A network interface; home is "vnet/subnet"."""
    network, _, part = home.partition("/")
    where = {"subnet": {"id": f"{vnet_id(network)}/subnets/{part}"}, "privateIPAddress": address, "primary": True}
    return resource("networkInterfaces", name, ipConfigurations=[{"name": "main", "properties": where}], **more)


def gateway(name: str, home: str, pool: str = "", kind: str = "Vpn", **more: Any) -> Json:
    """A virtual network gateway in the GatewaySubnet of a VNet."""
    clients = {"vpnClientConfiguration": {"vpnClientAddressPool": {"addressPrefixes": [pool]}}} if pool else {}
    where = [{"properties": {"subnet": {"id": f"{vnet_id(home)}/subnets/GatewaySubnet"}}}]
    return resource("virtualNetworkGateways", name, gatewayType=kind, vpnType="RouteBased", provisioningState="Succeeded",
                    ipConfigurations=where, **clients, **more)  # fmt: skip


def site(name: str, *prefixes: str) -> Json:
    """A local network gateway."""
    return resource("localNetworkGateways", name, localNetworkAddressSpace={"addressPrefixes": list(prefixes)})


def connection(name: str, first: str, second: str, kind: str = "IPsec", **more: Any) -> Json:
    """A connection from a gateway to a site, or to another gateway."""
    other = ("virtualNetworkGateway2", "virtualNetworkGateways") if kind == "Vnet2Vnet" else (
        "localNetworkGateway2", "localNetworkGateways")  # fmt: skip
    return resource("connections", name, connectionType=kind, connectionStatus="Connected",
                    virtualNetworkGateway1={"id": at("virtualNetworkGateways", first)},
                    **{other[0]: {"id": at(other[1], second)}}, **more)  # fmt: skip


def instance(home: str, name: str = "mi", **more: Any) -> Json:
    """A managed instance; home is "vnet/subnet"."""
    network, _, part = home.partition("/")
    return {
        "id": f"{SQL}/managedInstances/{name}", "name": name, "type": "Microsoft.Sql/managedInstances",
        "location": "westeurope",
        "properties": {
            "fullyQualifiedDomainName": f"{name}.abc123.database.windows.net", "dnsZone": "abc123", "state": "Ready",
            "provisioningState": "Succeeded", "proxyOverride": "Proxy", "privateEndpointConnections": [],
            "subnetId": f"{vnet_id(network)}/subnets/{part}", **more,
        },
    }  # fmt: skip


def private_endpoint(name: str, home: str, address: str, status: str = "Approved", target: str = "mi") -> Json:
    """A private endpoint of a managed instance; home is "vnet/subnet"."""
    network, _, part = home.partition("/")
    link = {"privateLinkServiceId": f"{SQL}/managedInstances/{target}", "groupIds": ["managedInstance"],
            "privateLinkServiceConnectionState": {"status": status}}  # fmt: skip
    return resource("privateEndpoints", name, subnet={"id": f"{vnet_id(network)}/subnets/{part}"},
                    privateLinkServiceConnections=[{"name": name, "properties": link}],
                    customDnsConfigs=[{"fqdn": "x", "ipAddresses": [address]}])  # fmt: skip


def joined(resources: list[Json]) -> list[Json]:
    """The same resources, with each instance listing the connections of its private endpoints, as Azure does."""
    for one in resources:
        if one["type"] == "Microsoft.Sql/managedInstances":
            one["properties"]["privateEndpointConnections"] = [
                {"properties": {"privateEndpoint": {"id": end["id"]},
                                "privateLinkServiceConnectionState": copy.deepcopy(link["properties"]["privateLinkServiceConnectionState"])}}
                for end in resources if end["type"] == "Microsoft.Network/privateEndpoints"
                for link in end["properties"]["privateLinkServiceConnections"]
                if link["properties"]["privateLinkServiceId"].lower() == one["id"].lower()
            ]  # fmt: skip
    return resources
