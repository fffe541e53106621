"""Files added to what is known: the newer wins, nothing is taken for complete or still true that may not be, and the question is asked again."""

import copy
import json
from typing import Any

import pytest
from az_commands import Azure

from mi_workbook.cases import all_cases, case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.adding import added, stands_alone
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.workbook.session import Session, start

REPAIRED = [one for one in all_cases() if one.repair_proved and one.verdict == "blocked"]


def dropped(session: Session, **files: Any) -> None:
    """Drop files, each a list of resources or a document."""
    names = [f"{name}.json" for name in files]
    session.act({"do": "files", "names": names}, [json.dumps(content).encode() for content in files.values()])


def by_kind(case_id: str, *, without: str = "") -> dict[str, list[dict[str, Any]]]:
    """The resources of a case as `az ... list` would give them, a file for each kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in copy.deepcopy(case(case_id).snapshot().to_dict()["resources"]):
        found.setdefault(one["type"].rpartition("/")[2].lower(), []).append(one)
    return {name: rows for name, rows in found.items() if name != without}


def test_files_dropped_one_after_another_are_one_evidence() -> None:
    """Each adds to what was there; at the end the answer is that of all at once."""
    session = start()
    for name, rows in by_kind("same-vnet-mi-nsg").items():
        dropped(session, **{name: rows})
    one = case("same-vnet-mi-nsg")
    session.act({"do": "ask", "source": one.source, "target": one.target, "endpoint": "auto"})
    assert session.screen["evidence"]["count"] == len(one.snapshot().resources)
    assert session.screen["verdict"]["kind"] == "blocked" and session.state.diagnosis is not None
    assert session.state.diagnosis.root_cause == one.root_cause


def test_what_was_missing_is_added_and_judged() -> None:
    """The screen asks for the security groups; dropped alone they turn unknown into the answer."""
    session = start()
    dropped(session, **by_kind("same-vnet-mi-nsg", without="networksecuritygroups"))
    assert session.screen["verdict"]["kind"] == "unknown"  # one machine and one instance: asked at once
    dropped(session, nsgs=by_kind("same-vnet-mi-nsg")["networksecuritygroups"])
    assert session.screen["verdict"]["kind"] == "blocked"
    assert "Added" in session.screen["notice"] and "it was unknown, and is blocked now" in session.screen["notice"]


def test_mended_resource_alone_turns_the_verdict() -> None:
    """After the repair one file is enough, and the screen says what it was and what it is."""
    session = start()
    dropped(session, **by_kind("same-vnet-mi-nsg"))
    azure = Azure({"resources": [r for rows in by_kind("same-vnet-mi-nsg").values() for r in rows]})
    assert session.state.diagnosis is not None
    for line in session.state.diagnosis.findings[0].remedy.az:
        azure.run(line)
    dropped(session, nsgs=[r for r in azure.document["resources"] if r["type"].endswith("networkSecurityGroups")])
    assert session.screen["verdict"]["kind"] == "reachable"
    assert (
        "1 resources were replaced" in session.screen["notice"]
        and "it was blocked, and is reachable now" in session.screen["notice"]
    )


def test_whole_estate_takes_the_place_of_the_one_before() -> None:
    """An instance and a network stand alone: nothing of the older evidence is left, and the same question is asked."""
    session = start()
    dropped(session, **by_kind("same-vnet-mi-nsg"))
    dropped(session, whole=case("same-vnet-healthy").snapshot().to_dict())
    assert session.screen["evidence"]["opened"] == "whole.json"
    assert session.screen["verdict"]["kind"] == "reachable" and "Added" not in session.screen["notice"]


def test_own_files_are_never_added_to_a_built_in_case() -> None:
    """A demonstration is no evidence of anybody."""
    session = start()
    session.act({"do": "case", "value": "peering-missing"})
    dropped(session, nsgs=by_kind("same-vnet-mi-nsg")["networksecuritygroups"])
    assert session.screen["evidence"]["count"] == 2 and session.screen["verdict"] is None


def test_evidence_can_be_put_away() -> None:
    """Then files stand for themselves again; the scenario stays."""
    session = start("same-vnet")
    dropped(session, **by_kind("same-vnet-mi-nsg"))
    session.act({"do": "forget"})
    assert (
        session.screen["evidence"] is None
        and session.screen["verdict"] is None
        and session.state.scenario == "same-vnet"
    )
    dropped(session, nsgs=by_kind("same-vnet-mi-nsg")["networksecuritygroups"])
    assert session.screen["evidence"]["count"] == 2


def test_question_that_does_not_fit_the_new_files_is_left() -> None:
    """No error of an old question stays beside new evidence: the screen says what to do."""
    session = start()
    dropped(session, **by_kind("same-vnet-mi-nsg"))
    text = json.dumps(case("peering-missing").snapshot().to_dict()).replace("vm-app", "vm-a")
    document = json.loads(text)
    document["resources"].append(
        {**next(r for r in document["resources"] if r["name"] == "vm-a"), "id": "/b", "name": "vm-b"}
    )
    dropped(session, whole=document)
    assert session.screen["verdict"] is None and not session.screen["error"]
    assert "press Diagnose" in session.screen["notice"] and not session.screen["evidence"]["asked"]


def test_rule_that_is_not_listed_any_more_is_gone() -> None:
    """A separate rule of the older evidence does not outlive a group that came anew with its rules."""
    group = {"id": "/g/nsg", "type": "Microsoft.Network/networkSecurityGroups", "properties": {}}
    rule = {"id": "/g/nsg/securityRules/deny", "type": "Microsoft.Network/networkSecurityGroups/securityRules"}
    known = Snapshot([group, rule])
    listed = {**group, "properties": {"securityRules": []}}
    now, changed = added(known, Snapshot([listed]))
    assert changed == 1 and [one["id"] for one in now.resources] == ["/g/nsg"]
    unlisted = {**group, "location": "x"}
    now, _ = added(known, Snapshot([unlisted]))
    assert len(now.resources) == 2


def test_part_claims_no_more_than_itself() -> None:
    """A document counts as complete for all kinds; added to lists it makes nothing complete that they are not."""
    known = Snapshot([{"id": "/v", "type": "Microsoft.Network/virtualNetworks"}])
    part = from_document({"resources": [{"id": "/n", "type": "Microsoft.Network/networkSecurityGroups"}]})
    now, changed = added(known, part)
    assert part.complete is None and now.complete == frozenset() and changed == 0
    named = from_document({"resources": [], "source": {"complete": ["Microsoft.Network/routeTables"]}})
    now, _ = added(known, named)
    assert now.complete == {"microsoft.network/routetables"} == set(now.source["complete"])


def test_what_was_observed_before_a_change_is_left_out() -> None:
    """Effective routes of yesterday prove nothing about the table of today; nothing changed leaves them."""
    seen = {"kind": "effectiveRoutes", "about": "/nic", "value": []}
    known = Snapshot(
        [{"id": "/rt", "type": "t", "properties": {"routes": [1]}}], observations=[seen], source={"sha256": "x"}
    )
    assert added(known, Snapshot([{"id": "/other", "type": "t"}]))[0].observations == (seen,)
    now, _ = added(known, Snapshot([{"id": "/RT", "type": "t", "properties": {"routes": []}}]))
    assert now.observations == () and "sha256" not in now.source


@pytest.mark.parametrize("one", REPAIRED, ids=lambda one: one.id)
def test_changed_resources_alone_give_the_answer_of_the_whole(one: Any) -> None:
    """For every repair: only what it changed, added to what was known, is judged as the whole new estate is."""
    known = one.snapshot()
    found = diagnose(known, one.source, one.target, one.endpoint)
    assert found.repair is not None
    whole = known.changed(change for change in found.repair.changes if change.document != "question")
    olds = {r["id"].lower(): r for r in known.resources}
    parts = Snapshot([r for r in whole.resources if olds.get(r["id"].lower()) != r])
    target = next((str(c.value) for c in found.repair.changes if c.document == "question"), one.target)
    now, _ = added(Snapshot(known.resources, source=known.source, complete=known.complete), parts)
    bare = Snapshot(whole.resources, source=whole.source, complete=whole.complete)
    answers = [diagnose(each, one.source, target, one.endpoint) for each in (now, bare)]
    assert answers[0].verdict is answers[1].verdict and not (
        stands_alone(parts) and answers[0].verdict is Verdict.BLOCKED
    )
