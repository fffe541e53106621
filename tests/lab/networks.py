"""Random Azure networks as raw ARM JSON, wider than the z3 oracle's: gateways, sites, circuits, transit, private and public
endpoints, appliances with security groups, application security groups, subnet peerings. A seed gives the same network everywhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
GROUP = "/subscriptions/s/resourceGroups/g/providers"
BASE = f"{GROUP}/Microsoft.Network"
SQL = f"{GROUP}/Microsoft.Sql/managedInstances/mi"
SPACES = {"app": "10.1.0.0/16", "data": "10.2.0.0/16", "hub": "10.3.0.0/16"}
POOL, LONDON, PARIS, CIRCUIT = "172.16.201.0/24", "192.168.0.0/16", "10.60.0.0/16", "172.20.0.0/14"
PREFIXES = ("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.4/32", "10.2.0.0/16", "10.2.0.0/27", "10.2.0.16/28",
            "10.3.0.0/16", "10.3.1.4/32", "0.0.0.0/0", POOL, "172.16.201.0/25", LONDON, "192.168.7.0/24", PARIS, CIRCUIT,
            "10.1.5.0/24", "10.1.5.4/32", "10.2.5.0/24", "172.16.0.0/12", "100.64.0.0/10")  # fmt: skip
TAGS = ("VirtualNetwork", "VirtualNetwork", "Internet", "AzureLoadBalancer", "*", "Sql")
PORTS = (
    "1433",
    "11000-11999",
    "11000-11499",
    "11500-11999",
    "0-65535",
    "*",
    "443",
    "11007",
    "1000-2000",
    "3342",
    "3342-11000",
)
FQDN = "mi.abc.database.windows.net"
HOPS = ("10.3.1.4", "10.3.1.4", "10.2.9.4", "10.1.9.4", "10.77.0.9")


@dataclass
class Draft:
    """What one seed gives: the evidence and the question."""

    resources: list[Json] = field(default_factory=list)
    observations: list[Json] = field(default_factory=list)
    source: str = "vm-nic"
    target: str = "mi"
    endpoint: str = "vnet-local"


def network(seed: int) -> Draft:
    """The network of a seed. About half of them are made nearly sound, so that packets get far."""
    draw = random.Random(f"lab {seed}")
    made = Draft()
    odd = draw.choice([0.03, 0.1, 0.3])  # how often something is out of order
    vnets = {name: _vnet(name, draw, odd, made) for name in SPACES}
    _peerings(vnets, draw, odd)
    _endpoints(vnets, made, draw, odd)
    _gateways(vnets, made, draw, odd)
    made.resources += [*vnets.values(), *_nics(made, draw, odd), _instance(made, draw, odd)]
    _question(made, draw)
    return made


def resource(kind: str, name: str, **properties: Any) -> Json:
    """A Microsoft.Network resource."""
    return {"id": f"{BASE}/{kind}/{name}", "name": name, "type": f"Microsoft.Network/{kind}", "location": "westeurope",
            "properties": properties}  # fmt: skip


def subnet_id(home: str, name: str) -> str:
    """The id of a subnet."""
    return f"{BASE}/virtualNetworks/{home}/subnets/{name}"


def _vnet(name: str, draw: random.Random, odd: float, made: Draft) -> Json:
    second = SPACES[name].split(".")[1]
    parts = {"vm": f"10.{second}.1.0/24", "fw": f"10.{second}.9.0/24", "pe": f"10.{second}.5.0/24",
             "GatewaySubnet": f"10.{second}.255.0/27"}  # fmt: skip
    if name == "data":
        parts["mi"] = "10.2.0.0/27"
    if name == "hub":
        parts["fw"] = "10.3.1.0/24"
        del parts["vm"]
    subnets = []
    for part, prefix in parts.items():
        inner: Json = {"addressPrefix": prefix} if draw.random() < 0.5 else {"addressPrefixes": [prefix]}
        if part != "GatewaySubnet" and draw.random() < 0.5:
            inner["networkSecurityGroup"] = {"id": _nsg(f"nsg-{name}-{part}", draw, odd, made)}
        if draw.random() < (0.5 if part in {"vm", "mi"} else 0.15):
            inner["routeTable"] = {"id": _table(f"rt-{name}-{part}", draw, odd, made, gateway=part == "GatewaySubnet")}
        if part == "pe":
            inner["privateEndpointNetworkPolicies"] = draw.choice(["Disabled", "Enabled", "NetworkSecurityGroupEnabled",
                                                                   "RouteTableEnabled"])  # fmt: skip
        subnets.append({"id": subnet_id(name, part), "name": part, "properties": inner})
    space = [SPACES[name]] + (
        [draw.choice(["172.18.0.0/16", "192.168.128.0/17", "10.200.0.0/16"])] if draw.random() < 0.1 else []
    )
    return resource("virtualNetworks", name, addressSpace={"addressPrefixes": space}, dhcpOptions={"dnsServers": []},
                    subnets=subnets, virtualNetworkPeerings=[])  # fmt: skip


def _peerings(vnets: dict[str, Json], draw: random.Random, odd: float) -> None:
    for one, other in (("app", "data"), ("app", "hub"), ("data", "hub")):
        if draw.random() < 0.25:
            continue
        part = draw.random() < 0.1
        for own, far in ((one, other), (other, one)):
            if draw.random() < odd / 2:
                continue
            vnets[own]["properties"]["virtualNetworkPeerings"].append(_peering(vnets, own, far, draw, odd, part))


def _peering(vnets: dict[str, Json], own: str, far: str, draw: random.Random, odd: float, part: bool) -> Json:
    space = list(vnets[far]["properties"]["addressSpace"]["addressPrefixes"])
    inner: Json = {
        "peeringState": draw.choice(["Initiated", "Disconnected"]) if draw.random() < odd / 2 else "Connected",
        "peeringSyncLevel": "FullyInSync", "remoteVirtualNetwork": {"id": vnets[far]["id"]},
        "allowVirtualNetworkAccess": draw.random() > odd, "allowForwardedTraffic": draw.random() < 0.5,
        "allowGatewayTransit": own == "hub" and draw.random() > odd,
        "useRemoteGateways": far == "hub" and draw.random() > max(odd, 0.2),
        "remoteAddressSpace": {"addressPrefixes": space if draw.random() > odd / 2 else ["10.200.0.0/16"]},
        "remoteVirtualNetworkAddressSpace": {"addressPrefixes": space},
    }  # fmt: skip
    if part:
        names = {"app": ["vm"], "data": ["mi"], "hub": ["fw"]}
        prefixes = {"vm": "10.1.1.0/24", "mi": "10.2.0.0/27", "fw": "10.3.1.0/24", "pe": "10.1.5.0/24"}
        mine = names[own] if draw.random() > odd else ["pe"]
        inner |= {"peerCompleteVnets": False, "localSubnetNames": mine, "remoteSubnetNames": names[far],
                  "remoteAddressSpace": {"addressPrefixes": [prefixes[one] for one in names[far]]}}  # fmt: skip
    return {"name": f"to-{far}", "id": f"{vnets[own]['id']}/virtualNetworkPeerings/to-{far}", "properties": inner}


def _nsg(name: str, draw: random.Random, odd: float, made: Draft) -> str:
    rules = []
    for priority in draw.sample(range(100, 4000), draw.randrange(0, 5)):
        access = "Deny" if draw.random() < min(0.5, odd * 2) else "Allow"
        rules.append({"name": f"r{priority}", "properties": {
            "priority": priority, "direction": draw.choice(["Inbound", "Outbound"]), "access": access,
            "protocol": draw.choice(["Tcp", "Tcp", "*", "Udp", "tcp"]), "sourcePortRange": "*", **_side(draw, "source"),
            **_side(draw, "destination"), **_ports(draw)}})  # fmt: skip
    if draw.random() < 0.3:
        rules.append({"name": "shut", "properties": {
            "priority": 4096, "direction": "Inbound", "access": "Deny", "protocol": "*", "sourcePortRange": "*",
            "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}})  # fmt: skip
    found = resource("networkSecurityGroups", name, securityRules=rules)
    made.resources.append(found)
    return str(found["id"])


def _side(draw: random.Random, side: str) -> Json:
    roll = draw.random()
    if roll < 0.45:
        return {f"{side}AddressPrefix": draw.choice(TAGS)}
    if roll < 0.55:
        return {
            f"{side}ApplicationSecurityGroups": [{"id": f"{BASE}/applicationSecurityGroups/asg{draw.randrange(2)}"}]
        }
    if roll < 0.75:
        return {f"{side}AddressPrefix": draw.choice(PREFIXES)}
    return {f"{side}AddressPrefixes": draw.sample(PREFIXES, draw.randrange(1, 4))}


def _ports(draw: random.Random) -> Json:
    if draw.random() < 0.6:
        return {"destinationPortRange": draw.choice(PORTS)}
    return {"destinationPortRanges": draw.sample(PORTS, draw.randrange(1, 3))}


def _table(name: str, draw: random.Random, odd: float, made: Draft, *, gateway: bool) -> str:
    routes = []
    kinds = ["VirtualAppliance", "VirtualAppliance", "VnetLocal", "VirtualNetworkGateway", "Internet", "None"]
    likely = [p for p in PREFIXES if p != "0.0.0.0/0" or not gateway]
    for prefix in draw.sample(likely, draw.randrange(0, 3) if draw.random() < 0.3 + odd else 0):
        kind = draw.choice(kinds)
        hop = {"nextHopIpAddress": draw.choice(HOPS)} if kind == "VirtualAppliance" else {}
        strong = {"hasBgpOverride": True} if draw.random() < 0.05 else {}
        routes.append(
            {"name": f"r{len(routes)}", "properties": {"addressPrefix": prefix, "nextHopType": kind, **hop, **strong}}
        )
    more = {"disablePeeringRoute": "All"} if draw.random() < odd / 3 else {}
    found = resource(
        "routeTables", name, disableBgpRoutePropagation=not gateway and draw.random() < odd, routes=routes, **more
    )
    made.resources.append(found)
    return str(found["id"])


def _nics(made: Draft, draw: random.Random, odd: float) -> list[Json]:
    found = []
    places = {"vm-nic": ("10.1.1.4", "app", "vm"), "vm2-nic": ("10.2.1.4", "data", "vm"), "nva-nic": ("10.3.1.4", "hub", "fw"),
              "fw2-nic": ("10.2.9.4", "data", "fw")}  # fmt: skip
    for name, (address, home, part) in places.items():
        guard = {"networkSecurityGroup": {"id": _nsg(f"nsg-{name}", draw, odd, made)}} if draw.random() < 0.2 else {}
        where: Json = {"privateIPAddress": address, "primary": True, "subnet": {"id": subnet_id(home, part)}}
        if draw.random() < 0.3:
            where["applicationSecurityGroups"] = [{"id": f"{BASE}/applicationSecurityGroups/asg{draw.randrange(2)}"}]
        forwards = part == "fw" and draw.random() > odd
        found.append(resource("networkInterfaces", name, enableIPForwarding=forwards,
                              ipConfigurations=[{"name": "main", "properties": where}], **guard))  # fmt: skip
    found += [resource("applicationSecurityGroups", f"asg{n}") for n in range(2)]
    return found


def _endpoints(vnets: dict[str, Json], made: Draft, draw: random.Random, odd: float) -> None:
    home = draw.choice(["", "", "app", "data", "hub"])
    if not home:
        return
    address = f"{SPACES[home].rsplit('.', 2)[0]}.5.4"
    status = draw.choice(["Pending", "Rejected", "Disconnected"]) if draw.random() < odd else "Approved"
    link = {"privateLinkServiceId": SQL, "groupIds": ["managedInstance"],
            "privateLinkServiceConnectionState": {"status": status}}  # fmt: skip
    made.resources += [
        resource("privateEndpoints", "pe", subnet={"id": subnet_id(home, "pe")}, manualPrivateLinkServiceConnections=[],
                 privateLinkServiceConnections=[{"name": "pe", "properties": link}],
                 networkInterfaces=[{"id": f"{BASE}/networkInterfaces/pe.nic"}], customDnsConfigs=[]),
        resource("networkInterfaces", "pe.nic", ipConfigurations=[{"name": "c", "properties": {
            "privateIPAddress": address, "primary": True, "subnet": {"id": subnet_id(home, "pe")}}}]),
    ]  # fmt: skip
    zone = resource("privateDnsZones", "privatelink.abc.database.windows.net")
    linked = [name for name in vnets if draw.random() < 0.6]
    made.resources.append(zone)
    made.resources += [
        {"id": f"{zone['id']}/virtualNetworkLinks/{name}", "name": name, "type": f"{zone['type']}/virtualNetworkLinks",
         "properties": {"virtualNetwork": {"id": vnets[name]["id"]}, "virtualNetworkLinkState": "Completed",
                        "registrationEnabled": False}} for name in linked
    ]  # fmt: skip
    if draw.random() > odd:
        made.resources.append({"id": f"{zone['id']}/A/mi", "name": "mi", "type": f"{zone['type']}/A", "properties": {
            "ttl": 10, "aRecords": [{"ipv4Address": address if draw.random() > odd else "10.1.5.99"}]}})  # fmt: skip


def _gateways(vnets: dict[str, Json], made: Draft, draw: random.Random, odd: float) -> None:
    home = draw.choice(["", "hub", "hub", "data"])
    if not home:
        return
    made.resources.append(_gateway("vpn", home, draw, odd, "Vpn"))
    for site, prefix in (("london", LONDON), ("paris", PARIS)):
        if draw.random() < 0.7:
            made.resources += [_site(site, prefix), _connection(site, draw, odd)]
    if draw.random() < 0.25:
        made.resources.append(_gateway("er", home, draw, odd, "ExpressRoute"))
        rows = [{"network": one, "nextHop": "1.1.1.1", "origin": "EBgp", "asPath": "12076", "weight": 32769}
                for one in draw.sample([CIRCUIT, CIRCUIT, "10.2.0.0/24", "192.168.7.0/24", "172.16.201.0/26"], 2)]  # fmt: skip
        made.observations.append({"kind": "learned-routes", "about": f"{BASE}/virtualNetworkGateways/er",
                                  "at": "2026-10-01T08:00:00Z", "format": "az", "value": {"value": rows}})  # fmt: skip


def _gateway(name: str, home: str, draw: random.Random, odd: float, kind: str) -> Json:
    pool = {
        "vpnClientConfiguration": {
            "vpnClientAddressPool": {"addressPrefixes": [POOL]},
            "vpnClientProtocols": ["OpenVPN"],
        }
    }
    custom = (
        {"customRoutes": {"addressPrefixes": [draw.choice(["10.2.0.0/16", "10.1.0.0/16"])]}}
        if draw.random() < 0.1
        else {}
    )
    more = {**pool, **custom} if kind == "Vpn" and draw.random() > odd / 2 else {}
    state = "Failed" if draw.random() < odd / 4 else "Succeeded"
    return resource("virtualNetworkGateways", name, gatewayType=kind, vpnType="RouteBased", provisioningState=state,
                    enableBgp=False, activeActive=False, sku={"name": "VpnGw1", "tier": "VpnGw1"},
                    ipConfigurations=[{"name": "c", "properties": {"subnet": {"id": subnet_id(home, "GatewaySubnet")}}}],
                    **more)  # fmt: skip


def _site(name: str, prefix: str) -> Json:
    return resource("localNetworkGateways", name, localNetworkAddressSpace={"addressPrefixes": [prefix]})


def _connection(site: str, draw: random.Random, odd: float) -> Json:
    policies = [{"localAddressRanges": [draw.choice(["10.2.0.0/16", "10.3.0.0/16"])], "remoteAddressRanges": [LONDON]}]
    used = draw.random() < odd / 2 and site == "london"
    return resource("connections", f"to-{site}", connectionType="IPsec", enableBgp=False,
                    connectionStatus="NotConnected" if draw.random() < odd / 2 else "Connected",
                    virtualNetworkGateway1={"id": f"{BASE}/virtualNetworkGateways/vpn"},
                    localNetworkGateway2={"id": f"{BASE}/localNetworkGateways/{site}"},
                    usePolicyBasedTrafficSelectors=used, trafficSelectorPolicies=policies if used else [])  # fmt: skip


def _instance(made: Draft, draw: random.Random, odd: float) -> Json:
    joined = [{"id": f"{SQL}/privateEndpointConnections/pe", "properties": {
        "privateEndpoint": {"id": one["id"]}, "privateLinkServiceConnectionState":
        one["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]}}
        for one in made.resources if one["type"].endswith("privateEndpoints")]  # fmt: skip
    return {"id": SQL, "name": "mi", "type": "Microsoft.Sql/managedInstances", "location": "westeurope", "properties": {
        "fullyQualifiedDomainName": FQDN, "dnsZone": "abc", "state": "Stopped" if draw.random() < odd / 6 else "Ready",
        "provisioningState": "Succeeded", "privateEndpointConnections": joined, "publicDataEndpointEnabled": draw.random() < 0.7,
        "proxyOverride": draw.choice(["Proxy", "Redirect"]), "createTime": "2024-03-11T09:12:00Z",
        "subnetId": subnet_id("data", "mi")}}  # fmt: skip


def _question(made: Draft, draw: random.Random) -> None:
    names = {one["name"] for one in made.resources}
    ways = ["vm-nic", "vm-nic", "app/vm", "vm2-nic", "data/vm"]
    if "vpn" in names:
        ways += ["p2s:vpn", "p2s:vpn=172.16.201.5"]
    ways += [f"onprem:{site}{at}" for site, at in (("london", ""), ("london", "=192.168.7.20"), ("paris", "=10.60.1.9"))
             if site in names]  # fmt: skip
    ways += ["er:er=172.21.4.9"] if "er" in names else []
    made.source = draw.choice(ways)
    made.target, made.endpoint = draw.choice([("mi", "vnet-local"), ("mi", "vnet-local"), (FQDN, "auto"), (FQDN, "auto"),
                                              ("mi.public.abc.database.windows.net,3342", "auto")])  # fmt: skip
    if made.target.startswith("mi.public") and draw.random() < 0.5:
        made.source = "internet=20.20.20.20"
