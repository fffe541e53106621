"""Pasted tables of Azure's own tools: of which network interface or gateway they are, where that can be told or was said.

A table of effective routes that names no interface is taken for one only where it can be no other's: the ranges that it
calls VnetLocal are those of the VNet, and the source's own interface (or the only interface there is) stands in it.
Source: "Virtual network traffic routing", section "Default" (a route for each range of the VNet's address space).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Place
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.forms import checked
from mi_workbook.evidence.sent import Sent, with_resources
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import GATEWAYS, NICS, Network
from mi_workbook.network.nic import Nic
from mi_workbook.network.reading import Reading, ipv4
from mi_workbook.network.resource_id import key, last, vnet_of
from mi_workbook.network.route_server import BGP_CONNECTIONS, read_bgp_connection
from mi_workbook.network.tested import CLIENT

# The kind of an observation, and what it is about.
OWNERS = {"effectiveRoutes": NICS, "learnedRoutes": GATEWAYS, "routeServerLearnedRoutes": BGP_CONNECTIONS}
MOST_CHOICES = 200


@dataclass(frozen=True, slots=True)
class Loose:
    """A table whose owner cannot be told. position: of its observation. whole: its end is shown.

    choices: ids of interfaces or gateways that it can be of, those that fit it first.
    """

    position: int
    kind: str
    file: str
    rows: int
    whole: bool
    choices: tuple[str, ...]


def bound(snapshot: Snapshot, sent: Sent, place: Place) -> Snapshot:
    """The evidence with what was sent, bound to the place it is of: it must not count when another source is asked about.

    Raises InputError for a resource that has not the shape of ARM.
    """
    resources = checked("what was sent", sent.resources)
    return with_resources(snapshot, resources).observed([_of(place, one) for one in sent.observations])


def _of(place: Place, observation: dict[str, Any]) -> dict[str, Any]:
    return {**observation, "from": place.typed} if observation.get("from") == CLIENT else observation


def attributed(snapshot: Snapshot, source: str) -> Snapshot:
    """The evidence with such tables under the id of their interface or gateway; the same where there are none.

    By the name in the command, else the source's own interface (of a subnet: its only one), the source's own gateway, the only
    gateway there is, or the BGP peer whose address the rows name. A table that may be cut off stays without an owner, unless
    somebody said that it is whole: its missing rows would read as absent.
    """
    if not any(is_loose(one) for one in snapshot.observations):
        return snapshot
    network = Network(snapshot)
    known = tuple(
        {**one, "about": _owner(network, _place(network, source, one), one)} if _is_settled(one) else one
        for one in snapshot.observations
    )
    other = snapshot.observed(())
    other.observations = known
    return other


def _is_settled(observation: dict[str, Any]) -> bool:
    return is_loose(observation) and observation.get("complete") is True


def is_loose(observation: dict[str, Any]) -> bool:
    """True for a pasted table of Azure that is not under an id."""
    kind, sent_from = observation.get("kind"), observation.get("from")
    pasted = isinstance(kind, str) and kind in OWNERS and isinstance(sent_from, str) and bool(sent_from)
    return pasted and not str(observation.get("about") or "").startswith("/")


def loose_tables(snapshot: Snapshot, source: str) -> tuple[Loose, ...]:
    """Tables that are judged by only once somebody says whose they are, or that they are whole."""
    if not any(is_loose(one) for one in snapshot.observations):
        return ()
    network, settled = Network(snapshot), attributed(snapshot, source)
    return tuple(
        Loose(
            position, str(one["kind"]), str(one.get("file", "")), len(_rows(one)), one.get("complete") is True,
            _choices(network, one, _place(network, source, one)),
        )
        for position, one in enumerate(settled.observations)
        if is_loose(one)
    )  # fmt: skip


def owned(snapshot: Snapshot, position: int, owner: str, rows: int) -> Snapshot:
    """The evidence with the table at a position as that of an interface or gateway, on the word of who sent it.

    owner: id or name. rows: how many rows Azure showed; where another number was read, rows are missing. Raises
    InputError for a position without such a table, an owner that is not in the evidence, and another number.
    """
    tables = {at: one for at, one in enumerate(snapshot.observations) if is_loose(one)}
    one = tables.get(position)
    if one is None:
        raise InputError("There is no such table without an owner.", remedy="Paste it again, and say whose it is.")
    network, kind = Network(snapshot), OWNERS[str(one["kind"])]
    found = (
        [owner] if snapshot.get(owner) is not None else [str(raw.get("id", "")) for raw in network.named(kind, owner)]
    )
    if len(found) != 1:
        what = {NICS: "interface", GATEWAYS: "gateway"}.get(kind, "BGP peer")
        raise InputError(
            f"'{owner[:80]}' is no {what} of the evidence, or several.", remedy=f"Give the {what}'s name or id."
        )
    read = len(_rows(one))
    if rows != read:
        raise InputError(
            f"{read} rows were read, and Azure showed {rows}.",
            remedy="Send the whole table, or the JSON of the command.",
        )
    said = [
        *(one.get("notes") or ()),
        f"Taken as the table of {last(found[0])}, whole with {read} rows, on the word of who sent it.",
    ]
    other = snapshot.observed(())
    changed = {**one, "about": found[0], "complete": True, "notes": said}
    other.observations = tuple(changed if at == position else item for at, item in enumerate(snapshot.observations))
    return other


def _place(network: Network, source: str, observation: dict[str, Any]) -> Place:
    """Where the table was sent from: the place it is bound to, else the source of the question."""
    sent_from = str(observation.get("from") or "")
    typed = source if sent_from in {"", CLIENT} else sent_from
    try:
        return find_source(network, typed)
    except (InputError, MissingEvidence):
        return Place("other", "", typed)


def _owner(network: Network, place: Place, observation: dict[str, Any]) -> str:
    kind, name = OWNERS[observation["kind"]], str(observation.get("about") or "")
    if name:
        found = [str(one.get("id", "")) for one in network.named(kind, name)]
    elif kind == NICS:
        fitting = [nic.id for nic in _fitting(network, observation)]
        own = [one for one in _own(network, place) if one in fitting]
        alone = network.snapshot.absence(NICS) == "proven"
        found = own or (fitting if alone else [])
    elif kind == BGP_CONNECTIONS:
        found = _of_peer(network, _rows(observation))
    else:
        every = [str(one.get("id", "")) for one in network.snapshot.of_type(GATEWAYS)]
        found = [place.id] if key(place.id) in {key(one) for one in every} else every
    return found[0] if len(found) == 1 else name


def _of_peer(network: Network, rows: list[dict[str, Any]]) -> list[str]:
    """BGP connections whose peer the rows came from; every one where there is no row."""
    peers = {str(row.get("sourcePeer", "")) for row in rows}
    raw = network.snapshot.of_type(BGP_CONNECTIONS)
    found = [read_bgp_connection(Reading(str(one.get("id", "")), "", one)) for one in raw]
    return [one.id for one in found if not rows or one.peer in peers]


def _own(network: Network, place: Place) -> list[str]:
    """The interface of a source, or those of a subnet."""
    if place.kind == "nic":
        return [place.id]
    if place.kind != "subnet":
        return []
    return [
        one.id for one in _nics(network) if one.primary is not None and key(one.primary.subnet_id) == key(place.subnet)
    ]


def _fitting(network: Network, observation: dict[str, Any]) -> list[Nic]:
    """Interfaces in a VNet whose address space is what the table calls VnetLocal."""
    local = _local(observation)
    return [nic for nic in _nics(network) if local and nic.primary is not None and _space(network, nic) == local]


def _nics(network: Network) -> Iterator[Nic]:
    yield from (network.nic(str(one.get("id", ""))) for one in network.snapshot.of_type(NICS))


def _space(network: Network, nic: Nic) -> frozenset[str]:
    vnet_id = vnet_of(nic.primary.subnet_id) if nic.primary is not None else ""
    try:
        prefixes = network.vnet(vnet_id).prefixes if network.snapshot.get(vnet_id) is not None else ()
    except MissingEvidence:
        return frozenset()
    return frozenset(one for one in prefixes if ipv4((one,)))


def _local(observation: dict[str, Any]) -> frozenset[str]:
    """The ranges of the VNet itself in the table, also those that another route took the place of."""
    own = [
        row
        for row in _rows(observation)
        if str(row.get("nextHopType", "")).lower() == "vnetlocal" and str(row.get("source", "")).lower() == "default"
    ]
    lists = [row.get("addressPrefix") for row in own]
    listed = (prefix for one in lists if isinstance(one, list) for prefix in one)
    return frozenset(prefix for prefix in listed if isinstance(prefix, str) and ipv4((prefix,)))


def _choices(network: Network, observation: dict[str, Any], place: Place) -> tuple[str, ...]:
    kind = OWNERS[observation["kind"]]
    if kind != NICS:
        return tuple(str(one.get("id", "")) for one in network.snapshot.of_type(kind))[:MOST_CHOICES]
    fitting = [one.id for one in _fitting(network, observation)]
    first = [one for one in _own(network, place) if one in fitting]
    every = [one.id for one in _nics(network) if one.primary is not None]
    return tuple(dict.fromkeys([*first, *fitting, *every]))[:MOST_CHOICES]


def _rows(observation: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table; those of both instances of a Route Server."""
    value = observation.get("value")
    rows = value.get("value") if isinstance(value, dict) else value
    if rows is None and isinstance(value, dict):
        rows = [row for part in value.values() if isinstance(part, list) for row in part]
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
