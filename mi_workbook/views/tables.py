"""The tables a person looks at: effective routes, peering of both sides, security rules, findings, the path."""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.ranges import show_ports
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import key, last
from mi_workbook.network.vnet import Peering, Subnet, Vnet
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.views.table import Cell, Table
from mi_workbook.views.text import netmask, sorted_routes

SETTINGS: tuple[tuple[str, Callable[[Peering], object]], ...] = (
    ("Peering name", lambda p: p.name),
    ("peeringState", lambda p: p.state),
    ("peeringSyncLevel", lambda p: p.sync_level or "(not in the evidence)"),
    ("allowVirtualNetworkAccess", lambda p: p.allow_vnet_access),
    ("allowForwardedTraffic", lambda p: p.allow_forwarded),
    ("allowGatewayTransit", lambda p: p.allow_gateway_transit),
    ("useRemoteGateways", lambda p: p.use_remote_gateways),
    ("peerCompleteVnets", lambda p: p.complete_vnets),
    ("remoteAddressSpace (peered)", lambda p: ", ".join(p.remote_prefixes)),
    ("remoteVirtualNetworkAddressSpace (today)", lambda p: ", ".join(p.remote_current_prefixes)),
)


def views(snapshot: Snapshot, diagnosis: Diagnosis) -> dict[str, Table]:
    """Every table of a diagnosis by view id; one whose evidence is missing says so in a row."""
    network = Network(snapshot)
    makers: dict[str, Callable[[], Table]] = {
        "path": lambda: path_table(diagnosis),
        "findings": lambda: findings_table(diagnosis),
        "gaps": lambda: gaps_table(diagnosis),
        "source-routes": lambda: routes_table(network, network.subnet(diagnosis.source.subnet)),
        "instance-routes": lambda: routes_table(network, network.subnet(diagnosis.target.subnet)),
        "client-nsg": lambda: nsg_table(network, network.subnet(diagnosis.source.subnet), "Outbound", diagnosis),
        "instance-nsg": lambda: nsg_table(network, network.subnet(diagnosis.target.subnet), "Inbound", diagnosis),
        "peerings": lambda: peering_table(network, diagnosis),
    }
    return {name: _made(name, make) for name, make in makers.items()}


def _made(name: str, make: Callable[[], Table]) -> Table:
    try:
        return make()
    except MissingEvidence as missing:
        return Table.of(name, ("Missing", "How to get it"), [(missing.gap.missing, missing.gap.how)])


def routes_table(network: Network, subnet: Subnet) -> Table:
    """Effective routes of a subnet in the look of `route print`."""
    rows: list[tuple[object, ...]] = []
    for route in sorted_routes(effective_routes(network, subnet)):
        start, mask = netmask(route.prefix)
        kind = (
            Cell(route.next_hop_type, "bad", "drops")
            if route.source == "User" and route.next_hop_type == "None"
            else route.next_hop_type
        )
        rows.append((start, mask, kind, route.next_hop_ip, route.source, route.state, route.name, route.why))
    columns = ("Network Destination", "Netmask", "Next hop type", "Next hop address", "Source", "State", "Name", "Why")
    return Table.of(f"Effective routes of subnet {subnet.name}", columns, rows)


def peering_table(network: Network, diagnosis: Diagnosis) -> Table:
    """Both sides of the peering between the two VNets, Azure's names, the offending cells marked."""
    one = network.vnet(diagnosis.source.vnet)
    other = network.vnet(diagnosis.target.subnet.rsplit("/subnets/", 1)[0])
    if key(one.id) == key(other.id):
        return Table.of("Peering", ("Setting", one.name), [("(none needed)", "source and instance are in one VNet")])
    sides = [_between(one, other), _between(other, one)]
    rows = [
        (name, *(_setting(side, remote, name, read) for side, remote in zip(sides, (other, one), strict=True)))
        for name, read in SETTINGS
    ]
    return Table.of(
        "Peering settings of both sides", ("Setting", f"{one.name} (source)", f"{other.name} (instance)"), list(rows)
    )


def _between(vnet: Vnet, remote: Vnet) -> Peering | None:
    return next((p for p in vnet.peerings if key(p.remote_id) == key(remote.id)), None)


def _setting(side: Peering | None, remote: Vnet, name: str, read: Callable[[Peering], object]) -> Cell:
    if side is None:
        return Cell("(no peering on this side)", "bad", "missing") if name == "Peering name" else Cell("-")
    text = str(read(side)).lower() if isinstance(read(side), bool) else str(read(side))
    if name == "peeringState" and side.state.lower() != "connected":
        return Cell(text, "bad", "must be Connected")
    if name == "allowVirtualNetworkAccess" and not side.allow_vnet_access:
        return Cell(text, "bad", "keeps the peer out of the tag VirtualNetwork")
    if name.startswith("remoteAddressSpace") and not side.remote.covers(remote.addresses):
        return Cell(text, "bad", f"lacks part of {', '.join(remote.prefixes)}: sync it")
    return Cell(text)


def nsg_table(network: Network, subnet: Subnet, direction: str, diagnosis: Diagnosis) -> Table:
    """Rules of a subnet's security group in evaluation order, the deciding ones marked."""
    columns = ("Priority", "Name", "Access", "Protocol", "Source", "Destination", "Ports")
    if not subnet.nsg_id:
        return Table.of(
            f"Security rules of subnet {subnet.name}",
            columns,
            [("-", "(no network security group)", "", "", "", "", "")],
        )
    nsg = network.nsg(subnet.nsg_id)
    decided = {
        d.rule: d for t in diagnosis.traces if t.direction == "forward" for d in t.decisions
        if d.kind == "nsg" and key(d.by) == key(nsg.id)
    }  # fmt: skip
    rows: list[tuple[object, ...]] = []
    for rule in nsg.toward(direction):
        hit = decided.get(rule.name)
        mark = "" if hit is None else ("decides" if hit.result is Verdict.REACHABLE else "bad")
        name = Cell(rule.name, mark, "decides here" if mark else "")
        rows.append(
            (
                rule.priority,
                name,
                rule.access,
                rule.protocol,
                ", ".join(rule.sources),
                ", ".join(rule.destinations),
                ", ".join(rule.ports),
            )
        )
    return Table.of(
        f"{direction} security rules of {nsg.name} on subnet {subnet.name}, in evaluation order", columns, rows
    )


def path_table(diagnosis: Diagnosis) -> Table:
    """Every decision on the way there and back."""
    signs = {Verdict.REACHABLE: "", Verdict.BLOCKED: "bad", Verdict.UNKNOWN: "decides"}
    words = {Verdict.REACHABLE: "lets it through", Verdict.BLOCKED: "BLOCKED", Verdict.UNKNOWN: "UNKNOWN"}
    rows: list[tuple[object, ...]] = [
        (
            trace.direction,
            f"TCP {show_ports(trace.flow.ports)}",
            last(hop.at),
            d.kind,
            Cell(words[d.result], signs[d.result]),
            d.why,
        )
        for trace in diagnosis.traces
        for hop in trace.hops
        for d in hop.decisions
    ]
    return Table.of("The path, decision by decision", ("Way", "Ports", "At", "What", "Result", "Why"), rows)


def findings_table(diagnosis: Diagnosis) -> Table:
    """What was found, the root cause first."""
    rows: list[tuple[object, ...]] = [
        (
            Cell(f.code, "bad" if f.explains_verdict else "", "root cause" if f.explains_verdict else ""),
            f.title,
            f.severity,
            last(f.resource),
            f.says,
        )
        for f in diagnosis.findings
    ]
    return Table.of(
        "Findings", ("Code", "Fault", "Severity", "Resource", "In words"), rows or [("-", "nothing found", "", "", "")]
    )


def gaps_table(diagnosis: Diagnosis) -> Table:
    """Missing evidence and how to get it."""
    rows: list[tuple[object, ...]] = [(gap.missing, gap.why, gap.how) for gap in diagnosis.gaps]
    return Table.of("Missing evidence", ("Missing", "Why it matters", "How to get it"), rows or [("nothing", "", "")])
