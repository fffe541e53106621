"""Any members of any resource of any built-in case left out, at random: a verdict stays or becomes unknown, never the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mi_workbook.cases import all_cases
from mi_workbook.core.errors import InputError
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, type_of

Path = tuple[str | int, ...]
CASES = all_cases()
ABOUT_THE_RESOURCE = {"id", "name", "type", "location", "tags"}
# ARM leaves these out where there is nothing or the default holds, so their absence says just that.
SAYS_NOTHING = (
    "networkSecurityGroup", "routeTable", "dhcpOptions", "dnsServers", "vpnClientConfiguration", "disablePeeringRoute",
)  # fmt: skip


def members(node: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of the members below a node; elements of lists are passed through, for nobody can see that one is missing."""
    for step, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if isinstance(node, dict):
            yield (*path, step)
        yield from members(below, (*path, step))


def without(node: Any, path: Path) -> Any:
    """A copy of the spine without a member; the node itself where an earlier removal took the way there."""
    head, *rest = path
    if isinstance(node, list) and isinstance(head, int) and head < len(node):
        return [*node[:head], without(node[head], tuple(rest)), *node[head + 1 :]]
    if not isinstance(node, dict) or head not in node:
        return node
    if not rest:
        return {name: value for name, value in node.items() if name != head}
    return {**node, str(head): without(node[head], tuple(rest))}


@cache
def removable(number: int, position: int) -> tuple[Path, ...]:
    """What may be left out of one resource of a case."""
    resource = CASES[number].snapshot().resources[position]
    return tuple(
        path
        for path in members(resource)
        if path[-1] not in SAYS_NOTHING and not (len(path) == 1 and path[0] in ABOUT_THE_RESOURCE)
    )


@cache
def expected(number: int) -> Verdict:
    """The verdict on the whole evidence."""
    one = CASES[number]
    return diagnose(one.snapshot(), one.source, one.target, one.endpoint).verdict


DECIDED = [n for n in range(len(CASES)) if CASES[n].verdict != Verdict.UNKNOWN]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_members_left_out_at_random_never_turn_a_verdict(data: st.DataObject) -> None:
    """As a bare list of resources, which claims nothing of what is not in it."""
    number = data.draw(st.sampled_from(DECIDED))
    one = CASES[number]
    whole = one.snapshot()
    resources = list(whole.resources)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(resources) - 1))
        if paths := removable(number, position):
            resources[position] = without(resources[position], data.draw(st.sampled_from(paths)))
    rest = Snapshot(resources, observations=whole.observations)
    try:
        found = diagnose(rest, one.source, one.target, one.endpoint).verdict
    except InputError:
        return  # the question no longer fits the evidence, and says so
    assert found in {expected(number), Verdict.UNKNOWN}, one.id


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_refused_kind_never_turns_a_verdict(data: st.DataObject) -> None:
    """All resources of a kind are gone and a 403 says why; everything else counts as collected."""
    number = data.draw(st.sampled_from(DECIDED))
    one = CASES[number]
    whole = one.snapshot()
    kind = data.draw(st.sampled_from(sorted({type_of(resource).lower() for resource in whole.resources})))
    rest = [resource for resource in whole.resources if type_of(resource).lower() != kind]
    problem = {"scope": "/subscriptions/s", "operation": f"{kind}/read", "status": 403, "code": "AuthorizationFailed"}
    snapshot = Snapshot(rest, observations=whole.observations, problems=[problem], complete=None)
    try:
        found = diagnose(snapshot, one.source, one.target, one.endpoint).verdict
    except InputError:
        return
    assert found in {expected(number), Verdict.UNKNOWN}, (one.id, kind)
