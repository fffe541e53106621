"""The tables a person looks at: effective routes, peering of both sides, security rules, findings, the path."""

from __future__ import annotations

from collections.abc import Callable

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.ranges import Ranges, show_addresses, show_ports
from mi_workbook.core.trace import Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import PRIVATE_ZONES, ZONE_LINKS, ZONE_RECORDS, Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key, last, vnet_of
from mi_workbook.network.vnet import Peering, Subnet, Vnet
from mi_workbook.reach.effective_routes import effective_routes
from mi_workbook.reach.routes import Route
from mi_workbook.views.app_tables import app_table, plan_table
from mi_workbook.views.table import Cell, Table
from mi_workbook.views.text import netmask, sorted_routes

OF_PEERINGS = ("peer-", "gt-", "gwi-peer-")  # ids of faults of peerings begin with one of these
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


def views(snapshot: Snapshot, diagnosis: Diagnosis, *, owner: bool = False) -> dict[str, Table]:
    """Every table of a diagnosis by view id; one whose evidence is missing says so in a row.

    owner: findings in the words for an application owner.
    """
    network = Network(snapshot)
    makers: dict[str, Callable[[], Table]] = {
        "path": lambda: path_table(diagnosis),
        "findings": lambda: findings_table(diagnosis, owner=owner),
        "gaps": lambda: gaps_table(diagnosis),
        "source-routes": lambda: routes_table(
            network, network.subnet(diagnosis.source.subnet or diagnosis.target.subnet), diagnosis
        ),
        "instance-routes": lambda: routes_table(network, network.subnet(diagnosis.target.subnet), diagnosis),
        "client-nsg": lambda: nsg_table(
            network, network.subnet(diagnosis.source.subnet or diagnosis.target.subnet), "Outbound", diagnosis
        ),
        "instance-nsg": lambda: nsg_table(network, network.subnet(diagnosis.target.subnet), "Inbound", diagnosis),
        "peerings": lambda: peering_table(network, diagnosis),
        "gateways": lambda: gateways_table(network, diagnosis),
        "names": lambda: names_table(network, diagnosis),
    }
    if diagnosis.source.kind == "app":
        makers["app"] = lambda: app_table(network, diagnosis.source.id, private=diagnosis.endpoint != "public")
        makers["plan"] = lambda: plan_table(network, network.web_app(diagnosis.source.id).plan_id)
    return {name: _made(name, make) for name, make in makers.items()}


def gateways_table(network: Network, diagnosis: Diagnosis) -> Table:
    """Gateways of the two VNets: kind, client pool and routes, and each connection with status and byte counters."""
    columns = ("Gateway", "VNet", "Kind", "State", "Serves", "Status", "Ingress bytes", "Egress bytes")
    homes = dict.fromkeys([diagnosis.source.vnet, vnet_of(diagnosis.target.subnet)])
    rows: list[tuple[object, ...]] = []
    for gateway in [g for home in homes if home for g in network.gateways_of(home)]:
        kind = gateway.kind + (f", {gateway.vpn_type}" if gateway.kind == "vpn" else "")
        head = (gateway.name, last(gateway.vnet_id), kind, gateway.provisioning_state)
        pool = ", ".join(gateway.pool_prefixes) or "none"
        custom = f"; custom routes {', '.join(gateway.custom_prefixes)}" if gateway.custom_prefixes else ""
        rows.append((*head, f"point-to-site pool: {pool}{custom}", "", "", ""))
        for connection in network.connections_of(gateway):
            down = connection.status.lower() in {"notconnected", "connecting"}
            status = Cell(
                connection.status or "(not read)", "bad" if down else "", "the tunnel is down" if down else ""
            )
            counts = [Cell("(not read)" if n is None else str(n), "bad" if n == 0 else "", "nothing flows" if n == 0 else "")
                      for n in (connection.ingress, connection.egress)]  # fmt: skip
            rows.append((*head, f"{connection.kind} {connection.name}", status, *counts))
    return Table.of("Gateways and connections", columns, rows or [("(no gateway in the evidence)", *("",) * 7)])


def names_table(network: Network, diagnosis: Diagnosis) -> Table:
    """Private DNS zones that could answer for the instance's name: links, and the record."""
    instance = network.instance(diagnosis.target.id)
    label, _, rest = instance.fqdn.partition(".")
    rows: list[tuple[object, ...]] = []
    for raw in network.snapshot.of_type(PRIVATE_ZONES):
        zone = Reading(str(raw.get("id", "")), "", raw)
        if not (f"privatelink.{rest}".endswith(zone.name.lower()) or "database.windows.net" in zone.name.lower()):
            continue
        links = [Reading("", "", r).reference("virtualNetwork") for r in network.snapshot.children(zone.id, ZONE_LINKS)]
        mine = any(key(link) == key(diagnosis.source.vnet) for link in links)
        names = ", ".join(last(link) for link in links) or "none"
        records = [Reading("", "", r) for r in network.snapshot.children(zone.id, ZONE_RECORDS)]
        answer = [a.text("ipv4Address") for r in records if r.name.lower() == label for a in r.children("aRecords")]
        rows.append((Cell(zone.name, "" if zone.name.lower() == f"privatelink.{rest}" else "bad", "another name is needed"),
                     Cell(names, "" if mine else "bad", "" if mine else "not linked to the source's VNet"),
                     Cell(", ".join(answer) or "(none)", "" if answer else "bad", "" if answer else "no record")))  # fmt: skip
    endpoints = [", ".join(show_addresses(Ranges(((a, a),))) for a in network.endpoint_addresses(e))
                 for e in network.private_endpoints(instance.id)]  # fmt: skip
    title = f"Private DNS zones for {instance.fqdn}; private endpoints: {'; '.join(endpoints) or 'none'}"
    return Table.of(
        title, ("Zone", "Linked to", f"Record {label}"), rows or [("(no such zone in the evidence)", "", "")]
    )


def _made(name: str, make: Callable[[], Table]) -> Table:
    try:
        return make()
    except MissingEvidence as missing:
        return Table.of(name, ("Missing", "How to get it"), [(missing.gap.missing, missing.gap.how)])


def routes_table(network: Network, subnet: Subnet, diagnosis: Diagnosis) -> Table:
    """Effective routes of a subnet in the look of `route print`, those that decided the path marked."""
    decided = [d for t in diagnosis.traces for d in t.decisions if d.kind == "route" and key(d.by) == key(subnet.id)]
    rows: list[tuple[object, ...]] = []
    for route in sorted_routes(effective_routes(network, subnet)):
        start, mask = netmask(route.prefix)
        drops = route.source == "User" and route.next_hop_type == "None"
        kind = Cell(route.next_hop_type, "bad", "drops") if drops else route.next_hop_type
        rows.append((_chosen(start, route, decided), mask, kind, route.next_hop_ip, route.source, route.state,
                     route.name, route.why))  # fmt: skip
    columns = ("Network Destination", "Netmask", "Next hop type", "Next hop address", "Source", "State", "Name", "Why")
    return Table.of(f"Effective routes of subnet {subnet.name}", columns, rows)


def _chosen(start: str, route: Route, decided: list[Decision]) -> Cell:
    """The destination of a route, marked where the path took this route."""
    mine = [d.result for d in decided if route.evidence and d.evidence == route.evidence
            and (d.rule == route.name if d.rule else route.prefix in d.why.split())]  # fmt: skip
    if Verdict.BLOCKED in mine:
        return Cell(start, "bad", "the path takes it and ends")
    if Verdict.UNKNOWN in mine:
        return Cell(start, "decides", "the path takes it, what follows is not known")
    return Cell(start, "decides", "the path takes it") if mine else Cell(start)


def peering_table(network: Network, diagnosis: Diagnosis) -> Table:
    """Both sides of the peering between the two VNets, Azure's names.

    Cells are marked where a fault of a peering was found: a path by tunnel, private endpoint or a third VNet needs none.
    """
    if not diagnosis.source.vnet:
        return Table.of("Peering", ("Setting", "The source"), [("(none needed)", "the source is not in a VNet")])
    one = network.vnet(diagnosis.source.vnet)
    other = network.vnet(vnet_of(diagnosis.target.subnet))
    if key(one.id) == key(other.id):
        return Table.of("Peering", ("Setting", one.name), [("(none needed)", "source and instance are in one VNet")])
    sides = [_between(one, other), _between(other, one)]
    needed = any(found.fault.startswith(OF_PEERINGS) for found in diagnosis.findings)
    rows = [
        (name, *(_setting(side, remote, name, read, needed) for side, remote in zip(sides, (other, one), strict=True)))
        for name, read in SETTINGS
    ]
    return Table.of(
        "Peering settings of both sides", ("Setting", f"{one.name} (source)", f"{other.name} (instance)"), list(rows)
    )


def _between(vnet: Vnet, remote: Vnet) -> Peering | None:
    return next((p for p in vnet.peerings if key(p.remote_id) == key(remote.id)), None)


def _setting(side: Peering | None, remote: Vnet, name: str, read: Callable[[Peering], object], needed: bool) -> Cell:
    if side is None:
        absent = Cell("(no peering on this side)", *(("bad", "missing") if needed else ()))
        return absent if name == "Peering name" else Cell("-")
    text = str(read(side)).lower() if isinstance(read(side), bool) else str(read(side))
    return _judged(side, remote, name, text) if needed else Cell(text)


def _judged(side: Peering, remote: Vnet, name: str, text: str) -> Cell:
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


def findings_table(diagnosis: Diagnosis, *, owner: bool = False) -> Table:
    """What was found, the root cause first."""
    rows: list[tuple[object, ...]] = [
        (
            Cell(f.code, "bad" if f.explains_verdict else "", "root cause" if f.explains_verdict else ""),
            f.title,
            f.severity,
            last(f.resource),
            f.owner_says if owner and f.owner_says else f.says,
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
