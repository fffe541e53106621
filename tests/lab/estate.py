"""Raw ARM JSON as the lab needs it. Shares no code with the package."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
GUESTS = {"windows-firewall", "linux-firewall"}
GLOBAL_SETTINGS = ("virtualhubs",)


class Unbuildable(Exception):
    """The lab cannot build this; the text says what, and stands in the table as the reason."""


@dataclass(frozen=True)
class Subnet:
    """A subnet: ids in lower case, prefixes as text, its security group and its route table (properties) or None."""

    id: str
    name: str
    vnet: str
    prefixes: tuple[str, ...]
    guard: Json | None = field(compare=False)
    table: Json | None = field(compare=False)
    raw: Json = field(compare=False)


@dataclass(frozen=True)
class Nic:
    """A network interface with one address."""

    id: str
    name: str
    address: str
    subnet: str
    vm: str
    forwards: bool
    guard: Json | None = field(compare=False)
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peering:
    """One side of a peering. flows: this side and its counterpart are both Connected."""

    remote: str
    connected: bool
    flows: bool
    space: tuple[str, ...]
    access: bool
    lends: bool
    borrows: bool
    own_names: tuple[str, ...]
    far_names: tuple[str, ...]


def low(value: Any) -> str:
    """The id of a reference, or a text, in lower case."""
    text = value.get("id", "") if isinstance(value, dict) else value
    return str(text or "").lower()


def v4(prefixes: Any) -> tuple[str, ...]:
    """The IPv4 prefixes among some; managed instances are reached over IPv4 only."""
    return tuple(one for one in prefixes or () if ":" not in one)


def inside(address: str, prefixes: Any) -> bool:
    """Whether an address lies in one of the prefixes."""
    at = ipaddress.ip_address(address)
    return any(at in ipaddress.ip_network(one, strict=False) for one in prefixes)


class Estate:
    """One snapshot's resources. Raises Unbuildable for what the lab does not know."""

    def __init__(self, resources: list[Json], observations: list[Json]) -> None:
        self.observations = observations
        self.by_id: dict[str, Json] = {low(one): one for one in resources}
        odd = [one["type"] for one in resources if one["type"].lower().split("/")[1] in GLOBAL_SETTINGS]
        if odd:
            raise Unbuildable(f"{odd[0]} has rules of its own")
        if any(one["kind"] in GUESTS for one in observations):
            raise Unbuildable("a firewall inside the source's machine: it is none of the network")
        self.vnets = {low(one): one["properties"] for one in self.of("virtualnetworks")}
        self.subnets = {low(raw): self._subnet(home, raw) for home, vnet in self.vnets.items()
                        for raw in vnet["subnets"]}  # fmt: skip
        self.nics = [self._nic(one) for one in self.of("networkinterfaces")]
        self.gateways = {low(one): one["properties"] for one in self.of("virtualnetworkgateways")}
        self.instance = next(iter(self.of("managedinstances")))
        self.endpoints = [one["properties"] for one in self.of("privateendpoints")]

    def of(self, kind: str) -> list[Json]:
        """Resources whose type ends in a word."""
        return [one for one in self.by_id.values() if one["type"].lower().endswith(f"/{kind}")]

    def _guard(self, raw: Json) -> Json | None:
        at = low(raw.get("networkSecurityGroup"))
        return self.by_id[at]["properties"] if at else None

    def _subnet(self, home: str, raw: Json) -> Subnet:
        inner = raw["properties"]
        table = low(inner.get("routeTable"))
        prefixes = inner.get("addressPrefixes") or [inner["addressPrefix"]]
        return Subnet(low(raw), raw["name"].lower(), home, v4(prefixes), self._guard(inner),
                      self.by_id[table]["properties"] if table else None, inner)  # fmt: skip

    def _nic(self, one: Json) -> Nic:
        inner = one["properties"]
        where = inner["ipConfigurations"][0]["properties"]
        return Nic(low(one), one["name"].lower(), where.get("privateIPAddress", ""), low(where.get("subnet")),
                   low(inner.get("virtualMachine")), bool(inner.get("enableIPForwarding")), self._guard(inner),
                   tuple(low(group) for group in where.get("applicationSecurityGroups", [])))  # fmt: skip

    def space(self, vnet: str) -> tuple[str, ...]:
        """Address space of a VNet."""
        return v4(self.vnets[vnet]["addressSpace"]["addressPrefixes"])

    def peerings(self, vnet: str) -> list[Peering]:
        """A VNet's side of its peerings. "Virtual network peering": data flows only where both sides are Connected."""
        found = []
        for raw in self.vnets[vnet].get("virtualNetworkPeerings", []):
            inner = raw["properties"]
            remote = low(inner["remoteVirtualNetwork"])
            back = [other["properties"] for other in self.vnets.get(remote, {}).get("virtualNetworkPeerings", [])
                    if low(other["properties"]["remoteVirtualNetwork"]) == vnet]  # fmt: skip
            here, there = _connected(inner), bool(back) and _connected(back[0])
            part = inner.get("peerCompleteVnets") is False
            found.append(Peering(
                remote, here, here and there, v4(inner.get("remoteAddressSpace", {}).get("addressPrefixes")),
                inner.get("allowVirtualNetworkAccess", True),
                bool(back) and bool(back[0].get("allowGatewayTransit")) and here and there,
                bool(inner.get("useRemoteGateways")),
                tuple(n.lower() for n in inner.get("localSubnetNames", [])) if part else (),
                tuple(n.lower() for n in inner.get("remoteSubnetNames", [])) if part else (),
            ))  # fmt: skip
        return found

    def home_of(self, gateway: str) -> Subnet:
        """The GatewaySubnet a gateway stands in."""
        at = low(self.gateways[gateway]["ipConfigurations"][0]["properties"].get("subnet"))
        if at not in self.subnets:
            raise Unbuildable("a gateway whose subnet is not in the evidence")
        return self.subnets[at]

    def own_gateways(self, vnet: str) -> list[str]:
        """Gateways that stand in a VNet."""
        return [one for one in self.gateways if self.home_of(one).vnet == vnet]

    def serving(self, vnet: str) -> list[str]:
        """Gateways whose routes a VNet gets: its own, or those of a peer that lends them."""
        own = self.own_gateways(vnet)
        lent = [gateway for side in self.peerings(vnet) if side.borrows and side.lends
                for gateway in self.own_gateways(side.remote)]  # fmt: skip
        return own or lent

    def connections(self, gateway: str) -> list[Json]:
        """Properties of the connections at a gateway, either end."""
        return [one["properties"] for one in self.of("connections")
                if gateway in (low(one["properties"].get("virtualNetworkGateway1")),
                               low(one["properties"].get("virtualNetworkGateway2")))]  # fmt: skip

    def learned(self, gateway: str) -> list[str]:
        """Prefixes a gateway was seen to learn over BGP."""
        found: list[str] = []
        for one in self.observations:
            if one["kind"] == "learned-routes" and low(one["about"]) == gateway:
                found += [row["network"] for row in one["value"]["value"] if row["origin"].lower() == "ebgp"]
        return found


def _connected(side: Json) -> bool:
    state = str(side.get("peeringState", "")).lower()
    if state not in {"connected", "initiated", "disconnected"}:
        raise Unbuildable(f"peering state {state!r}")
    return state == "connected"
