"""A question put to the lab: which room asks, which address the name leads to, which ports, and what came of it."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lab.apps import App, app_of
from lab.estate import Estate, Json, Unbuildable, low
from lab.guard import port_range
from lab.kernel import Room, Rooms
from lab.plan import PUBLIC, Plan
from lab.spaces import endpoint_addresses, outside_prefixes, pool_of
from lab.talk import talk

MOST_ATOMS = 8
OUTSIDER = "20.20.20.20"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """pairs: for each (source, destination) the ports that came through. ports: those that were asked for."""

    pairs: dict[Pair, frozenset[int]]
    ports: frozenset[int]
    address: str

    @property
    def verdict(self) -> str:
        """all: every pair had all ports; none: no pair had; some: it depends on the addresses."""
        whole = [got == self.ports for got in self.pairs.values()]
        return "all" if whole and all(whole) else "some" if any(whole) else "none"

    def shut(self) -> list[int]:
        """Ports that failed for some pair."""
        return sorted({port for got in self.pairs.values() for port in self.ports - got})


@dataclass(frozen=True)
class Sender:
    """Where packets start: the addresses, and the VNet whose DNS is asked ("" outside)."""

    kind: str
    at: str
    addresses: tuple[str, ...]
    vnet: str = ""
    through: str = ""
    app: App | None = None


def ask(resources: list[Json], observations: list[Json], source: str, target: str, endpoint: str = "auto") -> Outcome:
    """Build the network, open the connections, tear it down. Raises Unbuildable with the reason."""
    estate = Estate(resources, observations)
    cuts = _cuts(resources)
    sender = _sender(estate, source, cuts)
    kind, port = _answer(estate, sender, target, endpoint)
    sender = _leaving(estate, sender, kind, cuts)
    with Rooms() as rooms:
        plan = Plan(estate, rooms)
        # Source first: an instance in the same subnet would otherwise be taken for it.
        client = _room(plan, sender)
        server, addresses = _listener(plan, kind, cuts)
        wanted = _ports(estate, kind, port)
        _cover_public(plan, kind, sender, addresses)
        rooms.realise()
        state = str(estate.instance["properties"].get("state", "Ready")).lower()
        listens = server if state in {"ready", "updating", "scaling", ""} else None
        shown = [PUBLIC] if kind == "public" else addresses
        tries = [(s, d, p) for s in sender.addresses for d in shown for p in sorted(wanted)]
        came = talk(rooms, client, listens, wanted & _open(estate, kind), tries)
    pairs = {(s, d): frozenset(p for p in wanted if (s, d, p) in came) for s in sender.addresses for d in shown}
    return Outcome(pairs, frozenset(wanted), kind)


def _open(estate: Estate, kind: str) -> set[int]:
    """Ports on which something listens ("Connection types", "Public endpoint")."""
    return {1433, *range(11000, 12000)} if kind == "vnet-local" else {3342} if kind == "public" else {1433}


def _ports(estate: Estate, kind: str, typed: int) -> set[int]:
    """The ports a client needs: all edges of ranges that rules tell apart, and one inside."""
    redirect = str(estate.instance["properties"].get("proxyOverride", "")).lower() == "redirect"
    if kind != "vnet-local" or not redirect:
        return {typed}
    edges = {11000, 11007, 11999}
    for group in estate.of("networksecuritygroups"):
        for rule in group["properties"]["securityRules"]:
            inner = rule["properties"]
            texts = [*([inner["destinationPortRange"]] if inner.get("destinationPortRange") else []),
                     *inner.get("destinationPortRanges", [])]  # fmt: skip
            for first, last in map(port_range, texts):
                edges |= {port for port in (first - 1, first, last, last + 1) if 11000 <= port <= 11999}
    return {typed} | edges


# --- who asks ------------------------------------------------------------------------------------------------------


def _sender(estate: Estate, source: str, cuts: list[int]) -> Sender:
    word, colon, rest = source.partition(":")
    if colon and word in {"p2s", "onprem", "er"}:
        return _outside(estate, word, rest, cuts)
    if source.startswith("internet"):
        return Sender("internet", "", (source.partition("=")[2] or OUTSIDER,))
    wanted = source.lower()
    for nic in estate.nics:
        if wanted in {nic.name, nic.id, nic.vm, nic.vm.rsplit("/", 1)[-1]}:
            return Sender("nic", nic.id, (nic.address,), estate.subnets[nic.subnet].vnet)
    app = app_of(estate, wanted)
    if app is not None:
        return Sender("app", "", (), app.vnet, app=app)
    vnet, _, name = wanted.rpartition("/")
    found = [s for s in estate.subnets.values() if s.id == wanted or (s.name == name and s.vnet.endswith(f"/{vnet}"))]
    if len(found) != 1:
        raise Unbuildable(f"source {source}")
    return Sender("subnet", found[0].id, tuple(atoms(found[0].prefixes, cuts)), found[0].vnet)


def _leaving(estate: Estate, sender: Sender, kind: str, cuts: list[int]) -> Sender:
    """Where an app's packets to that answer start; other senders have one place."""
    app = sender.app
    if app is None:
        return sender
    home = estate.subnets[low(estate.instance["properties"]["subnetId"])]
    goes_to = {"public": PUBLIC, "nowhere": "192.0.2.99", "vnet-local": home.prefixes[0].partition("/")[0]}.get(
        kind, kind
    )
    if not app.enters(goes_to):
        return Sender("internet", "", app.outside)
    if app.gateway:
        pool = tuple(atoms(pool_of(estate.gateways[app.gateway]), cuts))
        return Sender("dialled", app.gateway, pool, app.vnet, app.gateway, app)
    return Sender("subnet", app.subnet, tuple(atoms(estate.subnets[app.subnet].prefixes, cuts)), app.vnet)


def _outside(estate: Estate, word: str, rest: str, cuts: list[int]) -> Sender:
    name, _, address = rest.partition("=")
    kind = "localnetworkgateways" if word == "onprem" else "virtualnetworkgateways"
    at = next((low(one) for one in estate.of(kind) if one["name"].lower() == name.lower()), "")
    if not at:
        raise Unbuildable(f"source {rest}")
    if word == "onprem":
        joined = [one["properties"] for one in estate.of("connections")
                  if low(one["properties"].get("localNetworkGateway2")) == at]  # fmt: skip
        if len(joined) != 1:
            raise Unbuildable("a site with no connection, or with several")
        space = estate.by_id[at]["properties"]["localNetworkAddressSpace"]["addressPrefixes"]
        through = low(joined[0]["virtualNetworkGateway1"])
    else:
        through, space = at, pool_of(estate.gateways[at]) or ["192.0.2.1/32"]
    chosen = (address,) if address else tuple(atoms(space, cuts))
    return Sender(word, at, chosen, "", through)


def _room(plan: Plan, sender: Sender) -> Room:
    addresses = list(sender.addresses)
    if sender.kind == "nic":
        return plan.nic(sender.at).room
    if sender.kind == "subnet":
        subnet = plan.estate.subnets[sender.at]
        if low(plan.estate.instance["properties"]["subnetId"]) == subnet.id:
            raise Unbuildable("the instance's own subnet is for instances only; no host can stand there")
        return plan.host("source", subnet, list(subnet.prefixes)).room
    if sender.kind == "p2s":
        return plan.client_of(sender.at, addresses)
    if sender.kind == "dialled" and sender.app is not None:
        return plan.dialled(sender.at, addresses, sender.app.routes)
    if sender.kind == "internet":
        return plan.outsider(addresses)
    behind = sender.at if sender.kind == "onprem" else "bgp"
    known = outside_prefixes(plan.estate, sender.through)
    if sender.kind == "er" and not known.get(behind):
        raise Unbuildable("what the circuit announces was not read")
    return plan.behind_gateway(sender.through, behind, addresses)


# --- what the name leads to ------------------------------------------------------------------------------------------


def _answer(estate: Estate, sender: Sender, target: str, endpoint: str) -> tuple[str, int]:
    """(vnet-local | public | nowhere | an endpoint's address, port). Section "DNS" of the documentation of each endpoint."""
    host, _, typed = target.lower().partition(",")
    fqdn = estate.instance["properties"]["fullyQualifiedDomainName"].lower()
    name, _, zone = fqdn.partition(".")
    default = int(typed) if typed else 1433
    if endpoint == "vnet-local":
        return "vnet-local", default
    if re.fullmatch(r"[\d.]+", host):
        raise Unbuildable("an address in the connection string: what stops it is the login, not the network")
    if host.startswith(f"{name}.privatelink."):
        raise Unbuildable("a private link name: what stops it is the certificate, not the network")
    if not host.endswith(zone.partition(".")[2]):
        raise Unbuildable("a name of the company's own: what it leads to is not in Azure")
    if host == f"{name}.public.{zone}":
        return "public", default
    return (_private_answer(estate, sender, name, zone), default) if host == fqdn else ("nowhere", default)


def _private_answer(estate: Estate, sender: Sender, name: str, zone: str) -> str:
    """Inside a VNet with Azure's DNS: a linked private zone first, else public DNS, which knows the VNet-local address."""
    linked = [low(one).rsplit("/virtualnetworklinks/", 1)[0] for one in estate.of("virtualnetworklinks")
              if low(one["properties"]["virtualNetwork"]) == sender.vnet]  # fmt: skip
    if sender.vnet and estate.vnets[sender.vnet].get("dhcpOptions", {}).get("dnsServers"):
        raise Unbuildable("DNS servers of the customer's own")
    aliased = bool(estate.instance["properties"].get("privateEndpointConnections"))
    for at in linked:
        held = at.rsplit("/", 1)[-1]
        if aliased and held == f"privatelink.{zone}":
            records = [one for one in estate.of("a") if low(one).startswith(f"{at}/a/") and one["name"].lower() == name]
            return records[0]["properties"]["aRecords"][0]["ipv4Address"] if records else "nowhere"
        if f".{zone}".endswith(f".{held}"):
            raise Unbuildable(f"a zone {held} that shadows public names")
    return "vnet-local"


def _listener(plan: Plan, kind: str, cuts: list[int]) -> tuple[Room | None, list[str]]:
    """The room that answers (None: nobody), and the addresses to try there."""
    estate = plan.estate
    if kind == "nowhere":
        return None, ["192.0.2.99"]
    if kind in {"vnet-local", "public"}:
        host = plan.instance()
        found = atoms(host.subnet.prefixes, cuts)
        off = kind == "public" and not estate.instance["properties"].get("publicDataEndpointEnabled")
        return (None if off else host.room), found[:1] if kind == "public" else found
    if kind not in {address for address, _ in endpoint_addresses(estate)}:
        return None, [kind]
    mine = next(one for one, (at, _) in zip(estate.endpoints, endpoint_addresses(estate), strict=True) if at == kind)
    states = [link["properties"]["privateLinkServiceConnectionState"]["status"].lower()
              for member in ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
              for link in mine.get(member) or []]  # fmt: skip
    host = plan.endpoint(kind)
    return (host.room if states == ["approved"] else None), [kind]


def _cover_public(plan: Plan, kind: str, sender: Sender, addresses: list[str]) -> None:
    if kind == "public":
        plan.publish(addresses[0])


# --- addresses that nothing tells apart --------------------------------------------------------------------------


def _cuts(resources: list[Json]) -> list[int]:
    """Every border of a prefix that occurs anywhere in the evidence."""
    found: set[int] = set()
    for text in re.findall(r'"(\d+\.\d+\.\d+\.\d+(?:/\d+)?)"', json.dumps(resources)):
        net = ipaddress.ip_network(text, strict=False)
        found |= {int(net.network_address), int(net.broadcast_address) + 1}
    return sorted(found)


def atoms(prefixes: Iterable[str], cuts: list[int]) -> list[str]:
    """One address of every part that no prefix of the evidence tells apart; Azure's own five addresses are left out."""
    found = []
    for prefix in prefixes:
        net = ipaddress.ip_network(prefix, strict=False)
        first, last = int(net.network_address), int(net.broadcast_address)
        if net.num_addresses >= 8:
            first, last = first + 4, last - 1
        edges = [first, *(cut for cut in cuts if first < cut <= last), last + 1]
        found += [str(ipaddress.ip_address(a)) for a, b in itertools.pairwise(edges) if a < b]
    if len(found) > MOST_ATOMS:
        keep = {round(i * (len(found) - 1) / (MOST_ATOMS - 1)) for i in range(MOST_ATOMS)}
        found = [one for i, one in enumerate(found) if i in keep]
    return found
