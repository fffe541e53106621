"""Pasted tables of Azure's own tools: of which network interface or gateway they are, where that can be told."""

from __future__ import annotations

from typing import Any

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Place
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import GATEWAYS, NICS, Network
from mi_workbook.network.reading import Reading
from mi_workbook.network.resource_id import key
from mi_workbook.network.route_server import BGP_CONNECTIONS, read_bgp_connection

# The kind of an observation, and what it is about.
OWNERS = {"effectiveRoutes": NICS, "learnedRoutes": GATEWAYS, "routeServerLearnedRoutes": BGP_CONNECTIONS}


def attributed(snapshot: Snapshot, source: str) -> Snapshot:
    """The evidence with such tables under the id of their interface or gateway; the same where there are none.

    By the name in the command, else the source's own interface (of a subnet: its only one), the source's own gateway, the only
    gateway there is, or the BGP peer whose address the rows name. A table that may be cut off stays without an owner: its missing rows would read as absent.
    """
    if not any(is_loose(one) for one in snapshot.observations):
        return snapshot
    network = Network(snapshot)
    place = _place(network, source)
    known = tuple(
        {**one, "about": _owner(network, place, one)} if is_loose(one) and one.get("complete") is True else one
        for one in snapshot.observations
    )
    other = snapshot.observed(())
    other.observations = known
    return other


def is_loose(observation: dict[str, Any]) -> bool:
    """True for a pasted table of Azure that is not under an id."""
    pasted = observation.get("kind") in OWNERS and observation.get("from") not in {None, ""}
    return pasted and not str(observation.get("about") or "").startswith("/")


def _place(network: Network, source: str) -> Place:
    try:
        return find_source(network, source)
    except (InputError, MissingEvidence):
        return Place("other", "", source)


def _owner(network: Network, place: Place, observation: dict[str, Any]) -> str:
    kind, name = OWNERS[observation["kind"]], str(observation.get("about") or "")
    if name:
        found = [str(one.get("id", "")) for one in network.named(kind, name)]
    elif kind == NICS:
        found = [place.id] if place.kind == "nic" else _in_subnet(network, place)
    elif kind == BGP_CONNECTIONS:
        found = _of_peer(network, observation.get("value"))
    else:
        every = [str(one.get("id", "")) for one in network.snapshot.of_type(GATEWAYS)]
        found = [place.id] if key(place.id) in {key(one) for one in every} else every
    return found[0] if len(found) == 1 else name


def _of_peer(network: Network, value: Any) -> list[str]:
    """BGP connections whose peer the rows came from; every one where there is no row."""
    rows = [row for part in value.values() for row in part] if isinstance(value, dict) else []
    peers = {str(row.get("sourcePeer", "")) for row in rows}
    raw = network.snapshot.of_type(BGP_CONNECTIONS)
    found = [read_bgp_connection(Reading(str(one.get("id", "")), "", one)) for one in raw]
    return [one.id for one in found if not rows or one.peer in peers]


def _in_subnet(network: Network, place: Place) -> list[str]:
    """The interfaces of a source that is a subnet."""
    if place.kind != "subnet":
        return []
    nics = (network.nic(str(one.get("id", ""))) for one in network.snapshot.of_type(NICS))
    return [one.id for one in nics if one.primary is not None and key(one.primary.subnet_id) == key(place.subnet)]
