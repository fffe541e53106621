"""The engine's verdict on random networks is that of an exact model which shares no code with it.

MI_WORKBOOK_ORACLE_NETWORKS sets how many networks (the default takes some seconds); thousands were run before a release.
"""

from __future__ import annotations

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

z3 = pytest.importorskip("z3", reason="z3-solver is not installed")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from oracle.model import Model  # noqa: E402
from oracle.networks import network  # noqa: E402

from mi_workbook.core.verdict import Verdict  # noqa: E402
from mi_workbook.diagnosis.diagnose import diagnose  # noqa: E402
from mi_workbook.evidence.snapshot import Snapshot, type_of  # noqa: E402

NETWORKS = int(os.environ.get("MI_WORKBOOK_ORACLE_NETWORKS", "250"))
SEEDS = st.integers(min_value=0, max_value=10**6)
FEW = settings(max_examples=40, deadline=None)


def verdict(resources: list[dict[str, Any]], source: str, complete: frozenset[str] | None = None) -> Verdict:
    """The engine's verdict on the path to the VNet-local endpoint."""
    return diagnose(Snapshot(resources, complete=complete), source, "mi", "vnet-local").verdict


def test_model_shares_no_code_with_the_engine() -> None:
    """Neither the generator nor the model imports the package."""
    for file in ("model.py", "networks.py"):
        assert "mi_workbook" not in (Path(__file__).parent / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("start", range(0, NETWORKS, 50))
def test_verdicts_agree_on_random_networks(start: int) -> None:
    """Reachable only where every packet passes, blocked only where none can, unknown only where it depends."""
    shut: list[Verdict] = []
    for seed in range(start, min(start + 50, NETWORKS)):
        resources, source = network(seed)
        found, expected = verdict(resources, source), Model(resources, source).answer()
        if expected.depends:
            assert found is not Verdict.REACHABLE, seed
            assert found is not Verdict.BLOCKED or expected.none_pass, seed
        elif expected.all_pass:
            assert found is Verdict.REACHABLE, seed
        elif expected.none_pass:
            assert found is not Verdict.REACHABLE, seed
            shut.append(found)
        else:
            assert found is Verdict.UNKNOWN, seed
    # Behind a gap a block is a finding and not the verdict, so a few of them read unknown.
    assert shut.count(Verdict.BLOCKED) >= 0.85 * len(shut)


def test_random_networks_are_worth_asking_about() -> None:
    """All three verdicts occur often among the networks."""
    found = [verdict(*network(seed)) for seed in range(300)]
    assert all(found.count(one) >= 8 for one in Verdict)


@FEW
@given(SEEDS)
def test_opening_never_closes(seed: int) -> None:
    """An allow rule of the highest priority in every group turns no reachable path into another verdict."""
    resources, source = network(seed)
    if verdict(resources, source) is not Verdict.REACHABLE:
        return
    opened = copy.deepcopy(resources)
    for one in opened:
        if one["type"].endswith("networkSecurityGroups"):
            for direction in ("Inbound", "Outbound"):
                one["properties"]["securityRules"].append({"name": f"open-{direction}", "properties": {
                    "priority": 99, "direction": direction, "access": "Allow", "protocol": "*", "sourcePortRange": "*",
                    "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRange": "*"}})  # fmt: skip
    assert verdict(opened, source) is Verdict.REACHABLE


@FEW
@given(SEEDS, st.randoms(use_true_random=False))
def test_names_and_order_change_nothing(seed: int, draw: Any) -> None:
    """Other names for every network, group and table, and another order of everything, give the same verdict."""
    resources, source = network(seed)
    text = json.dumps(resources)
    for old in ("nsg0", "nsg1", "nsg2", "rt0", "rt1", "hub"):
        text = re.sub(rf'(["/]){old}(["/])', rf"\1renamed-{old}\2", text)
    shuffled = json.loads(text)
    draw.shuffle(shuffled)
    for one in shuffled:
        for member in ("securityRules", "routes", "subnets", "virtualNetworkPeerings"):
            draw.shuffle(one["properties"].get(member, []))
    assert verdict(shuffled, source) is verdict(resources, source)


@FEW
@given(SEEDS, st.integers(min_value=1, max_value=80))
def test_moving_all_private_prefixes_changes_nothing(seed: int, by: int) -> None:
    """10.1 to 10.3 moved together keep every verdict; the whole of 10.0.0.0/8 stays what it is."""
    resources, source = network(seed)
    moved = re.sub(r"\b10\.([1-9]\d*)\.", lambda m: f"10.{int(m[1]) + by}.", json.dumps(resources))
    assert verdict(json.loads(moved), source) is verdict(resources, source)


@FEW
@given(SEEDS, st.integers(min_value=0, max_value=30))
def test_evidence_taken_away_never_flips(seed: int, which: int) -> None:
    """Evidence that admits to lack a kind of resource gives the same verdict or unknown, whatever one of it is missing."""
    resources, source = network(seed)
    gone = resources[which % len(resources)]
    if gone["type"].endswith("managedInstances") or gone["name"] == "vm-nic":
        return
    kinds = {"microsoft.network/privatednszones", "microsoft.network/privatednszones/virtualnetworklinks",
             "microsoft.network/networkmanagers", "microsoft.network/privateendpoints"}  # fmt: skip
    claimed = frozenset((kinds | {type_of(one).lower() for one in resources}) - {type_of(gone).lower()})
    found = verdict([one for one in resources if one is not gone], source, claimed)
    assert found in {verdict(resources, source), Verdict.UNKNOWN}
