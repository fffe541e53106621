"""Network virtual appliances as next hops: a VM that forwards, an internal load balancer before several, Azure Firewall.

Source: "Virtual network traffic routing", section "User-defined" (next hop reachability, IP forwarding); "High availability
ports overview" (load balancers before appliances).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision, Flow, Hop
from mi_workbook.core.verdict import Verdict
from mi_workbook.network import keys
from mi_workbook.network.load_balancer import members
from mi_workbook.network.network import FIREWALLS, LOAD_BALANCERS, NETWORK_MANAGERS, Network
from mi_workbook.network.nic import Nic
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, shell_word, vnet_of
from mi_workbook.network.vnet import Subnet, Vnet
from mi_workbook.reach.firewalls import on_the_way_back, through_firewall
from mi_workbook.reach.peering import not_connected, unlisted
from mi_workbook.reach.routes import Route
from mi_workbook.reach.security import gate

MOST_NEXT_HOPS = 64  # of one route; Azure takes fewer
CUT = frozenset({"initiated", "disconnected"})  # states of a peering that carries nothing


def before_appliance(network: Network, start: Subnet, route: Route) -> Decision | None:
    """The next hop must be in the own VNet or in one that is directly peered; None where it is.

    Unknown where the peerings were not listed, or one of them without its prefixes: the next hop may be there.
    """
    hop = _addresses(route)
    vnet = network.vnet(start.vnet_id)
    managers = network.snapshot.of_type(NETWORK_MANAGERS) or network.snapshot.absence(NETWORK_MANAGERS) == "unproven"
    if not hop or _near(vnet).covers(hop) or managers:
        return None
    not_listed = unlisted(network, vnet) or _without_prefixes(vnet) or _in_odd_state(vnet, hop)
    if not_listed is not None:
        return not_listed
    why = f"Next hop {route.next_hop_ip} is neither in {vnet.name} nor in a VNet that is directly peered and Connected."
    if route.source != "User":  # whether a Route Server hands on such a route is not documented
        gap = Gap(f"Whether {route.next_hop_ip} takes packets from {vnet.name}", why,
                  f"az network nic show-effective-route-table of a running VM in {vnet.name}; a test from it.")  # fmt: skip
        return Decision("route", start.id, Verdict.UNKNOWN, why, route.evidence, gap=gap)
    return Decision("route", start.id, Verdict.BLOCKED, why, route.evidence, Cause.NVA_UNREACHABLE, rule=route.name)


def _in_odd_state(vnet: Vnet, hop: Ranges) -> Decision | None:
    """Unknown where the next hop is behind a peering whose state is none that Azure documents."""
    odd = (p for p in vnet.peerings if p.state.lower() not in {*CUT, "connected"} and p.remote.covers(hop))
    return next((not_connected(one) for one in odd), None)


def _without_prefixes(vnet: Vnet) -> Decision | None:
    """Unknown where a peering that may be Connected does not say which prefixes it joins."""
    found = next(
        (p for p in vnet.peerings if p.state.lower() not in CUT and not (p.remote_prefixes or p.only_ipv6)), None
    )
    if found is None:
        return None
    why = f"Which prefixes peering {found.name} of {vnet.name} joins is not in the evidence, and the next hop may be among them."
    gap = Gap(
        f"remoteAddressSpace of peering {found.name}", why, f"az resource show --ids {shell_word(found.id)} -o json"
    )
    return Decision("peering", found.id, Verdict.UNKNOWN, why, (found.reading.evidence("remoteAddressSpace"),), gap=gap)


def at_appliance(
    network: Network, route: Route, flow: Flow, direction: str, start: Subnet
) -> tuple[Hop, Subnet | None]:
    """The appliance's hop, and the subnet it sends on from (None where that cannot be told).

    The policy of a virtual machine is never in Azure's configuration, so the hop ends in unknown unless Azure already drops
    the packet. An Azure Firewall's rules are, where they were collected.
    """
    hop = _addresses(route)
    held = [[nic for nic in network.holders(one) if _is_near(network, start, nic)] for one in _each(hop)]
    nics = [nic for found in held for nic in found]
    where, whole = nics[0].id if nics else route.next_hop_ip, all(held)
    if not nics:
        balancer = _with_front(network, LOAD_BALANCERS, hop, start)
        if balancer is not None:
            where, nics = balancer.id, list(_behind(network, balancer))
            whole = len(nics) == sum(1 for _ in members(balancer))
        firewall = _with_front(network, FIREWALLS, hop, start)
        if firewall is not None:
            return _at_firewall(network, firewall, route, flow, direction)
    if nics and whole and all(nic.forwards is False for nic in nics):
        return Hop(where, (_not_forwarding(nics[0]),)), None
    inbound, outbound = (
        _gates(network, nics, flow, d) if direction == "forward" else () for d in ("Inbound", "Outbound")
    )
    onward = _onward_subnet(network, nics, hop)
    return Hop(where, (*inbound, _policy_unknown(route, where, direction), *outbound)), onward


def _at_firewall(
    network: Network, firewall: Reading, route: Route, flow: Flow, direction: str
) -> tuple[Hop, Subnet | None]:
    """An Azure Firewall: its rules on the way there, its memory on the way back; it sends on from its own subnet."""
    subnet = next((c.reference("subnet") for c in firewall.children("ipConfigurations") if c.reference("subnet")), "")
    try:
        onward = network.subnet(subnet) if subnet else None
        if direction != "forward":
            decision = on_the_way_back(firewall, route.evidence)
        else:
            decision = through_firewall(network, firewall, flow)
    except MissingEvidence as missing:
        unknown = Decision("appliance", firewall.id, Verdict.UNKNOWN, missing.gap.missing, route.evidence,
                           gap=missing.gap, rule=route.name)  # fmt: skip
        return Hop(firewall.id, (unknown,)), None
    return Hop(firewall.id, (replace(decision, rule=route.name),)), onward


def _addresses(route: Route) -> Ranges:
    return ipv4(tuple(text.strip() for text in route.next_hop_ip.split(",")))


def _each(hop: Ranges) -> Iterator[int]:
    """The single addresses of next hops; neighbours are one span."""
    yield from (number for first, final in hop if final - first < MOST_NEXT_HOPS for number in range(first, final + 1))


def _is_near(network: Network, start: Subnet, nic: Nic) -> bool:
    """True for a NIC in the own VNet or a peered one; elsewhere the same address is somebody else's."""
    return bool(_homes(network, start) & {key(vnet_of(c.subnet_id)) for c in nic.configurations})


def _homes(network: Network, start: Subnet) -> set[str]:
    """The own VNet and the peered ones."""
    vnet = network.vnet(start.vnet_id)
    return {key(vnet.id), *(key(peering.remote_id) for peering in vnet.peerings)}


def _near(vnet: Vnet) -> Ranges:
    found = vnet.addresses
    for peering in vnet.peerings:
        if peering.state.lower() == "connected":
            found = found | peering.remote
    return found


def _not_forwarding(nic: Nic) -> Decision:
    why = f"The appliance's NIC {nic.name} has IP forwarding off, so it drops packets that are not its own."
    return Decision("appliance", nic.id, Verdict.BLOCKED, why, (nic.reading.evidence("enableIPForwarding"),),
                    Cause.NVA_NOT_FORWARDING)  # fmt: skip


def _gates(network: Network, nics: list[Nic], flow: Flow, direction: str) -> tuple[Decision, ...]:
    """Security rules at a single appliance, with the packet's own addresses. Outbound they may have been translated."""
    if len(nics) != 1 or nics[0].primary is None:
        return ()
    nic, main = nics[0], nics[0].primary
    try:
        subnet = network.subnet(main.subnet_id)
    except MissingEvidence:
        return ()
    by_subnet = gate(network, subnet.nsg_id, direction, subnet, flow, f"subnet {subnet.name}")
    if not nic.nsg_id:
        return (by_subnet,)
    by_nic = gate(network, nic.nsg_id, direction, subnet, flow, f"NIC {nic.name}")
    return (by_subnet, by_nic) if direction == "Inbound" else (by_nic, by_subnet)


def _onward_subnet(network: Network, nics: list[Nic], hop: Ranges) -> Subnet | None:
    """The subnet an appliance sends from: known where it has one NIC only."""
    if not nics or len({key(nic.vm_id) for nic in nics}) != len(nics):
        return None
    homes = {key(c.subnet_id) for nic in nics for c in nic.configurations}
    others = [n for nic in nics for n in _nics_of(network, nic)]
    if len(homes) != 1 or len(others) > len(nics):
        return None
    try:
        return network.subnet(next(c.subnet_id for nic in nics for c in nic.configurations))
    except MissingEvidence:
        return None


def _nics_of(network: Network, nic: Nic) -> list[str]:
    raw = network.snapshot.get(nic.vm_id) if nic.vm_id else None
    if raw is None:
        return [nic.id]
    profile = Reading(nic.vm_id, "", raw).get("networkProfile")
    listed = Reading("", "", profile).references("networkInterfaces") if isinstance(profile, dict) else ()
    return list(listed) or [nic.id]


def _with_front(network: Network, kind: str, hop: Ranges, start: Subnet) -> Reading | None:
    """What has the address as a front end in the own VNet or a peered one; elsewhere the same address is somebody else's."""
    near = _homes(network, start)
    for first, _ in hop:
        for raw in network.snapshot.having(kind, "front", keys.front_addresses, str(first)):
            found = Reading(str(raw.get("id", "")), "", raw)
            if near & {key(vnet_of(front.reference("subnet"))) for front in keys.fronts(found)}:
                return found
    return None


def _behind(network: Network, balancer: Reading) -> Iterator[Nic]:
    """NICs in the backend pools of a load balancer, where the evidence holds them."""
    for nic_id in members(balancer):
        if nic_id and network.snapshot.get(nic_id) is not None:
            yield network.nic(nic_id)


def _policy_unknown(route: Route, at: str, direction: str) -> Decision:
    by = f"User route {route.name}" if route.source == "User" else "A route that it announced to the Route Server"
    gap = Gap(
        f"What the appliance {route.next_hop_ip} does with this traffic",
        f"{by} sends the {direction} packets through it; its rules, address translation and own routes are not in Azure's "
        "configuration.",
        f"Look at the log of {route.next_hop_ip} for the client's address and port, or run Test-NetConnection from the "
        "client while it captures; both directions must pass it.",
    )
    evidence: tuple[Evidence, ...] = route.evidence
    return Decision("appliance", at, Verdict.UNKNOWN, gap.why, evidence, gap=gap, rule=route.name)
