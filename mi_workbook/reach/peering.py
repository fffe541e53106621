"""What a virtual network peering does to a flow.

Source: "Virtual network peering" and "Create, change, or delete a virtual network peering".
"""

from __future__ import annotations

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.trace import Cause, Decision
from mi_workbook.core.verdict import Verdict
from mi_workbook.network.instance import ManagedInstance
from mi_workbook.network.network import PEERINGS, Network
from mi_workbook.network.resource_id import key, last, shell_word
from mi_workbook.network.vnet import Peering, Subnet, Vnet
from mi_workbook.reach.routes import Route

# Source: "Connect your application to SQL Managed Instance" names September 22, "Connectivity architecture" names
# September 9, 2020. What lies between is unknown.
OLD_BEFORE, NEW_FROM = "2020-09-09", "2020-09-22"
FORWARDED = "allowForwardedTraffic"
TAG_NOTE = (
    "allowVirtualNetworkAccess is false on {name}. Current documentation: this only takes the peer's addresses out of the "
    "VirtualNetwork tag, so an explicit allow rule still works; documentation before 2019 says all traffic stops."
)


def between(vnet: Vnet, remote_id: str) -> Peering | None:
    """The VNet's side of its peering with another VNet."""
    return vnet.peering_with(remote_id)


def crossing(network: Network, start: Subnet, end: Subnet | None, route: Route, direction: str) -> list[Decision]:
    """Decisions at the peering that a route leads over: right VNet, both sides Connected, subnets included, region."""
    here = route.peering
    if here is None or end is None:
        return []
    if not here.remote_id:
        why = f"With which network peering {here.name} joins {last(here.vnet_id)} is not in the evidence."
        gap = Gap(
            f"The other network of peering {here.name}", why, f"az resource show --ids {shell_word(here.id)} -o json"
        )
        return [Decision("peering", here.id, Verdict.UNKNOWN, why, route.evidence, gap=gap)]
    if key(here.remote_id) != key(end.vnet_id):
        why = f"{route.prefix} is peered from {last(here.remote_id)}, not from {last(end.vnet_id)}: the spaces overlap."
        return [Decision("peering", here.id, Verdict.BLOCKED, why, route.evidence, Cause.ADDRESS_OVERLAP)]
    try:
        there = between(network.vnet(here.remote_id), start.vnet_id)
    except MissingEvidence as missing:
        return [Decision("peering", here.id, Verdict.UNKNOWN, "The other side was not collected.", gap=missing.gap)]
    stop = (
        _state(network, here, there) or _scope(here, there, start, end) or _region(network, start, end, here, direction)
    )
    return [stop] if stop else [_open(here, there)]


def _open(here: Peering, there: Peering | None) -> Decision:
    sides = [p for p in (here, there) if p]
    notes = tuple(TAG_NOTE.format(name=p.name) for p in sides if not p.allow_vnet_access)
    evidence = tuple(p.reading.evidence("peeringState") for p in sides)
    return Decision("peering", here.id, Verdict.REACHABLE, f"Peering {here.name} is Connected on both sides.", evidence,
                    notes=notes)  # fmt: skip


def unlisted(network: Network, vnet: Vnet) -> Decision | None:
    """Unknown where the evidence of a VNet leaves its peerings out altogether, which is not the same as having none."""
    listed = isinstance(vnet.reading.get("virtualNetworkPeerings"), list) or bool(vnet.peerings)
    nameless = [peering.name for peering in vnet.peerings if not peering.remote_id]
    if not nameless and (listed or network.snapshot.absence(PEERINGS) == "proven"):
        return None
    why = f"The evidence of {vnet.name} does not list its peerings."
    if nameless:
        why = f"With which network peering {', '.join(nameless)} of {vnet.name} joins it is not in the evidence."
    gap = Gap(f"Peerings of VNet {vnet.name}", why, f"az network vnet show --ids {shell_word(vnet.id)} -o json")
    return Decision(
        "peering", vnet.id, Verdict.UNKNOWN, why, (vnet.reading.evidence("virtualNetworkPeerings"),), gap=gap
    )


def _state(network: Network, here: Peering, there: Peering | None) -> Decision | None:
    if there is None:
        remote = network.vnet(here.remote_id)
        not_listed = unlisted(network, remote)
        if not_listed is not None:
            return not_listed
        evidence = (Evidence(remote.id, remote.reading.at("virtualNetworkPeerings"), None),)
        why = f"{remote.name} has no peering back to {last(here.vnet_id)}; data flows only if both sides are Connected."
        return Decision("peering", here.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_MISSING)
    for side in (here, there):
        if side.state.lower() != "connected":
            return not_connected(side)
    return None


def not_connected(side: Peering) -> Decision:
    """A side that is not Connected: blocked for the states Azure documents, unknown for any other word."""
    evidence = (side.reading.evidence("peeringState"),)
    why = f"Peering {side.name} of {last(side.vnet_id)} is {side.state or 'without a state'}, not Connected."
    if side.state.lower() in {"initiated", "disconnected"}:
        return Decision("peering", side.id, Verdict.BLOCKED, why, evidence, Cause.PEERING_NOT_CONNECTED)
    gap = Gap(
        f"State of peering {side.name}",
        why,
        f"az resource show --ids {shell_word(side.id)} --query properties.peeringState",
    )
    return Decision("peering", side.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def _scope(here: Peering, there: Peering | None, start: Subnet, end: Subnet) -> Decision | None:
    """Subnet peering: both subnets must take part. Source: "Configure subnet peering"."""
    for side, local, remote in ((here, start, end), (there, end, start)):
        if side is None or side.complete_vnets:
            continue
        for names, subnet in ((side.local_subnet_names, local), (side.remote_subnet_names, remote)):
            if not names:
                return _names_unseen(side)
            if subnet.name.lower() not in {n.lower() for n in names}:
                member = "localSubnetNames" if subnet is local else "remoteSubnetNames"
                why = f"Peering {side.name} joins only some subnets, and {subnet.name} is not among its {member}."
                return Decision("peering", side.id, Verdict.BLOCKED, why, (side.reading.evidence(member),),
                                Cause.PEERING_SUBNET_SCOPE)  # fmt: skip
    return None


def _names_unseen(side: Peering) -> Decision:
    why = f"Peering {side.name} joins only some subnets, and which ones is not in the evidence."
    gap = Gap(f"Subnets of peering {side.name}", why, f"az resource show --ids {shell_word(side.id)} -o json")
    return Decision("peering", side.id, Verdict.UNKNOWN, why, (side.reading.evidence("localSubnetNames"),), gap=gap)


def _region(network: Network, start: Subnet, end: Subnet, here: Peering, direction: str) -> Decision | None:
    """Across regions the instance's subnet must not be of the time before global peering was supported."""
    one, other = network.vnet(start.vnet_id), network.vnet(end.vnet_id)
    if not one.location or not other.location or one.location == other.location:
        return None
    for instance in network.instances():
        if key(instance.subnet_id) in {key(start.id), key(end.id)}:
            return _age(instance, here)
    return None


def _age(instance: ManagedInstance, here: Peering) -> Decision | None:
    window = instance.maintenance and not instance.maintenance.lower().endswith("sql_default")
    if window or instance.created >= NEW_FROM:
        return None
    evidence = (instance.reading.evidence("createTime"),)
    why = "The VNets are in different regions, and instances in subnets made before September 2020 do not support that."
    if instance.created and instance.created < OLD_BEFORE:
        return Decision("peering", here.id, Verdict.BLOCKED, f"{why} {instance.name} was created on {instance.created}.",
                        evidence, Cause.PEERING_GLOBAL_OLD_SUBNET)  # fmt: skip
    gap = Gap(
        f"When the subnet of {instance.name} was created",
        why,
        f'az resource show --ids {shell_word(instance.id)} --query "[systemData.createdAt, properties.createTime]"; or ask the '
        "instance's owner whether it was created after 2020-09-22 or has a maintenance window.",
    )
    return Decision("peering", here.id, Verdict.UNKNOWN, why, evidence, gap=gap)


def forwarded(network: Network, start: Subnet, route: Route) -> list[Decision]:
    """What the receiving side of a peering makes of packets that an appliance forwarded.

    Source: "Create, change, or delete a virtual network peering", setting "Allow ... to receive forwarded traffic": off,
    such traffic is not part of the VirtualNetwork tag there; it is not cut off by that alone.
    """
    here = route.peering
    if here is None:
        return []
    try:
        there = between(network.vnet(here.remote_id), start.vnet_id)
    except MissingEvidence:
        return []
    if there is None or there.allow_forwarded:
        return []
    why = f"Peering {there.name} of {last(there.vnet_id)} does not accept forwarded traffic, and an appliance forwards this."
    note = (
        f"allowForwardedTraffic is false on {there.name}. Current documentation: forwarded packets then leave the "
        "VirtualNetwork tag, so only a rule for their addresses lets them in; older documentation says they are dropped."
    )
    evidence = (there.reading.evidence("allowForwardedTraffic"),)
    return [Decision("peering", there.id, Verdict.REACHABLE, why, evidence, notes=(note,), rule=FORWARDED)]
