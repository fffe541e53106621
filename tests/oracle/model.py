"""An exact model of Azure's security groups, routes and peerings for z3, written from the documentation and the raw JSON.

It shares no code with the engine. Sources: "Network security groups" (order, default rules, statefulness), "Virtual network
service tags" (VirtualNetwork, Internet), "Virtual network traffic routing" (system routes, selection, next hops), "Virtual
network peering" and "Create, change, or delete a virtual network peering" (both sides, address space, access flag).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

import z3

Json = dict[str, Any]
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
HOST = "168.63.129.16/32"
PASS, DROP, DEPENDS = 0, 1, 2
PUBLIC_TAGS = {"sql"}


@dataclass
class Answer:
    """all_pass: every packet both ways; none_pass: no address pair has all its ports; depends: on an appliance's policy."""

    all_pass: bool
    none_pass: bool
    depends: bool


class Model:
    """The network of one snapshot, asked about one source subnet or NIC and the instance's subnet."""

    def __init__(self, resources: list[Json], source: str) -> None:
        self.by_id = {one["id"]: one for one in resources}
        self.vnets = {one["name"]: one for one in resources if one["type"].endswith("virtualNetworks")}
        self.nics = [one for one in resources if one["type"].endswith("networkInterfaces")]
        instance = next(one for one in resources if one["type"].endswith("managedInstances"))
        self.redirect = instance["properties"]["proxyOverride"] == "Redirect"
        self.target, self.target_home = self._subnet(instance["properties"]["subnetId"])
        self.nic = next((one for one in self.nics if one["name"] == source), None)
        if self.nic is not None:
            where = self.nic["properties"]["ipConfigurations"][0]["properties"]
            self.client, self.client_home = self._subnet(where["subnet"]["id"])
            self.senders = [f"{where['privateIPAddress']}/32"]
        else:
            home, _, name = source.partition("/")
            self.client, self.client_home = self._subnet(f"{self.vnets[home]['id']}/subnets/{name}")
            self.senders = _prefixes(self.client)
        self.s, self.d, self.p = z3.BitVec("s", 32), z3.BitVec("d", 32), z3.BitVec("p", 16)

    def _subnet(self, subnet_id: str) -> tuple[Json, Json]:
        home = self.by_id[subnet_id.rsplit("/subnets/", 1)[0]]
        return next(s["properties"] for s in home["properties"]["subnets"] if s["id"] == subnet_id), home

    def answer(self) -> Answer:
        """What holds for all packets, for each set of ports that must be open."""
        sets = [[(1433, 1433)], [(11000, 11999)]] if self.redirect else [[(1433, 1433)]]
        found = [self._of(ports) for ports in sets]
        return Answer(all(one.all_pass for one in found), any(one.none_pass for one in found),
                      any(one.depends for one in found))  # fmt: skip

    def _of(self, ports: list[tuple[int, int]]) -> Answer:
        ends = z3.And(_in(self.s, self.senders), _in(self.d, _prefixes(self.target)))
        there = self._way(self.client, self.client_home, self.target_home, self.d)
        back = self._way(self.target, self.target_home, self.client_home, self.s)
        rules = [self._gate(guard, "Outbound", self.client, self.client_home) for guard in self._guards_out()]
        rules.append(self._gate(self.target.get("networkSecurityGroup"), "Inbound", self.target, self.target_home))
        allowed = z3.And(*rules)
        cuts = self._port_cuts(ports)
        each = z3.And(*[z3.substitute(allowed, (self.p, z3.BitVecVal(port, 16))) for port in cuts])
        routed = z3.And(there == PASS, back == PASS)
        return Answer(
            all_pass=not _sat(ends, z3.Not(z3.And(each, routed))),
            none_pass=not _sat(ends, each, there != DROP, back != DROP),
            depends=_sat(ends, z3.Or(there == DEPENDS, back == DEPENDS)),
        )

    def _guards_out(self) -> list[Any]:
        own = [self.nic["properties"].get("networkSecurityGroup")] if self.nic is not None else []
        return [*own, self.client.get("networkSecurityGroup")]

    def _port_cuts(self, ports: list[tuple[int, int]]) -> list[int]:
        """One port of each range that no rule tells apart."""
        edges = {low for low, _ in ports}
        for one in self.by_id.values():
            for rule in one["properties"].get("securityRules", []):
                for low, high in _ports(rule["properties"]):
                    edges |= {edge for edge in (low, high + 1) for a, b in ports if a <= edge <= b}
        return sorted(edges)

    def _gate(self, reference: Any, direction: str, subnet: Json, home: Json) -> Any:
        """True where a security group lets a packet through: lowest priority number first, default rules last."""
        if not reference:
            return z3.BoolVal(True)
        rules = [r["properties"] for r in self.by_id[reference["id"]]["properties"]["securityRules"]]
        verdict: Any = z3.BoolVal(False)
        for access, source, target in _defaults(direction):
            hit = z3.And(self._tag(self.s, source, subnet, home), self._tag(self.d, target, subnet, home))
            verdict = z3.If(hit, z3.BoolVal(access), verdict)
        for rule in sorted(rules, key=lambda r: -r["priority"]):
            if rule["direction"] == direction and rule["protocol"].lower() in {"tcp", "*"}:
                sides = [z3.Or(*[self._tag(var, text, subnet, home) for text in _texts(rule, side)])
                         for var, side in ((self.s, "source"), (self.d, "destination"))]  # fmt: skip
                ports = z3.Or(*[z3.And(z3.UGE(self.p, low), z3.ULE(self.p, high)) for low, high in _ports(rule)])
                verdict = z3.If(z3.And(*sides, ports), z3.BoolVal(rule["access"] == "Allow"), verdict)
        return verdict

    def _tag(self, var: Any, text: str, subnet: Json, home: Json) -> Any:
        name = text.lower()
        if name in {"*", "0.0.0.0/0"}:
            return z3.BoolVal(True)
        if name == "virtualnetwork":
            return _in(var, [*_space(home), *self._peers(home), *self._user_prefixes(subnet), HOST])
        if name == "internet":
            return z3.Not(_in(var, [*PRIVATE, *_space(home), HOST]))
        if name == "azureloadbalancer":
            return _in(var, [HOST])
        if name in PUBLIC_TAGS:  # lists of public addresses; all ends here are private
            return z3.BoolVal(False)
        return _in(var, [text])

    def _peers(self, home: Json) -> list[str]:
        return [
            prefix
            for one in home["properties"]["virtualNetworkPeerings"]
            if one["properties"]["peeringState"] == "Connected" and one["properties"]["allowVirtualNetworkAccess"]
            for prefix in one["properties"]["remoteAddressSpace"]["addressPrefixes"]
        ]

    def _table(self, subnet: Json) -> Json:
        reference = subnet.get("routeTable")
        return self.by_id[reference["id"]]["properties"] if reference else {"routes": []}

    def _user_prefixes(self, subnet: Json) -> list[str]:
        return [route["properties"]["addressPrefix"] for route in self._table(subnet)["routes"]]

    def _way(self, subnet: Json, home: Json, end: Json, var: Any) -> Any:
        """PASS, DROP or DEPENDS for an address: longest prefix, user before system; then what the next hop does."""
        rows: list[tuple[str, int, int]] = []  # prefix, rank among equals, outcome
        user = self._table(subnet)
        for route in user["routes"]:
            rows.append((route["properties"]["addressPrefix"], 0, self._user(route["properties"], home, end)))
        for prefix in _space(home):
            rows.append((prefix, 1, PASS if home is end else DROP))
        if user.get("disablePeeringRoute") != "All":
            for one in home["properties"]["virtualNetworkPeerings"]:
                if one["properties"]["peeringState"] == "Connected":
                    outcome = PASS if self._crosses(one, home, end) else DROP
                    rows += [(p, 1, outcome) for p in one["properties"]["remoteAddressSpace"]["addressPrefixes"]]
        outcome: Any = z3.IntVal(DROP)  # the Internet and the dropped private ranges do not lead to a private address
        for prefix, _, then in sorted(rows, key=lambda r: (ipaddress.ip_network(r[0]).prefixlen, -r[1])):
            outcome = z3.If(_in(var, [prefix]), z3.IntVal(then), outcome)
        return outcome

    def _crosses(self, side: Json, home: Json, end: Json) -> bool:
        """Data flows only if both sides of the peering are Connected."""
        remote = self.by_id[side["properties"]["remoteVirtualNetwork"]["id"]]
        back = [p for p in remote["properties"]["virtualNetworkPeerings"]
                if p["properties"]["remoteVirtualNetwork"]["id"] == home["id"]]  # fmt: skip
        return remote is end and bool(back) and back[0]["properties"]["peeringState"] == "Connected"

    def _user(self, route: Json, home: Json, end: Json) -> int:
        kind = route["nextHopType"]
        if kind == "VnetLocal":
            return PASS if home is end else DEPENDS  # what it does with a peer's addresses is not documented
        if kind in {"None", "Internet"}:
            return DROP
        hop = route["nextHopIpAddress"]
        near = [*_space(home), *(p for one in home["properties"]["virtualNetworkPeerings"]
                                 if one["properties"]["peeringState"] == "Connected"
                                 for p in one["properties"]["remoteAddressSpace"]["addressPrefixes"])]  # fmt: skip
        if not any(ipaddress.ip_address(hop) in ipaddress.ip_network(prefix) for prefix in near):
            return DROP
        nic = next(
            n for n in self.nics if n["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"] == hop
        )
        return DEPENDS if nic["properties"]["enableIPForwarding"] else DROP


def _defaults(direction: str) -> list[tuple[bool, str, str]]:
    """Default rules, the last one first."""
    if direction == "Inbound":
        return [(False, "*", "*"), (True, "AzureLoadBalancer", "*"), (True, "VirtualNetwork", "VirtualNetwork")]
    return [(False, "*", "*"), (True, "*", "Internet"), (True, "VirtualNetwork", "VirtualNetwork")]


def _space(home: Json) -> list[str]:
    found: list[str] = home["properties"]["addressSpace"]["addressPrefixes"]
    return found


def _prefixes(subnet: Json) -> list[str]:
    return subnet.get("addressPrefixes") or [subnet["addressPrefix"]]


def _texts(rule: Json, side: str) -> list[str]:
    single = rule.get(f"{side}AddressPrefix")
    return [*([single] if single else []), *rule.get(f"{side}AddressPrefixes", [])]


def _ports(rule: Json) -> list[tuple[int, int]]:
    single = rule.get("destinationPortRange")
    found = []
    for text in [*([single] if single else []), *rule.get("destinationPortRanges", [])]:
        low, _, high = ("0-65535" if text == "*" else text).partition("-")
        found.append((int(low), int(high or low)))
    return found


def _in(var: Any, prefixes: list[str] | tuple[str, ...]) -> Any:
    found = []
    for text in prefixes:
        network = ipaddress.ip_network(text)
        first, last = int(network.network_address), int(network.broadcast_address)
        found.append(z3.And(z3.UGE(var, z3.BitVecVal(first, 32)), z3.ULE(var, z3.BitVecVal(last, 32))))
    return z3.Or(*found) if found else z3.BoolVal(False)


def _sat(*terms: Any) -> bool:
    solver = z3.Solver()
    solver.add(*terms)
    return bool(solver.check() == z3.sat)
