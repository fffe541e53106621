"""A network of one snapshot as rooms and wires.

A VNet is a room that routes: what comes from a host is looked up in the table of the host's subnet, what comes over a
peering, from the Internet or back from itself (next hop VnetLocal) only among the VNet's own hosts. A host is a room with one
wire and its security groups; a gateway is a host with further wires to clients, sites and other gateways.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import collapse_addresses
from ipaddress import ip_network as net

from lab.estate import Estate, Json, Nic, Peering, Subnet, Unbuildable, inside, low
from lab.filters import admin_chains, firewall_at
from lab.guard import ruleset
from lab.kernel import Room, Rooms
from lab.spaces import RESERVED, Row, effective, endpoint_addresses, outside_prefixes, pool_of

DELIVER, OUTSIDE, INWARD = 1, 2, 3
PUBLIC = "51.104.9.9"  # the instance's public address, which ARM does not show
INSTANCE = "the instance"  # security admin rules leave its subnet out
EGRESS = "51.104.7.7"  # what the Internet sees of a VNet's hosts


@dataclass
class Host:
    """A room with one wire into its VNet's room."""

    room: Room
    own: str
    far: str
    subnet: Subnet


class Plan:
    """Rooms for what a packet may meet between a source and the instance."""

    def __init__(self, estate: Estate, rooms: Rooms) -> None:
        self.estate, self.rooms = estate, rooms
        self.vnets: dict[str, Room] = {}
        self.hosts: dict[str, Host] = {}
        self.devices: dict[tuple[str, str, str], str | None] = {}
        self.tables: dict[tuple[str, bool], int] = {}
        self.behind: dict[tuple[str, str], tuple[Room, str]] = {}
        self.links: dict[frozenset[str], dict[str, str]] = {}
        self.internet: Room | None = None

    # --- VNets and hosts ---------------------------------------------------------------------------------------

    def vnet(self, at: str) -> Room:
        """The room of a VNet."""
        if at not in self.vnets:
            room = self.vnets[at] = self.rooms.room(at.rsplit("/", 1)[-1], forwards=True)
            room.do(f"route add blackhole default table {DELIVER} metric 9999")
        return self.vnets[at]

    def host(
        self, name: str, subnet: Subnet, prefixes: list[str], own: Json | None = None, *, forwards: bool = False,
        guarded: bool = True, user_routes: bool = True,
    ) -> Host:  # fmt: skip
        """A host that owns addresses of a subnet. guarded: whether security groups apply to it; user_routes: whether the subnet's
        route table acts on what it sends.
        """
        if name in self.hosts:
            return self.hosts[name]
        room, home = self.rooms.room(name, forwards=forwards), self.vnet(subnet.vnet)
        near, far = self.rooms.wire(room, home)
        found = self.hosts[name] = Host(room, near, far, subnet)
        admin = admin_chains(self.estate, subnet.vnet) if guarded and name != INSTANCE else {}
        room.guard = ruleset(self.estate, subnet, own, guarded, admin)
        if forwards and guarded:
            room.guard += self._no_way_out()
        room.do(f"route add default dev {near}")
        for prefix in prefixes:
            room.do(f"route add local {prefix} dev lo table local")
            home.do(f"route add {prefix} dev {far} table {DELIVER}")
        home.do(f"rule add iif {far} table {self._table(subnet if user_routes else replace(subnet, table=None))}")
        return found

    def _no_way_out(self) -> str:
        """Azure's edge translates a network interface's own address only; what an appliance passes on to the Internet
        without translating it itself is lost ("Default outbound access", "Virtual network traffic routing", 0.0.0.0/0).
        """
        kept = ", ".join(self._not_the_internets())
        return (f"table ip edge {{\nchain at_forward {{ type filter hook forward priority 10; policy accept;\n"
                f"ip daddr != {{ {kept} }} drop;\n}}\n}}\n")  # fmt: skip

    def _not_the_internets(self) -> list[str]:
        spaces = [net(one) for home in self.estate.vnets for one in self.estate.space(home)]
        return [str(one) for one in collapse_addresses([*map(net, RESERVED), *spaces])]

    def _table(self, subnet: Subnet) -> int:
        """Number of a subnet's route table; its rows are written the first time it is asked for."""
        known = (subnet.id, subnet.table is None)
        if known not in self.tables:
            self.tables[known] = number = 1000 + len(self.tables)
            room = self.vnet(subnet.vnet)
            for row in dict.fromkeys(effective(self.estate, subnet)):
                device = self._device(subnet.vnet, row)
                way = f"{row.prefix} dev {device}" if device else f"blackhole {row.prefix}"
                # append, not add: two rows may be equal to the kernel, and then the first one counts
                room.do(f"route append {way} table {number} metric {row.metric}")
            room.do(f"route append blackhole default table {number} metric 9999")
        return self.tables[known]

    # --- next hops -------------------------------------------------------------------------------------------

    def _device(self, vnet: str, row: Row) -> str | None:
        """The device a row of a VNet's table leads to, None for a black hole."""
        key = (vnet, row.does, row.to)
        if key not in self.devices:
            self.devices[key] = {"local": self._local, "peer": self._peer, "appliance": self._appliance,
                                 "gateway": self._gateway, "internet": self._internet,
                                 "drop": lambda *_: None}[row.does](vnet, row.to)  # fmt: skip
        return self.devices[key]

    def _enter(self, vnet: str, other: Room, table: int = DELIVER) -> tuple[str, str]:
        """A wire from a VNet's room to another; what comes from there is looked up in `table` of the other."""
        near, far = self.rooms.wire(self.vnet(vnet), other)
        other.do(f"rule add iif {far} table {table}")
        return near, far

    def _local(self, vnet: str, _: str) -> str:
        return self._enter(vnet, self.vnet(vnet))[0]

    def _peer(self, vnet: str, remote: str) -> str:
        near, _far = self._enter(vnet, self.vnet(remote))
        side = next(one for one in self.estate.peerings(vnet) if one.remote == remote)
        if side.own_names:
            self.vnet(vnet).guard += self._scope(vnet, side, near)
        return near

    def _scope(self, vnet: str, side: Peering, device: str) -> str:
        """Subnet peering: only the named subnets take part ("How to configure subnet peering")."""
        ends = [[p for s in self.estate.subnets.values() if s.vnet == home and s.name in names for p in s.prefixes]
                for home, names in ((vnet, side.own_names), (side.remote, side.far_names))]  # fmt: skip
        inner = "drop;" if not all(ends) else (
            f"ip saddr != {{ {', '.join(ends[0])} }} drop;\nip daddr != {{ {', '.join(ends[1])} }} drop;")  # fmt: skip
        return (f"table ip scope_{device} {{ chain only {{ {inner} }}\nchain at_forward {{ type filter hook forward "
                f'priority 0; policy accept;\noifname "{device}" jump only;\n}}\n}}\n')  # fmt: skip

    def _stander(self, vnet: str, address: str) -> Host | None:
        """Who has a next hop's address: a network interface here or in a direct peer, or something that is no interface.

        An address of a known subnet that no interface has may be a firewall or a load balancer: the kindest it can be. A load
        balancer in the evidence passes on what any of its backends would.
        """
        near = [vnet, *(side.remote for side in self.estate.peerings(vnet) if side.flows)]
        subnets = [one for home in near for one in self.estate.subnets.values()
                   if one.vnet == home and inside(address, one.prefixes)]  # fmt: skip
        nic = next((n for s in subnets for n in self.estate.nics if n.address == address and n.subnet == s.id), None)
        if nic is not None:
            return self.nic(nic.id)
        if not subnets:
            return None
        known = f"appliance {address}" in self.hosts
        behind = backends(self.estate, address)
        forwards = any(one.forwards for one in behind) if behind else True
        found = self.host(f"appliance {address}", subnets[0], [f"{address}/32"], forwards=forwards)
        if not known:
            found.room.guard += firewall_at(self.estate, address)
        return found

    def _appliance(self, vnet: str, address: str) -> str | None:
        host = self._stander(vnet, address)
        if host is None:
            return None
        near, far = self.rooms.wire(self.vnet(vnet), self.vnet(host.subnet.vnet))
        number = 5000 + len(self.devices)
        self.vnet(host.subnet.vnet).do(f"rule add iif {far} table {number}")
        self.vnet(host.subnet.vnet).do(f"route add default dev {host.far} table {number}")
        return near

    def nic(self, at: str) -> Host:
        """The host of a network interface; one with IP forwarding passes on what is not its own, without a policy."""
        nic = next(one for one in self.estate.nics if one.id == at)
        if nic.vm and sum(one.vm == nic.vm for one in self.estate.nics) > 1 and nic.forwards:
            raise Unbuildable("an appliance with several network interfaces")
        return self.host(
            nic.id, self.estate.subnets[nic.subnet], [f"{nic.address}/32"], nic.guard, forwards=nic.forwards
        )

    def _internet(self, vnet: str, _: str) -> str:
        near, far = self.rooms.wire(self.vnet(vnet), self.world())
        self.vnet(vnet).do(f"rule add iif {near} table {DELIVER}")
        for prefix in self.estate.space(vnet):
            self.world().do(f"route append {prefix} dev {far}")
        return near

    def world(self) -> Room:
        """The Internet, and Azure's edge in front of it: nothing for a private address leaves ("User-defined" routes), and
        a VNet's space is not the Internet's, even where it is a public range.
        """
        if self.internet is None:
            self.internet = self.rooms.room("internet", forwards=True)
            self.internet.do("route append blackhole default metric 9999")
            self.internet.guard = (
                "table ip edge {\nchain early { type filter hook prerouting priority -300; policy accept;\n"
                f"ip daddr {{ {', '.join(self._not_the_internets())} }} drop;\n}}\n}}\n"
            )
        return self.internet

    # --- gateways --------------------------------------------------------------------------------------------

    def _gateway(self, vnet: str, gateway: str) -> str | None:
        return self._enter(vnet, self.gateway(gateway).room, OUTSIDE)[0]

    def gateway(self, at: str) -> Host:
        """The host of a gateway with wires to what is behind it."""
        if at in self.hosts:
            return self.hosts[at]
        raw = self.estate.gateways[at]
        works = str(raw.get("provisioningState", "Succeeded")).lower() not in {"failed"}
        host = self.host(at, self.estate.home_of(at), [], forwards=works, guarded=False)
        room = host.room
        room.do(f"rule add iif {host.own} table {OUTSIDE}")
        for number in (OUTSIDE, INWARD):
            room.do(f"route append default dev {host.own} table {number}")
        for name, prefixes in outside_prefixes(self.estate, at).items():
            device = self._tunnel(at, name, room)
            for prefix in prefixes:
                way = f"{prefix} dev {device}" if device else f"blackhole {prefix}"
                room.do(f"route append {way} table {OUTSIDE}")
        return host

    def _tunnel(self, gateway: str, name: str, room: Room) -> str | None:
        """The gateway's end of the wire to its clients, a circuit, a site or another gateway; None where it is down."""
        links = [one for one in self.estate.connections(gateway)
                 if name in {low(one.get("localNetworkGateway2")), low(one.get("virtualNetworkGateway1")),
                             low(one.get("virtualNetworkGateway2"))}]  # fmt: skip
        between = {str(one.get("connectionStatus", "")).lower() for one in links}
        if between - {"connected", "notconnected", "connecting"}:
            raise Unbuildable("a tunnel whose state was not read")
        if name in self.estate.gateways:
            return self._between(gateway, name, room, between == {"connected"})
        if links and "connected" not in between:
            return None
        far = self.rooms.room(f"{name} of {gateway}")
        near, end = self.rooms.wire(room, far)
        self.behind[gateway, name] = (far, end)
        room.do(f"rule add iif {near} table {INWARD}")
        room.guard += self._selectors(gateway, links, near)
        return near

    def _between(self, gateway: str, other: str, room: Room, up: bool) -> str | None:
        """The wire between two gateways, from either end."""
        if not up:
            return None
        there, pair = self.gateway(other).room, frozenset({gateway, other})
        if pair not in self.links:
            near, far = self.rooms.wire(room, there)
            self.links[pair] = {gateway: near, other: far}
            room.do(f"rule add iif {near} table {INWARD}")
            there.do(f"rule add iif {far} table {INWARD}")
        return self.links[pair][gateway]

    def _selectors(self, gateway: str, links: list[Json], device: str) -> str:
        """Policy-based selectors: only the agreed pairs pass ("Connect to policy-based devices")."""
        used = next((one for one in links if one.get("usePolicyBasedTrafficSelectors") or one.get("trafficSelectorPolicies")),
                    None)  # fmt: skip
        if used is None:
            return ""
        pairs = [
            (one["localAddressRanges"], one["remoteAddressRanges"]) for one in used.get("trafficSelectorPolicies") or []
        ]
        if not pairs:
            site = self.estate.by_id[low(used["localNetworkGateway2"])]["properties"]["localNetworkAddressSpace"]
            pairs = [(list(self.estate.space(self.estate.home_of(gateway).vnet)), site["addressPrefixes"])]
        lines = []
        for own, far in pairs:
            here, there = f"{{ {', '.join(own)} }}", f"{{ {', '.join(far)} }}"
            lines += [f'oifname "{device}" ip saddr {here} ip daddr {there} return;',
                      f'iifname "{device}" ip saddr {there} ip daddr {here} return;']  # fmt: skip
        lines += [f'oifname "{device}" drop;', f'iifname "{device}" drop;']
        inner = "\n".join(lines)
        return (f"table ip agreed_{device} {{ chain at_forward {{ type filter hook forward priority 0; policy accept;\n"
                f"{inner}\n}}\n}}\n")  # fmt: skip

    # --- ends ------------------------------------------------------------------------------------------------

    def instance(self) -> Host:
        """The instance: one host that owns its subnet."""
        subnet = self.estate.subnets[low(self.estate.instance["properties"]["subnetId"])]
        return self.host(INSTANCE, subnet, list(subnet.prefixes))

    def endpoint(self, address: str) -> Host:
        """A private endpoint; security groups count only where the subnet's policy says so, and no route table acts on its
        replies, whatever the policy ("Azure Firewall scenarios to inspect traffic destined to a private endpoint").
        """
        home = next(subnet for ip, subnet in endpoint_addresses(self.estate) if ip == address)
        subnet = self.estate.subnets[home]
        policy = str(subnet.raw.get("privateEndpointNetworkPolicies", "")).lower()
        return self.host(f"endpoint {address}", subnet, [f"{address}/32"],
                         guarded=policy in {"enabled", "networksecuritygroupenabled"}, user_routes=False)  # fmt: skip

    def client_of(self, gateway: str, addresses: list[str]) -> Room:
        """Point-to-site clients with a fresh profile: their routes are those of "About point-to-site VPN routing"."""
        self.gateway(gateway)
        raw, home = self.estate.gateways[gateway], self.estate.home_of(gateway).vnet
        if not pool_of(raw):
            return self.rooms.room("a client without a gateway")
        room, end = self.behind[gateway, "pool"]
        own(room, addresses)
        if self._machine(room, end, addresses):
            return room
        known = [*self.estate.space(home), *((raw.get("customRoutes") or {}).get("addressPrefixes") or [])]
        for side in self.estate.peerings(home):
            back = [one for one in self.estate.peerings(side.remote) if one.remote == home] if side.flows else []
            if back and back[0].borrows and back[0].lends:
                known += side.space
        for prefix in dict.fromkeys(known):
            room.do(f"route append {prefix} dev {end}")
        return room

    def _machine(self, room: Room, tunnel: str, addresses: list[str]) -> bool:
        """The routes that the client's computer was seen to have, if it was looked at: by the tunnel where the interface
        has the client's address, else somewhere that is not Azure.
        """
        seen = [one["value"] for one in self.estate.observations if one["kind"] == "machine-routes"]
        for row in seen[-1]["routes"] if seen else []:
            if ":" not in row["prefix"]:
                way = f"{row['prefix']} dev {tunnel}" if row["interface"] in addresses else f"blackhole {row['prefix']}"
                room.do(f"route append {way} metric {row['metric']}")
        return bool(seen)

    def dialled(self, gateway: str, addresses: list[str], routes: tuple[str, ...]) -> Room:
        """An app that dials in to a gateway: what its own list of routes names goes through the tunnel."""
        self.gateway(gateway)
        room, end = self.behind[gateway, "pool"]
        own(room, addresses)
        for prefix in dict.fromkeys(routes):
            room.do(f"route append {prefix} dev {end}")
        return room

    def behind_gateway(self, gateway: str, name: str, addresses: list[str]) -> Room:
        """A host of a site or behind a circuit; the site's own routing is taken as sound."""
        self.gateway(gateway)
        if (gateway, name) not in self.behind:
            return self.rooms.room("a site without a tunnel")
        room, end = self.behind[gateway, name]
        room.do(f"route add default dev {end}")
        own(room, addresses)
        return room

    def outsider(self, addresses: list[str]) -> Room:
        """A host on the Internet."""
        room, world = self.rooms.room("outsider"), self.world()
        near, far = self.rooms.wire(room, world)
        room.do(f"route add default dev {near}")
        own(room, addresses)
        for address in addresses:
            world.do(f"route append {address} dev {far}")
        return room

    def publish(self, address: str) -> None:
        """The public endpoint: the Internet's edge translates it to the instance's address."""
        host, world = self.instance(), self.world()
        self._device(host.subnet.vnet, Row("", 0, "internet"))
        world.guard += (
            f"table ip nat {{\nchain to {{ type nat hook prerouting priority -100; policy accept;\n"
            f"ip daddr {PUBLIC} tcp dport 3342 dnat to {address};\n}}\n"
            f"chain from {{ type nat hook postrouting priority 100; policy accept;\n"
            f"ip saddr {{ {', '.join(RESERVED)} }} snat to {EGRESS};\n}}\n}}\n"
        )
        world.do(f"route add local {EGRESS} dev lo table local")


def own(room: Room, addresses: list[str]) -> None:
    """The room's host has these addresses."""
    for address in addresses:
        room.do(f"route add local {address} dev lo table local")


def backends(estate: Estate, address: str) -> list[Nic]:
    """The interfaces in the backend pools of the load balancer that has a front end of this address; [] where there is none."""
    for balancer in estate.of("loadbalancers"):
        inner = balancer["properties"]
        fronts = [one["properties"].get("privateIPAddress") for one in inner.get("frontendIPConfigurations", [])]
        if address in fronts:
            pools = inner.get("backendAddressPools", [])
            parts = [
                part["id"].lower() for pool in pools for part in pool["properties"].get("backendIPConfigurations", [])
            ]
            return [nic for nic in estate.nics if any(part.startswith(f"{nic.id}/") for part in parts)]
    return []
