"""Repairs and the question who can reach it, against the exact model and against each single question."""

from __future__ import annotations

import pytest

z3 = pytest.importorskip("z3", reason="z3-solver is not installed")

from oracle.model import Model  # noqa: E402
from oracle.networks import network  # noqa: E402

from mi_workbook.core.verdict import Verdict  # noqa: E402
from mi_workbook.diagnosis.diagnose import diagnose  # noqa: E402
from mi_workbook.diagnosis.reach import reach  # noqa: E402
from mi_workbook.evidence.snapshot import Snapshot  # noqa: E402
from test_rules.topology import shared_hub, two  # noqa: E402

SEEDS = range(120)


def test_proved_repair_lets_every_packet_through_in_the_exact_model() -> None:
    """The model shares no code with the engine; it is asked about the evidence after the changes."""
    proved = 0
    for seed in SEEDS:
        resources, source = network(seed)
        before = Snapshot(resources, complete=None)
        repair = diagnose(before, source, "mi", "vnet-local").repair
        if repair is not None and repair.proved:
            after = Model(list(before.changed(repair.changes).resources), source).answer()
            assert after.all_pass and not after.depends, seed
            proved += 1
    assert proved > 30


@pytest.mark.parametrize("evidence", [pytest.param(two(), id="peered"), pytest.param(shared_hub(), id="hub")])
def test_answer_for_everybody_is_the_answer_for_each(evidence: list[dict[str, object]]) -> None:
    """What was kept for one source does not colour the next."""
    whole = Snapshot(evidence, complete=None)
    groups = reach(whole, "mi").groups
    assert sum(len(group.sources) for group in groups) >= 1
    for group in groups:
        for source in group.sources:
            alone = diagnose(Snapshot(evidence, complete=None), source.typed or source.id, "mi")
            assert alone.verdict is group.verdict, source


def test_answer_for_everybody_on_random_networks() -> None:
    """As above, where groups, tables and peerings are drawn."""
    seen: set[Verdict] = set()
    for seed in range(200, 240):
        resources, _ = network(seed)
        for group in reach(Snapshot(resources, complete=None), "mi", "vnet-local").groups:
            for source in group.sources:
                alone = diagnose(Snapshot(resources, complete=None), source.typed or source.id, "mi", "vnet-local")
                assert alone.verdict is group.verdict, (seed, source)
                seen.add(group.verdict)
    assert len(seen) > 1
