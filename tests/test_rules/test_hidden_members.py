"""Any one member of any resource hidden: the verdict stays or becomes unknown, and nothing crashes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from arm import Json, nsg, private_endpoint, route_table, rule, subnet

from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from test_rules.sites import alone, joined
from test_rules.topology import asked, named, routed, shared_hub, two

# ARM leaves these out where there is nothing, so their absence says that there is nothing.
LEFT_OUT_WHEN_EMPTY = ("networkSecurityGroup", "routeTable", "dhcpOptions", "vpnClientConfiguration")
ABOUT_THE_RESOURCE = {"id", "name", "type", "location"}
GUARD = nsg("n", rule("no", 100, "Deny", destinationPortRange="1433"), rule("yes", 200, "Allow"))
ENDPOINT = (private_endpoint("pe", "B/pe", "10.2.5.4"),)
NETWORKS: dict[str, tuple[list[Json], str, str]] = {
    "peered": (two(b=subnet("10.2.0.0/27", "n"), extra=(nsg("n", rule("yes", 200, "Allow")),)), "vm-a", "auto"),
    "denied": (two(b=subnet("10.2.0.0/27", "n"), extra=(GUARD,)), "vm-a", "auto"),
    "routed to nowhere": (routed(("10.2.0.0/16", "None", "")), "vm-a", "auto"),
    "private endpoint": (two(extra=ENDPOINT), "vm-a", "private"),
    "joined by gateways": (joined(), "vm-a", "auto"),
    "tunnel down": (joined(connectionStatus="NotConnected"), "vm-a", "auto"),
    "clients": (alone(), "p2s:gw", "auto"),
    "clients without a way back": (
        shared_hub(b=subnet("10.2.0.0/27", table="rt"), extra=(route_table("rt", propagation_off=True),)), "p2s:gw", "auto"),
}  # fmt: skip


def members(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all members below a node."""
    for step, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if isinstance(node, dict):
            yield (*path, step)
        yield from members(below, (*path, step))


def words(one: Json, path: tuple[Any, ...]) -> str:
    """A path as a person says it: no positions, no `properties` in front."""
    steps = [step for step in path if isinstance(step, str)]
    return f"{one['type'].rpartition('/')[2]}: {'.'.join(steps[1:] if steps[0] == 'properties' else steps)}"


def hidden() -> Iterator[Any]:
    """Each network with each member of it: name of the network, position of the resource, path."""
    for name, (resources, _, _) in NETWORKS.items():
        seen: set[str] = set()
        for position, one in enumerate(resources):
            for path in members(one):
                place = f"{name}, {words(one, path)} of {one['name']}"
                end = place.partition(": ")[2].partition(" of ")[0]
                if path[0] in ABOUT_THE_RESOURCE or place in seen or end.endswith(LEFT_OUT_WHEN_EMPTY):
                    continue
                seen.add(place)
                yield pytest.param(name, position, path, id=place)


@pytest.mark.parametrize(("name", "position", "path"), list(hidden()))
def test_hidden_member_never_turns_a_verdict(name: str, position: int, path: tuple[Any, ...]) -> None:
    """As a bare list, which claims nothing of what is not in it."""
    resources, source, endpoint = NETWORKS[name]
    expected = asked(resources, source, endpoint=endpoint).verdict
    rest = copy.deepcopy(resources)
    node: Any = rest[position]
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    try:
        found = asked(rest, source, endpoint=endpoint, complete=frozenset()).verdict
    except InputError:
        return  # the question no longer fits the evidence, and says so
    assert found in {expected, Verdict.UNKNOWN}


def test_networks_with_hidden_members_are_sound_and_cut_off() -> None:
    """Both verdicts that could turn occur."""
    found = {asked(resources, source, endpoint=endpoint).verdict for resources, source, endpoint in NETWORKS.values()}
    assert found == set(Verdict)
    assert named(two(), "A")["virtualNetworkPeerings"]
