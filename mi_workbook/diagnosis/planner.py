"""Address planner: blocks for a new integration, checked against everything that was collected and what a user adds.

Source: "Integrate your app with an Azure Virtual Network", section "Creating a pre-configured VNET" (the blocks it asks for,
in CIDR notation, and that they must overlap no network that is to be connected); sizes with their sources are data.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.ranges import Ranges, addresses, prefix, show_addresses
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import GATEWAYS, LOCAL_NETWORKS, VNETS, Network
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import last
from mi_workbook.network.vnet import Vnet

FILE = Path(__file__).parent / "address_plan.toml"
PRIVATE_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
RESERVED = 5  # addresses of every subnet that Azure keeps
COLLECTED = (VNETS, GATEWAYS, LOCAL_NETWORKS)
Extra = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Size:
    """A block that a feature needs. part: vnet | subnet | gateway-subnet | client-pool; inside: the part it lies in."""

    feature: str
    part: str
    name: str
    length: int
    least: int
    inside: str
    per_instance: int
    private: bool
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Addresses in use, and by whom."""

    text: str
    by: str
    addresses: Ranges


@dataclass(frozen=True, slots=True)
class Block:
    """A proposed or wanted block, in CIDR notation, and what it is for."""

    part: str
    name: str
    cidr: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A block that shares addresses with something, or does not fit what it is for."""

    part: str
    cidr: str
    says: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Blocks for one feature, each the first that is free; unchecked: what the evidence does not show."""

    feature: str
    blocks: tuple[Block, ...]
    unchecked: tuple[str, ...]


@cache
def sizes() -> tuple[Size, ...]:
    """Every block of every feature, as the data file lists them."""
    return tuple(_size(raw) for raw in _data()["block"])


def features() -> tuple[str, ...]:
    """Features that need address blocks."""
    return tuple(dict.fromkeys(one.feature for one in sizes()))


def _data() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _size(raw: Mapping[str, Any]) -> Size:
    return Size(raw["feature"], raw["part"], raw["name"], raw["length"], raw["least"], raw.get("inside", ""),
                raw.get("per_instance", 0), raw.get("private", False), raw["why"], raw["source"])  # fmt: skip


def taken(snapshot: Snapshot, extra: Extra = ()) -> tuple[Taken, ...]:
    """Every range in use: VNets, peers that were not collected, client pools, sites, and what the user adds.

    extra: pairs of CIDR and words for it, such as ("192.168.1.0/24", "home LAN of Ana"). Raises InputError for one that is
    no IPv4 prefix.
    """
    found = [*_collected(Network(snapshot))]
    found += [Taken(raw["prefix"], raw["by"], prefix(raw["prefix"])) for raw in _data()["avoid"]]
    return (*found, *(Taken(text, words or "added by hand", _cidr(text, words)) for text, words in extra))


def _collected(network: Network) -> Iterator[Taken]:
    snapshot = network.snapshot
    for raw in snapshot.of_type(VNETS):
        vnet = network.vnet(str(raw.get("id", "")))
        yield from _each(vnet.prefixes, f"VNet {vnet.name}")
        for peering in vnet.peerings:
            if snapshot.get(peering.remote_id) is None:
                yield from _each(peering.remote_prefixes, f"VNet {last(peering.remote_id)}, peered with {vnet.name}")
    for raw in snapshot.of_type(GATEWAYS):
        gateway = network.gateway(str(raw.get("id", "")))
        yield from _each(gateway.pool_prefixes, f"client pool of {gateway.name}")
        yield from _each(gateway.custom_prefixes, f"custom route of {gateway.name}")
    for raw in snapshot.of_type(LOCAL_NETWORKS):
        site = network.local_network(str(raw.get("id", "")))
        yield from _each(site.prefixes, f"site {site.name}")


def _each(texts: Iterable[str], by: str) -> Iterator[Taken]:
    for text in texts:
        found = ipv4((text,))
        if found:
            yield Taken(text, by, found)


def _cidr(text: str, what: str) -> Ranges:
    """Addresses of a prefix as a person types it. Raises InputError."""
    try:
        found = prefix(str(ipaddress.IPv4Network(text.strip())))
    except ValueError as error:
        raise InputError(f"'{text}' ({what}) is not an IPv4 block: {error}.", remedy="Write 10.1.0.0/16.") from None
    return found


def propose(
    snapshot: Snapshot, feature: str, *, vnet: str = "", instances: int = 0, extra: Extra = (), within: str = ""
) -> Proposal:
    """The first free block for each part of a feature.

    Args:
        vnet: name or id of an existing VNet to place subnets in; "" for a new one.
        instances: of the App Service plan at its largest; 0 where unknown.
        extra: ranges in use that Azure does not show (on-premises, home LANs), as pairs of CIDR and words.
        within: CIDR that new blocks must lie in, "" for any private one.

    Raises InputError for an unknown feature, VNet or range, and where nothing is free.
    """
    needed = [one for one in sizes() if one.feature == feature]
    if not needed:
        raise InputError(f"There is no feature '{feature}'.", remedy=f"Known: {', '.join(features())}.")
    home = _home(Network(snapshot), vnet) if vnet else None
    used = Ranges.of(span for one in taken(snapshot, extra) for span in one.addresses)
    field = _cidr(within, "within") if within else addresses(PRIVATE_BLOCKS)
    space = {"vnet": _room(home) if home is not None else Ranges()}
    blocks: list[Block] = []
    for size in needed:
        if size.part == "vnet" and home is not None:
            continue
        room = space[size.inside] if size.inside else field - used
        found = _first(room, _length(size, instances), size.name)
        blocks.append(Block(size.part, size.name, show_addresses(found), size.why, size.source))
        if size.part == "vnet":
            space["vnet"], used = found, used | found
        elif size.inside:
            space[size.inside] = room - found
        else:
            used = used | found
    return Proposal(feature, tuple(blocks), tuple(_unchecked(snapshot)))


def _home(network: Network, vnet: str) -> Vnet:
    if vnet.startswith("/"):
        found = [vnet] if network.snapshot.get(vnet) is not None else []
    else:
        found = [str(raw.get("id", "")) for raw in network.named(VNETS, vnet)]
    if len(found) == 1:
        return network.vnet(found[0])
    known = ", ".join(last(str(raw.get("id", ""))) for raw in network.snapshot.of_type(VNETS)) or "none"
    raise InputError(f"'{vnet}' is not one VNet of the evidence.", remedy=f"Known: {known}.")


def _room(vnet: Vnet) -> Ranges:
    """What is left of a VNet besides its subnets."""
    return vnet.addresses - Ranges.of(span for subnet in vnet.subnets for span in subnet.addresses)


def _length(size: Size, instances: int) -> int:
    """The prefix length that holds the instances: the proposed one, or a larger block where they need it."""
    need = instances * size.per_instance + RESERVED if size.per_instance else 0
    return min(size.length, 32 - max(need - 1, 0).bit_length()) if need else size.length


def _first(room: Ranges, length: int, name: str) -> Ranges:
    """The first aligned block of a length. Raises InputError where none is free."""
    step = 1 << (32 - length)
    for low, high in room:
        start = -(-low // step) * step
        if start + step - 1 <= high:
            return Ranges(((start, start + step - 1),))
    raise InputError(f"No /{length} is free for {name}.", remedy="Name another VNet or range, or free some of it.")


def check(snapshot: Snapshot, feature: str, wanted: Mapping[str, str], extra: Extra = ()) -> tuple[Overlap, ...]:
    """What is wrong with blocks that a user wants, by part ("vnet", "subnet", ...); nothing where all of it fits.

    Raises InputError for a part the feature does not have, and for a text that is no block.
    """
    needed = {one.part: one for one in sizes() if one.feature == feature}
    for part in wanted:
        if part not in needed:
            raise InputError(f"{feature} has no part '{part}'.", remedy=f"Known: {', '.join(needed) or 'none'}.")
    blocks = {part: _cidr(text, part) for part, text in wanted.items()}
    used = taken(snapshot, extra)
    found: list[Overlap] = []
    for part, block in blocks.items():
        found += [Overlap(part, wanted[part], says) for says in _faults(needed[part], block, blocks, used)]
    return tuple(found)


def _faults(size: Size, block: Ranges, blocks: Mapping[str, Ranges], used: Iterable[Taken]) -> Iterator[str]:
    least = 1 << (32 - size.least)
    if block.size < least:
        yield f"It is smaller than /{size.least}. {size.why}"
    if size.private and not addresses(PRIVATE_BLOCKS).covers(block):
        yield f"It is not in {', '.join(PRIVATE_BLOCKS)}."
    if size.inside and size.inside in blocks and not blocks[size.inside].covers(block):
        yield f"It does not lie in the block of the {size.inside}."
    for part, other in blocks.items():
        if part not in {size.part, size.inside} and block & other and size.part != "vnet":
            yield f"It overlaps the block of the {part}."
    if not size.inside:
        yield from (f"It overlaps {one.by}, {one.text}." for one in used if block & one.addresses)


def _unchecked(snapshot: Snapshot) -> Iterator[str]:
    """Kinds that were not collected whole: a block may overlap what is in them."""
    for kind in COLLECTED:
        if snapshot.absence(kind) != "proven":
            yield f"{kind} was not collected whole: a block may overlap one that was not seen."
    yield "Networks on-premises and at home are not in Azure: add each range that clients or sites use."
