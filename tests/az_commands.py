"""What `az` commands do to resources: a reader of the printed repairs that shares nothing with the engine.

Written from the Azure CLI reference. Knows the commands that repairs print; any other one is an error.
"""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Options = dict[str, list[str]]
READ_ONLY = ("show", "list")


class Azure:
    """The resources of a snapshot document, changed by commands."""

    def __init__(self, document: Json) -> None:
        self.document = copy.deepcopy(document)

    def run(self, line: str) -> None:
        """Carry out one command line as bash would hand it to az."""
        line = re.sub(r"\$\((az [^)]*)\)", lambda m: self._id_of(m[1]), line)
        words = shlex.split(line)
        assert words[0] == "az", line
        split = next(i for i, word in enumerate(words) if word.startswith("-"))
        verb, options = words[1:split], _options(words[split:])
        if verb[-1] in READ_ONLY:
            return
        COMMANDS[" ".join(verb)](self, options)

    def _id_of(self, line: str) -> str:
        words = shlex.split(line)
        options = _options(words[next(i for i, w in enumerate(words) if w.startswith("-")) :])
        return str(self.find("virtualNetworks", options["-n"][0], options["-g"][0])["id"])

    def find(self, kind: str, name: str, group: str = "") -> Json:
        """The resource of this kind and name, in a group where one is given."""
        for one in self.document["resources"]:
            parts = one["id"].lower().split("/")
            if parts[-1] == name.lower() and parts[-2] == kind.lower() and (not group or group.lower() == parts[4]):
                return one
        raise AssertionError(f"no {kind} {name} in {group}")

    def by_id(self, resource_id: str) -> Json:
        """The resource of this id."""
        return next(one for one in self.document["resources"] if one["id"].lower() == resource_id.lower())

    def add(self, resource_id: str, kind: str, properties: Json) -> None:
        """A new resource."""
        name = resource_id.rsplit("/", 1)[1]
        self.document["resources"].append({"id": resource_id, "name": name, "type": kind, "properties": properties})

    def group_path(self, group: str) -> str:
        """/subscriptions/.../resourceGroups/<group> as other resources spell it."""
        for one in self.document["resources"]:
            parts = one["id"].split("/")
            if parts[4].lower() == group.lower():
                return "/".join(parts[:5])
        raise AssertionError(f"no resource group {group}")


def _options(words: list[str]) -> Options:
    found: Options = {}
    at = ""
    for word in words:
        if word.startswith("-") and not word.lstrip("-")[:1].isdigit():
            at = word
            found[at] = []
        else:
            found[at].append(word)
    return found


def _named(items: list[Json], name: str) -> Json:
    return next(one for one in items if one["name"].lower() == name.lower())


def _without(items: list[Json], name: str) -> list[Json]:
    assert any(one["name"].lower() == name.lower() for one in items), name
    return [one for one in items if one["name"].lower() != name.lower()]


def _rule_create(azure: Azure, o: Options) -> None:
    rules = azure.find("networkSecurityGroups", o["--nsg-name"][0], o["-g"][0])["properties"]["securityRules"]
    same = [r for r in rules if r["properties"]["priority"] == int(o["--priority"][0])
            and r["properties"]["direction"] == o["--direction"][0]]  # fmt: skip
    assert not same and 100 <= int(o["--priority"][0]) <= 4096
    rules.append({"name": o["-n"][0], "properties": {
        "priority": int(o["--priority"][0]), "direction": o["--direction"][0], "access": o["--access"][0],
        "protocol": o["--protocol"][0], "sourcePortRange": "*",
        "sourceAddressPrefixes": o["--source-address-prefixes"],
        "destinationAddressPrefixes": o["--destination-address-prefixes"],
        "destinationPortRanges": o["--destination-port-ranges"]}})  # fmt: skip


def _rule_delete(azure: Azure, o: Options) -> None:
    properties = azure.find("networkSecurityGroups", o["--nsg-name"][0], o["-g"][0])["properties"]
    properties["securityRules"] = _without(properties["securityRules"], o["-n"][0])


def _peerings(azure: Azure, o: Options) -> list[Json]:
    found: list[Json] = azure.find("virtualNetworks", o["--vnet-name"][0], o["-g"][0])["properties"].setdefault(
        "virtualNetworkPeerings", []
    )
    return found


def _peering_create(azure: Azure, o: Options) -> None:
    """Azure sets Connected once both sides exist, and takes the remote's address space of that moment."""
    own = azure.find("virtualNetworks", o["--vnet-name"][0], o["-g"][0])
    remote = azure.by_id(o["--remote-vnet"][0])
    back = next((p for p in remote["properties"].get("virtualNetworkPeerings", [])
                 if p["properties"]["remoteVirtualNetwork"]["id"].lower() == own["id"].lower()), None)  # fmt: skip
    state = "Connected" if back is not None and back["properties"]["peeringState"] == "Initiated" else "Initiated"
    if back is not None and state == "Connected":
        back["properties"]["peeringState"] = "Connected"
    existing = [p for p in _peerings(azure, o) if p["name"].lower() == o["-n"][0].lower()]
    if existing:  # create is a PUT: on a peering that exists it changes the flags and keeps the state
        return
    _peerings(azure, o).append({"name": o["-n"][0], "properties": {
        "peeringState": state, "peeringSyncLevel": "FullyInSync", "remoteVirtualNetwork": {"id": remote["id"]},
        "allowVirtualNetworkAccess": o["--allow-vnet-access"] == ["true"],
        "remoteAddressSpace": {"addressPrefixes": list(remote["properties"]["addressSpace"]["addressPrefixes"])}}})  # fmt: skip


def _peering_delete(azure: Azure, o: Options) -> None:
    peerings = _peerings(azure, o)
    gone = [p for p in peerings if p["name"].lower() == o["-n"][0].lower()]
    for one in gone:
        peerings.remove(one)
        remote = azure.by_id(one["properties"]["remoteVirtualNetwork"]["id"])
        own = azure.find("virtualNetworks", o["--vnet-name"][0], o["-g"][0])["id"].lower()
        for back in remote["properties"].get("virtualNetworkPeerings", []):
            if back["properties"]["remoteVirtualNetwork"]["id"].lower() == own:
                back["properties"]["peeringState"] = "Disconnected"


def _peering_sync(azure: Azure, o: Options) -> None:
    properties = _named(_peerings(azure, o), o["-n"][0])["properties"]
    remote = azure.by_id(properties["remoteVirtualNetwork"]["id"])
    properties["remoteAddressSpace"] = {
        "addressPrefixes": list(remote["properties"]["addressSpace"]["addressPrefixes"])
    }


def _set(target: Json, assignment: str) -> None:
    path, _, value = assignment.partition("=")
    *parents, last = path.split(".")
    for name in parents:
        target = target[name]
    match = re.fullmatch(r"(\w+)\[(\d+)\]", parents[-1]) if parents else None
    assert match is None
    target[last] = {"true": True, "false": False}.get(value, value)


def _peering_update(azure: Azure, o: Options) -> None:
    for assignment in o["--set"]:
        _set(_named(_peerings(azure, o), o["-n"][0])["properties"], assignment)


def _resource_update(azure: Azure, o: Options) -> None:
    for assignment in o["--set"]:
        _set(azure.by_id(o["--ids"][0]), assignment)


def _route_delete(azure: Azure, o: Options) -> None:
    properties = azure.find("routeTables", o["--route-table-name"][0], o["-g"][0])["properties"]
    properties["routes"] = _without(properties["routes"], o["-n"][0])


def _table_update(azure: Azure, o: Options) -> None:
    properties = azure.find("routeTables", o["-n"][0], o["-g"][0])["properties"]
    properties["disableBgpRoutePropagation"] = o["--disable-bgp-route-propagation"] == ["true"]


def _nic_update(azure: Azure, o: Options) -> None:
    azure.by_id(o["--ids"][0])["properties"]["enableIPForwarding"] = o["--ip-forwarding"] == ["true"]


def _mi_update(azure: Azure, o: Options) -> None:
    properties = azure.find("managedInstances", o["-n"][0], o["-g"][0])["properties"]
    if "--public-data-endpoint-enabled" in o:
        properties["publicDataEndpointEnabled"] = o["--public-data-endpoint-enabled"] == ["true"]
    if "--proxy-override" in o:
        properties["proxyOverride"] = o["--proxy-override"][0]
    if "--maint-config-id" in o:
        properties["maintenanceConfigurationId"] = o["--maint-config-id"][0]


def _mi_start(azure: Azure, o: Options) -> None:
    azure.find("managedInstances", o["--mi"][0], o["-g"][0])["properties"]["state"] = "Ready"


def _site_update(azure: Azure, o: Options) -> None:
    properties = azure.find("localNetworkGateways", o["-n"][0], o["-g"][0])["properties"]
    properties["localNetworkAddressSpace"] = {"addressPrefixes": o["--address-prefixes"]}


def _gateway_update(azure: Azure, o: Options) -> None:
    properties = azure.find("virtualNetworkGateways", o["-n"][0], o["-g"][0])["properties"]
    if "--custom-routes" in o:
        properties["customRoutes"] = {"addressPrefixes": o["--custom-routes"]}
    if "--client-protocol" in o:
        properties["vpnClientConfiguration"]["vpnClientProtocols"] = o["--client-protocol"]


def _rest(azure: Azure, o: Options) -> None:
    """PUT of a route of a plan's VNet: it serves the connections of every app of the plan."""
    match = re.fullmatch(
        r"(/.+/serverfarms/[^/]+)/virtualNetworkConnections/([^/]+)/routes/([^/?]+)\?api-version=.+",
        o["--url"][0],
    )
    assert match and o["--method"] == ["put"], o["--url"]
    route = {"name": match[3], **json.loads(o["--body"][0])}
    for one in azure.document["resources"]:
        if one["id"].lower().endswith(f"/virtualnetworkconnections/{match[2].lower()}"):
            one["properties"]["routes"].append(route)


def _gateway_reset(azure: Azure, o: Options) -> None:
    azure.find("virtualNetworkGateways", o["-n"][0], o["-g"][0])["properties"]["provisioningState"] = "Succeeded"


def _connection_reset(azure: Azure, o: Options) -> None:
    """The tunnel comes up, and two VNets have one tunnel with a connection at each end."""
    one = azure.find("connections", o["-n"][0], o["-g"][0])
    ends = _ends(one)
    for other in azure.document["resources"]:
        if "/connections/" in other["id"].lower() and (other is one or (len(ends) == 2 and _ends(other) == ends)):
            other["properties"]["connectionStatus"] = "Connected"


def _ends(connection: Json) -> set[str]:
    gateways = (connection["properties"].get(name) for name in ("virtualNetworkGateway1", "virtualNetworkGateway2"))
    return {one["id"].lower() for one in gateways if one}


def _zone_id(azure: Azure, o: Options, name: str) -> str:
    return f"{azure.group_path(o['-g'][0])}/providers/Microsoft.Network/privateDnsZones/{name}"


def _zone_create(azure: Azure, o: Options) -> None:
    azure.add(_zone_id(azure, o, o["-n"][0]), "Microsoft.Network/privateDnsZones", {})


def _link_create(azure: Azure, o: Options) -> None:
    zone = azure.find("privateDnsZones", o["-z"][0], o["-g"][0])["id"]
    link = {"registrationEnabled": o["-e"] == ["true"], "virtualNetwork": {"id": azure.by_id(o["-v"][0])["id"]}}
    azure.add(f"{zone}/virtualNetworkLinks/{o['-n'][0]}", "Microsoft.Network/privateDnsZones/virtualNetworkLinks", link)


def _record_add(azure: Azure, o: Options) -> None:
    zone = azure.find("privateDnsZones", o["-z"][0], o["-g"][0])["id"]
    records = {"ttl": 3600, "aRecords": [{"ipv4Address": address} for address in o["-a"]]}
    azure.add(f"{zone}/A/{o['-n'][0]}", "Microsoft.Network/privateDnsZones/A", records)


def _record_update(azure: Azure, o: Options) -> None:
    zone = azure.find("privateDnsZones", o["-z"][0], o["-g"][0])["id"]
    match = re.fullmatch(r"aRecords\[0\]\.ipv4Address=([\d.]+)", o["--set"][0])
    assert match
    azure.by_id(f"{zone}/A/{o['-n'][0]}")["properties"]["aRecords"][0]["ipv4Address"] = match[1]


def _policy_collection_add(azure: Azure, o: Options) -> None:
    group = azure.find("ruleCollectionGroups", o["--rule-collection-group-name"][0], o["-g"][0])
    assert f"/firewallpolicies/{o['--policy-name'][0]}/" in group["id"].lower()
    rule = {"ruleType": o["--rule-type"][0], "name": o["--rule-name"][0], "ipProtocols": o["--ip-protocols"],
            "sourceAddresses": o["--source-addresses"], "destinationAddresses": o["--destination-addresses"],
            "destinationPorts": o["--destination-ports"]}  # fmt: skip
    group["properties"]["ruleCollections"].append(
        {"name": o["--name"][0], "priority": int(o["--collection-priority"][0]), "action": {"type": o["--action"][0]},
         "ruleCollectionType": "FirewallPolicyFilterRuleCollection", "rules": [rule]}
    )  # fmt: skip


def _firewall_rule_create(azure: Azure, o: Options) -> None:
    firewall = azure.find("azureFirewalls", o["-f"][0], o["-g"][0])
    rule = {"name": o["-n"][0], "protocols": o["--protocols"], "sourceAddresses": o["--source-addresses"],
            "destinationAddresses": o["--destination-addresses"], "destinationPorts": o["--destination-ports"]}  # fmt: skip
    firewall["properties"].setdefault("networkRuleCollections", []).append(
        {"name": o["--collection-name"][0],
         "properties": {"priority": int(o["--priority"][0]), "action": {"type": o["--action"][0]}, "rules": [rule]}}
    )  # fmt: skip


def _subnet_update(azure: Azure, options: Options) -> None:
    vnet = azure.find("virtualNetworks", options["--vnet-name"][0], options["-g"][0])
    subnet = _named(vnet["properties"]["subnets"], options["-n"][0])
    subnet["properties"]["delegations"] = [
        {"name": str(at), "properties": {"serviceName": name}} for at, name in enumerate(options["--delegations"])
    ]


COMMANDS: dict[str, Callable[[Azure, Options], None]] = {
    "network firewall network-rule create": _firewall_rule_create,
    "network firewall policy rule-collection-group collection add-filter-collection": _policy_collection_add,
    "network nsg rule create": _rule_create,
    "network nsg rule delete": _rule_delete,
    "network vnet peering create": _peering_create,
    "network vnet peering delete": _peering_delete,
    "network vnet peering sync": _peering_sync,
    "network vnet peering update": _peering_update,
    "network vnet subnet update": _subnet_update,
    "resource update": _resource_update,
    "network route-table route delete": _route_delete,
    "network route-table update": _table_update,
    "network nic update": _nic_update,
    "sql mi update": _mi_update,
    "sql mi start": _mi_start,
    "network local-gateway update": _site_update,
    "network vnet-gateway update": _gateway_update,
    "network vnet-gateway reset": _gateway_reset,
    "rest": _rest,
    "network vpn-connection reset": _connection_reset,
    "network private-dns zone create": _zone_create,
    "network private-dns link vnet create": _link_create,
    "network private-dns record-set a add-record": _record_add,
    "network private-dns record-set a update": _record_update,
}
