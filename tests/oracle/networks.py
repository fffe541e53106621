"""Random Azure networks as raw ARM JSON: a client's subnet, the instance's subnet, and everything that may stand between them.

Nothing here comes from the engine; a seed gives the same network everywhere.
"""

from __future__ import annotations

import random
from typing import Any

Json = dict[str, Any]
BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
APP, DATA, HUB = "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"
CLIENT, INSTANCE = "10.1.1.0/24", "10.2.0.0/27"
SAME = "10.2.1.0/24"
PREFIXES = ("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.4/32", "10.2.0.0/16", "10.2.0.0/27", "10.2.0.0/28",
            "10.2.0.16/28", "10.2.1.0/24", "10.3.0.0/16", "0.0.0.0/0", "192.168.0.0/16")  # fmt: skip
TAGS = ("VirtualNetwork", "Internet", "AzureLoadBalancer", "*", "Sql")
PORTS = ("1433", "11000-11999", "11000-11499", "11500-11999", "0-65535", "*", "443", "11007", "1000-2000")


def resource(kind: str, name: str, **properties: Any) -> Json:
    """A Microsoft.Network resource."""
    return {"id": f"{BASE}/{kind}/{name}", "name": name, "type": f"Microsoft.Network/{kind}", "location": "westeurope",
            "properties": properties}  # fmt: skip


def network(seed: int) -> tuple[list[Json], str]:
    """Resources, and the source to ask from ("vm-nic" or the client's subnet)."""
    draw = random.Random(seed)
    same = draw.random() < 0.25
    client_home, client_prefix = ("data", SAME) if same else ("app", CLIENT)
    guards = [_nsg(draw, f"nsg{n}") for n in range(3)]
    tables = [_table(draw, f"rt{n}", n) for n in range(2)]
    client = _subnet(draw, client_prefix, guards[0], tables[0])
    target = _subnet(draw, INSTANCE, guards[1], tables[1])
    data_subnets = {"mi": target} | ({"vm": client} if same else {})
    vnets = [_vnet("data", DATA, data_subnets), _vnet("hub", HUB, {"nva": {"addressPrefix": "10.3.1.0/24"}})]
    if not same:
        vnets.append(_vnet("app", APP, {"vm": client}))
        _peer(draw, vnets[0], vnets[2])
        _peer(draw, vnets[2], vnets[1], sound=True)
    _peer(draw, vnets[0], vnets[1], sound=True)
    address = client_prefix.replace("0/24", "4")
    where = f"{BASE}/virtualNetworks/{client_home}/subnets/vm"
    nic = _nic("vm-nic", address, where, draw.random() < 0.5, guards[2] if draw.random() < 0.4 else None)
    nva = _nic("nva-nic", "10.3.1.4", f"{BASE}/virtualNetworks/hub/subnets/nva", draw.random() < 0.5, None)
    instance = {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/managedInstances/mi", "name": "mi",
        "type": "Microsoft.Sql/managedInstances", "location": "westeurope",
        "properties": {"fullyQualifiedDomainName": "mi.abc.database.windows.net", "dnsZone": "abc", "state": "Ready",
                       "provisioningState": "Succeeded", "privateEndpointConnections": [],
                       "proxyOverride": draw.choice(["Proxy", "Redirect"]),
                       "subnetId": f"{BASE}/virtualNetworks/data/subnets/mi"},
    }  # fmt: skip
    source = "vm-nic" if draw.random() < 0.6 else f"{client_home}/vm"
    return [*vnets, *guards, *tables, nic, nva, instance], source


def _vnet(name: str, space: str, subnets: Json) -> Json:
    own = f"{BASE}/virtualNetworks/{name}"
    return resource(
        "virtualNetworks", name, addressSpace={"addressPrefixes": [space]}, dhcpOptions={"dnsServers": []},
        subnets=[{"id": f"{own}/subnets/{n}", "name": n, "properties": p} for n, p in subnets.items()],
        virtualNetworkPeerings=[],
    )  # fmt: skip


def _subnet(draw: random.Random, prefix: str, guard: Json, table: Json) -> Json:
    found: Json = {"addressPrefix": prefix} if draw.random() < 0.5 else {"addressPrefixes": [prefix]}
    if draw.random() < 0.8:
        found["networkSecurityGroup"] = {"id": guard["id"]}
    if draw.random() < 0.6:
        found["routeTable"] = {"id": table["id"]}
    return found


def _peer(draw: random.Random, one: Json, other: Json, *, sound: bool = False) -> None:
    for own, remote in ((one, other), (other, one)):
        if not sound and draw.random() < 0.08:
            continue
        space = list(remote["properties"]["addressSpace"]["addressPrefixes"])
        if not sound and draw.random() < 0.08:
            space = ["10.200.0.0/16"]
        state = "Connected" if sound else draw.choice(["Connected"] * 10 + ["Initiated", "Disconnected"])
        own["properties"]["virtualNetworkPeerings"].append({"name": f"to-{remote['name']}", "properties": {
            "peeringState": state, "remoteVirtualNetwork": {"id": remote["id"]},
            "allowVirtualNetworkAccess": sound or draw.random() < 0.85,
            "remoteAddressSpace": {"addressPrefixes": space}}})  # fmt: skip


def _nsg(draw: random.Random, name: str) -> Json:
    rules = []
    for priority in draw.sample(range(100, 4000), draw.randrange(0, 6)):
        rules.append({"name": f"r{priority}", "properties": {
            "priority": priority, "direction": draw.choice(["Inbound", "Outbound"]),
            "access": draw.choice(["Allow", "Allow", "Deny"]), "protocol": draw.choice(["Tcp", "Tcp", "*", "Udp", "tcp"]),
            "sourcePortRange": "*", **_side(draw, "source"), **_side(draw, "destination"), **_ports(draw)}})  # fmt: skip
    return resource("networkSecurityGroups", name, securityRules=rules)


def _side(draw: random.Random, side: str) -> Json:
    if draw.random() < 0.4:
        return {f"{side}AddressPrefix": draw.choice(TAGS)}
    if draw.random() < 0.5:
        return {f"{side}AddressPrefix": draw.choice(PREFIXES)}
    return {f"{side}AddressPrefixes": draw.sample(PREFIXES, draw.randrange(1, 4))}


def _ports(draw: random.Random) -> Json:
    if draw.random() < 0.6:
        return {"destinationPortRange": draw.choice(PORTS)}
    return {"destinationPortRanges": draw.sample(PORTS, draw.randrange(1, 3))}


def _table(draw: random.Random, name: str, number: int) -> Json:
    likely = (("10.2.0.0/16", "10.2.0.0/27", "10.0.0.0/8"), ("10.1.0.0/16", "10.1.1.0/24", "10.0.0.0/8"))[number]
    routes = []
    for prefix in dict.fromkeys(draw.choice([*likely, *PREFIXES]) for _ in range(draw.randrange(0, 3))):
        kind = draw.choice(["VirtualAppliance", "None", "VnetLocal", "Internet", "VnetLocal"])
        hop = {"nextHopIpAddress": draw.choice(["10.3.1.4", "10.77.0.9"])} if kind == "VirtualAppliance" else {}
        routes.append({"name": f"r{len(routes)}", "properties": {"addressPrefix": prefix, "nextHopType": kind, **hop}})
    more = {"disablePeeringRoute": "All"} if draw.random() < 0.08 else {}
    return resource("routeTables", name, disableBgpRoutePropagation=draw.random() < 0.3, routes=routes, **more)


def _nic(name: str, address: str, subnet: str, forwards: bool, guard: Json | None) -> Json:
    own = {"networkSecurityGroup": {"id": guard["id"]}} if guard is not None else {}
    where = {"privateIPAddress": address, "primary": True, "subnet": {"id": subnet}}
    return resource("networkInterfaces", name, enableIPForwarding=forwards,
                    ipConfigurations=[{"name": "main", "properties": where}], **own)  # fmt: skip
