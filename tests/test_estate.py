"""Questions beyond one path: who can reach the instance, and what turned a verdict."""

import json

import pytest

from mi_workbook.cases import all_cases, case
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.compare import compare
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.reach import reach

DERIVED = [one for one in all_cases() if one.base]


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_matrix_agrees_with_the_single_diagnosis(one: object) -> None:
    """Every source of a group gets, asked alone, the group's verdict and fault."""
    snapshot = one.snapshot()  # type: ignore[attr-defined]
    for group in reach(snapshot, "mi-orders").groups:
        for source in group.sources:
            alone = diagnose(snapshot, source.typed, "mi-orders")
            assert (alone.verdict, alone.root_cause or "") == (group.verdict, group.fault)


def test_sources_are_grouped_by_cause() -> None:
    """Two spokes that lack the same peering are one group; the VM beside the instance is another."""
    groups = {
        (g.verdict, g.fault): len(g.sources) for g in reach(case("hub-gateway-sound").snapshot(), "mi-orders").groups
    }
    assert groups == {(Verdict.REACHABLE, ""): 1, (Verdict.UNKNOWN, ""): 1}


@pytest.mark.parametrize("one", DERIVED, ids=lambda c: c.id)
def test_compare_names_values_that_turn_the_verdict(one: object) -> None:
    """The decisive values are among what was done to the base, alone they turn it, and none can be left out."""
    base = case(one.base)  # type: ignore[attr-defined]
    question = (one.source, one.target, one.endpoint)  # type: ignore[attr-defined]
    try:
        diagnose(base.snapshot(), *question)
    except InputError:
        pytest.skip("the base does not hold the source")
    found = compare(base.snapshot(), one.snapshot(), *question)  # type: ignore[attr-defined]
    if found.before.verdict is found.after.verdict:
        return
    assert found.proved
    assert set(map(repr, found.decisive)) <= set(map(repr, found.differences))
    if all(one.resource == "observations" for one in found.decisive):
        new = [o["kind"] for o in one.snapshot().observations if o not in base.snapshot().observations]  # type: ignore[attr-defined]
        assert [d.after["kind"] for d in found.decisive if d.after] == new
        return
    changes = [Change(d.resource, d.pointer, d.after) for d in found.decisive]
    for left_out in range(len(changes)):
        fewer = changes[:left_out] + changes[left_out + 1 :]
        without = diagnose(base.snapshot().changed(fewer), *question)
        assert not fewer or (without.verdict, without.root_cause) != (found.after.verdict, found.after.root_cause)
    assert diagnose(base.snapshot().changed(changes), *question).verdict is found.after.verdict


def test_same_snapshots_have_no_difference() -> None:
    """A snapshot compared with itself says that the answer is the same."""
    snapshot = case("peering-missing").snapshot()
    found = compare(snapshot, snapshot, "vm-app", "mi-orders")
    assert not found.differences and not found.decisive


def test_commands_have_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Both commands speak to people and to programs."""
    assert main(["reach", "case:hub-gateway-sound", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "mi-workbook/reach/1"
    assert main(["compare", "case:peering-healthy", "case:peering-no-access", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [d["pointer"].rsplit("/", 1)[-1] for d in answer["decisive"]] == ["allowVirtualNetworkAccess"]
    assert main(["compare", "case:peering-healthy", "case:peering-missing"]) == 1
    assert "What turned it" in capsys.readouterr().out
