"""The places of a picture: what the packet passes there and back, and the networks near the path. No geometry."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis, Place
from mi_workbook.core.progress import each
from mi_workbook.core.ranges import prefix
from mi_workbook.core.trace import Decision, Trace
from mi_workbook.network.load_balancer import front_ends, members
from mi_workbook.network.network import VNETS, Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.reach.path import round_trips, stop

APPLIANCES = frozenset({"appliance", "appliances"})
MOST_READ = 2000  # networks that are read to find the ones near a path; beyond, only peered ones are looked at
PLACES = re.compile(
    r"/(virtualnetworkgateways|networkinterfaces|loadbalancers|azurefirewalls|privateendpoints"
    r"|hybridconnectionnamespaces/[^/]+/relays)/[^/]+$"
)
WORDS = {
    "virtualnetworkgateways": "gateway", "networkinterfaces": "appliance", "loadbalancers": "load balancer",
    "azurefirewalls": "firewall", "privateendpoints": "private endpoint", "relays": "hybrid connection",
}  # fmt: skip
SOURCE_WORDS = {
    "nic": "machine", "subnet": "subnet", "app": "web app", "clients": "VPN client", "site": "on-premises site",
    "express": "on-premises", "internet": "Internet",
}  # fmt: skip
FRONTS = {"/azurefirewalls/": "ipConfigurations", "/loadbalancers/": "frontendIPConfigurations"}
OUTSIDE = {
    "VPN client": "Outside of Azure", "on-premises site": "Outside of Azure", "on-premises": "Outside of Azure",
    "Internet": "Outside of Azure", "web app": "Outside of any VNet", "hybrid connection": "Outside of any VNet",
}  # fmt: skip
ENTRY_WORDS = {
    "clients": "point-to-site tunnel",
    "site": "VPN tunnel",
    "express": "ExpressRoute",
    "internet": "Internet",
    "app": "Internet",
}


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A place on the path: kind in words, its VNet id ("" outside of Azure), subnet, name, and the ids it has in a trace.

    count: how many stand there side by side, the backends of a load balancer.
    """

    kind: str
    name: str
    note: str
    vnet: str
    space: str
    subnet: Subnet | None
    ids: frozenset[str]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Near:
    """A network that is not on the path: why it is near it, or "" where it is not."""

    vnet: Vnet
    reason: str


@dataclass(slots=True)
class Course:
    """Stations from source to target; the positions the request and the reply pass, each in its own order."""

    stations: list[Station] = field(default_factory=list)
    there: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)


def trip(diagnosis: Diagnosis) -> tuple[Trace, ...]:
    """The connection that made the verdict: its way there and back; the first one where all arrive."""
    decided = stop(diagnosis.traces)
    trips = round_trips(diagnosis.traces)
    return next((one for one in trips if any(decided in t.decisions for t in one)), trips[0] if trips else ())


def course(network: Network, diagnosis: Diagnosis) -> Course:
    """Every place on the way there and back. Raises MissingEvidence where an end is not in the evidence."""
    ways = {trace.direction: trace for trace in trip(diagnosis)}
    ends = _ends(network, diagnosis)
    there = list(_between(network, diagnosis, ways.get("forward"), ends))
    # Where the request stops there is no reply: a place that only the reply would pass is no part of this picture.
    back = [] if _ends_on_the_way(diagnosis) else list(_between(network, diagnosis, ways.get("return"), ends))[::-1]
    entry = _entry(network, diagnosis.source, [*there, *back])
    if entry is not None:
        there.insert(0, entry)
    found = Course([ends[0], *_merged(there, back), ends[1]])
    held = [{s.ids for s in way} for way in (there, back)]
    shared = _both_ways(found.stations, entry)
    last_one = len(found.stations) - 1
    for position, station in enumerate(found.stations):
        if position in {0, last_one} or station.ids in held[0] or station.ids in shared:
            found.there.append(position)
        if position in {0, last_one} or station.ids in held[1] or station.ids in shared:
            found.back.insert(0, position)
    return found


def _ends_on_the_way(diagnosis: Diagnosis) -> bool:
    """True where the request itself stops, or is not known to go on."""
    decided = stop(diagnosis.traces)
    return any(decided in trace.decisions for trace in diagnosis.traces if trace.direction == "forward")


def _both_ways(stations: list[Station], entry: Station | None) -> set[frozenset[str]]:
    """Places that a reply cannot avoid, although a trace may not name them twice."""
    found = {station.ids for station in stations if station.kind in {"private endpoint", "hybrid connection"}}
    return found | ({entry.ids} if entry is not None else set())


def _ends(network: Network, diagnosis: Diagnosis) -> tuple[Station, Station]:
    source, target = diagnosis.source, diagnosis.target
    inside = source.kind in {"nic", "subnet"} or (source.kind == "app" and source.subnet and not _by_gateway(source))
    subnet = network.subnet(source.subnet) if inside else None
    first = _station(network, SOURCE_WORDS.get(source.kind, "source"), subnet, source.name, source.address, source.id)
    if source.kind in {"clients", "express"}:
        first = Station(first.kind, first.name, first.note, "", "", None, frozenset({"the source"}))
    home = network.subnet(target.subnet)
    return first, _station(network, "managed instance", home, target.name, target.address, target.id)


def _by_gateway(source: Place) -> bool:
    """True for a web app whose packets enter by a tunnel to a gateway; its own place is outside."""
    return source.kind == "app" and last(source.subnet).lower() == "gatewaysubnet"


def _between(
    network: Network, diagnosis: Diagnosis, trace: Trace | None, ends: tuple[Station, Station]
) -> Iterator[Station]:
    """Gateways, appliances and private endpoints that a trace names, each once."""
    known = ends[0].ids | ends[1].ids
    seen: set[str] = set()
    for hop in trace.hops if trace is not None else ():
        at = key(hop.at)
        if at in known or at in seen:
            continue
        seen.add(at)
        named = PLACES.search(at)
        if named is not None:
            word = WORDS[named[1].rpartition("/")[2]]
            front = _front_of(network, hop.at)
            yield _station(network, word, _home_of(network, hop.at), last(hop.at), front, hop.at)
            if word == "load balancer":
                yield from _backends(network, hop.at, known)
        elif _is_address(at):
            yield _at_address(network, diagnosis, at)


def _front_of(network: Network, resource_id: str) -> str:
    """The front end of a load balancer in words, "" for anything else."""
    raw = network.snapshot.get(resource_id)
    if raw is None or "/loadbalancers/" not in key(resource_id):
        return ""
    addresses = front_ends(Reading(resource_id, "", raw))
    return f"front end {addresses[0]}" if len(addresses) == 1 else f"{len(addresses)} front ends"


def _backends(network: Network, balancer_id: str, known: frozenset[str]) -> Iterator[Station]:
    """What stands in a load balancer's backend pools, as one place; nothing where the packet's own end does."""
    raw = network.snapshot.get(balancer_id)
    ids = list(dict.fromkeys(members(Reading(balancer_id, "", raw)))) if raw is not None else []
    if not ids or any(key(one) in known for one in ids):
        return
    seen = [one for one in ids if one and network.snapshot.get(one) is not None]
    named = [last(one) for one in ids if one] or ["by address"]
    name = ", ".join(named[:2]) + (f" and {len(ids) - 2} more" if len(ids) > 2 else "")
    note = f"{len(ids)} in its backend pool" if seen else "not in the evidence"
    home = _home_of(network, seen[0]) if seen else _home_of(network, balancer_id)
    kind = "appliance" if len(ids) == 1 else "appliances"
    made = _station(network, kind, home, name, note, seen[0] if seen else f"{balancer_id} backends")
    yield replace(made, ids=frozenset(key(one) for one in ids if one) or made.ids, count=len(ids))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _at_address(network: Network, diagnosis: Diagnosis, address: str) -> Station:
    """An appliance known by its address only: in the VNet, and the subnet, of the path that holds the address."""
    sought = prefix(address)
    homes = dict.fromkeys([diagnosis.target.subnet.rsplit("/subnets/", 1)[0], diagnosis.source.vnet])
    vnet = next((v for v in (network.vnet(home) for home in homes if home) if v.addresses.covers(sought)), None)
    if vnet is None:
        return Station("appliance", address, "not in the evidence", "", "", None, frozenset({address}))
    subnet = next((one for one in vnet.subnets if one.addresses.covers(sought)), None)
    note = "" if subnet is not None else "in no known subnet"
    return Station("appliance", address, note, vnet.id, ", ".join(vnet.prefixes), subnet, frozenset({address}))


def _entry(network: Network, source: Place, named: list[Station]) -> Station | None:
    """The gateway that packets of a site, or of an app with a tunnel, enter by, where no trace names it."""
    if not (source.kind == "site" or _by_gateway(source)) or not source.vnet:
        return None
    at_hand = next((one for one in named if one.kind == "gateway" and key(one.vnet) == key(source.vnet)), None)
    if at_hand is not None:
        return at_hand
    gateway = next((one for one in network.gateways_of(source.vnet) if one.kind == "vpn"), None)
    if gateway is None:
        return None
    return _station(network, "gateway", network.subnet(gateway.subnet_id), gateway.name, "", gateway.id)


def _home_of(network: Network, resource_id: str) -> Subnet | None:
    """The subnet a gateway, firewall, appliance or private endpoint stands in, None where that is not in the evidence."""
    at = key(resource_id)
    raw = network.snapshot.get(resource_id)
    if raw is None:
        return None
    member = next((member for kind, member in FRONTS.items() if kind in at), "")
    if member:
        fronts = [one.reference("subnet") for one in Reading("", "", raw).children(member)]
        return next((network.subnet(one) for one in fronts if one), None)
    if "/virtualnetworkgateways/" in at:
        return network.subnet(network.gateway(resource_id).subnet_id)
    if "/privateendpoints/" in at:
        return network.subnet(network.private_endpoint(resource_id).subnet_id)
    main = network.nic(resource_id).primary if "/networkinterfaces/" in at else None
    return network.subnet(main.subnet_id) if main is not None else None


def _station(network: Network, kind: str, subnet: Subnet | None, name: str, note: str, at: str) -> Station:
    if subnet is None:
        return Station(kind, name, note, "", "", None, frozenset({key(at)}))
    vnet = network.vnet(subnet.vnet_id)
    return Station(kind, name, note, vnet.id, ", ".join(vnet.prefixes), subnet, frozenset({key(at), key(subnet.id)}))


def _merged(there: list[Station], back: list[Station]) -> list[Station]:
    """Places of both ways in one order: those of the reply alone stand after what they follow on its way."""
    found = list({station.ids: station for station in there}.values())
    after = 0
    for station in back:
        known = [one.ids for one in found]
        if station.ids in known:
            after = known.index(station.ids) + 1
        else:
            found.insert(after, station)
            after += 1
    return found


def link_words(network: Network, source: Place, before: Station, after: Station) -> tuple[str, ...]:
    """What joins two neighbours of different VNets, in lines; () where nothing is known."""
    kinds = {before.kind, after.kind}
    if source.kind == "app" and "hybrid connection" in kinds:
        return ("Hybrid Connection", "Manager")
    if source.kind == "app" and "gateway" in kinds and not before.vnet:
        return ("point-to-site tunnel",)
    if not before.vnet and after.vnet:
        return (ENTRY_WORDS[source.kind],) if source.kind in ENTRY_WORDS else ()
    if not before.vnet or not after.vnet:
        return ()
    if kinds == {"gateway"}:
        return ("VPN tunnel",)
    if "private endpoint" in kinds:
        return ("private link",)
    sides = []
    for here, there in ((before.vnet, after.vnet), (after.vnet, before.vnet)):
        found = network.vnet(here).peering_with(there)
        sides.append(f"{last(here)}: {found.state if found else 'no peering'}")
    return ("peering", *sides)


def outside_of(station: Station) -> str:
    """Name of what holds a station that is in no VNet known."""
    return OUTSIDE.get(station.kind, "Place not known")


def where_it_stops(found: Course, diagnosis: Diagnosis) -> tuple[Decision, str, int] | None:
    """The decision that made the verdict, its direction and the position of the station it was made at."""
    decided = stop(diagnosis.traces)
    trace = next((t for t in diagnosis.traces if decided in t.decisions), None)
    if decided is None or trace is None:
        return None
    hop = next(hop for hop in trace.hops if decided in hop.decisions)
    lane = found.there if trace.direction == "forward" else found.back
    fits = [at for at in lane if key(hop.at) in found.stations[at].ids]
    behind = [at for at in lane if key(decided.by) in found.stations[at].ids and found.stations[at].kind in APPLIANCES]
    if behind:  # decided by one behind the load balancer that the hop names
        return decided, trace.direction, behind[0]
    at = fits[-1 if decided.toward == "Inbound" else 0] if fits else lane[0]
    if decided.kind == "appliance" and found.stations[at].kind == "load balancer":
        at = next((one for one in lane if found.stations[one].kind in APPLIANCES and one == at + 1), at)
    return decided, trace.direction, at


def nearby(network: Network, on_path: list[str]) -> list[Near]:
    """Every other network, those near the path first, then by name; the same evidence gives the same order."""
    path = [network.vnet(one) for one in dict.fromkeys(key(one) for one in on_path if one)]
    known = {key(one.id) for one in path}
    listed = [str(raw.get("id", "")) for raw in network.snapshot.of_type(VNETS)]
    if len(listed) > MOST_READ:
        listed = [peering.remote_id for one in path for peering in one.peerings]
    found = []
    for one in each(list(dict.fromkeys(key(at) for at in listed if at)), "Looking for networks near the path"):
        if one in known:
            continue
        try:
            found.append(_near(network.vnet(one), path))
        except MissingEvidence:
            continue  # peered, but not collected: the path's own peering table shows it
    ranked = sorted(found, key=lambda item: (item[0], _natural(item[1].vnet.name), key(item[1].vnet.id)))
    return [near for _, near in ranked]


def _near(vnet: Vnet, path: list[Vnet]) -> tuple[int, Near]:
    """Rank (0 is nearest) and the reason in words."""
    overlap = [one.name for one in path if one.addresses.meets(vnet.addresses)]
    if overlap:
        return 0, Near(vnet, f"same addresses as {', '.join(overlap)}")
    links = [(one.name, vnet.peering_with(one.id) or one.peering_with(vnet.id)) for one in path]
    peered = [(name, peering) for name, peering in links if peering is not None]
    broken = [f"{name}: {peering.state}" for name, peering in peered if peering.state.lower() != "connected"]
    if broken:
        return 2, Near(vnet, f"peering with {', '.join(broken)}")
    names = ", ".join(name for name, _ in peered)
    return (1 if len(peered) > 1 else 3 if peered else 4), Near(vnet, f"peered with {names}" if peered else "")


def _natural(name: str) -> list[tuple[int, str]]:
    """Order in which spoke-2 stands before spoke-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name.lower())]
