"""The commands a repair prints do what the repair was proved with: a reader of their own carries them out."""

import pytest
from az_commands import Azure

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import from_document

PROVED = [one for one in all_cases() if one.repair_proved]


def steps(found: Diagnosis) -> list[Finding]:
    """The findings whose remedies make up the repair, in its order."""
    assert found.repair is not None
    by_fault = {f.fault: f for f in found.findings}
    return [by_fault[name] for name in found.repair.faults]


def asks_the_user(one: Case) -> bool:
    """True where a command leaves a value to the user, or only shows what to look at at the other end."""
    return any("<" in line for f in steps(diagnose(one.snapshot(), one.source, one.target, one.endpoint))
               for line in f.remedy.az)  # fmt: skip


@pytest.mark.parametrize("one", PROVED, ids=lambda c: c.id)
def test_commands_turn_the_verdict(one: Case) -> None:
    """After the printed az commands the verdict is the one the repair promised."""
    found = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    if asks_the_user(one) or one.root_cause in {"s2s-traffic-selectors", "peer-subnet-scope"}:
        assert any(f.remedy.safety != "safe" or any("<" in c for c in f.remedy.az) for f in steps(found))
        return
    azure = Azure(one.snapshot().to_dict())
    target = one.target
    for step in steps(found):
        for line in step.remedy.az:
            azure.run(line)
        target = next((str(c.value) for c in step.changes if c.document == "question"), target)
    assert found.repair is not None
    after = diagnose(from_document(azure.document), one.source, target, one.endpoint)
    assert after.verdict is found.repair.verdict_after


@pytest.mark.parametrize("case_id", ["hub-appliance-sound", "hub-balancer-sound", "peering-reply-through-appliance"])
def test_route_to_an_appliance_is_deleted_from_its_own_table(case_id: str) -> None:
    """The finding is at the appliance; the command names table and group that the route lies in, not the appliance's."""
    one = case(case_id)
    found = diagnose(one.snapshot(), one.source, one.target)
    lines = [line for f in found.findings if f.fault in {"rt-client-nva", "rt-mi-return-nva"} for line in f.remedy.az]
    tables = {"rg-app": "rt-app", "rg-data": "rt-mi"}
    assert lines and all(any(f"-g {g} --route-table-name {t} " in line for g, t in tables.items()) for line in lines)
