"""Every built-in case gets its verdict, its root cause and its repair."""

import copy
import json
import tomllib
from dataclasses import asdict

import pytest

from mi_workbook.cases import HERE, Case, all_cases
from mi_workbook.checks.blockers import EXPLAIN
from mi_workbook.checks.catalogue import load as catalogue
from mi_workbook.core.errors import InputError
from mi_workbook.core.trace import Cause
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document, type_of

CASES = all_cases()
IDS = [one.id for one in CASES]
FLIP = {Verdict.REACHABLE: Verdict.BLOCKED, Verdict.BLOCKED: Verdict.REACHABLE}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_case_gets_its_answer(case: Case) -> None:
    """Verdict, root cause, all faults and the proof of the repair are those the case states."""
    found = diagnose(case.snapshot(), case.source, case.target)
    assert case.verdict == found.verdict
    assert case.root_cause == (found.root_cause or "")
    assert set(case.faults) <= {one.fault for one in found.findings}
    assert case.repair_proved == bool(found.repair and found.repair.proved)
    assert case.scenario == found.scenario


@pytest.mark.parametrize("case", [c for c in CASES if c.verdict == "reachable"], ids=lambda c: c.id)
def test_sound_network_has_no_blocker(case: Case) -> None:
    """No finding of a healthy case says that it blocks."""
    found = diagnose(case.snapshot(), case.source, case.target)
    assert [one.fault for one in found.findings if one.severity == "blocks"] == []


def hidden(snapshot: Snapshot, kind: str) -> Snapshot:
    """The snapshot as if this kind had not been collected, and everything else had."""
    document = copy.deepcopy(snapshot.to_dict())
    kinds = {type_of(one).lower() for one in snapshot.resources} | {
        "microsoft.network/privatednszones",
        "microsoft.network/privatednszones/virtualnetworklinks",
        "microsoft.network/networkmanagers",
        "microsoft.network/privateendpoints",
    }
    document["source"]["complete"] = sorted(kinds - {kind})
    document["resources"] = [one for one in document["resources"] if type_of(one).lower() != kind]
    return from_document(document)


KINDS = [
    "microsoft.network/virtualnetworks",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/routetables",
    "microsoft.network/networkinterfaces",
    "microsoft.compute/virtualmachines",
    "microsoft.sql/managedinstances",
    "microsoft.network/networkmanagers",
    "microsoft.network/privatednszones",
    "microsoft.network/privatednszones/virtualnetworklinks",
    "microsoft.network/privatednszones/a",
    "microsoft.network/privateendpoints",
    "microsoft.network/virtualnetworkgateways",
    "microsoft.network/connections",
    "microsoft.network/localnetworkgateways",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_blindfold_never_flips(case: Case, kind: str) -> None:
    """With one kind of evidence hidden a verdict stays or becomes unknown."""
    found = diagnose(hidden(case.snapshot(), kind), case.source, case.target, case.endpoint)
    assert found.verdict in {Verdict(case.verdict), Verdict.UNKNOWN}
    assert found.verdict is not Verdict.UNKNOWN or found.gaps


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_order_and_case_of_ids_change_nothing(case: Case) -> None:
    """Resources in reverse order, with ids in capitals, give the same answer."""
    document = case.snapshot().to_dict()
    document["resources"] = [{**one, "id": one["id"].upper()} for one in reversed(document["resources"])]
    document["source"] = {}
    found = diagnose(from_document(document), case.source, case.target)
    assert (case.verdict, case.root_cause) == (found.verdict, found.root_cause or "")


def test_every_cause_has_words_and_a_function() -> None:
    """The engine cannot say blocked without a fault that explains it."""
    explained = {cause for fault in catalogue().values() for cause in fault.causes}
    assert set(Cause.__members__) == explained
    assert set(Cause) == set(EXPLAIN)


def test_codes_are_unique_and_texts_whole() -> None:
    """Each fault has its own code, a source, words for undoing, and commands in two shells where evidence shows it."""
    faults = catalogue().values()
    assert len({fault.code for fault in faults}) == len(faults)
    for fault in faults:
        assert fault.sources and fault.remedy.powershell and fault.remedy.portal and fault.remedy.undo
        assert fault.remedy.az or fault.shown_by != "evidence"


def test_unknown_source_names_what_there_is() -> None:
    """A source that complete evidence does not hold is bad input, with near names."""
    case = next(c for c in CASES if c.id == "peering-healthy")
    with pytest.raises(InputError, match="vm-app"):
        diagnose(case.snapshot(), "vm-ap", case.target)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"peeringState": "Frozen"}, Verdict.UNKNOWN),
        ({"peeringState": 7}, Verdict.UNKNOWN),
        ({"peeringState": "connected"}, Verdict.REACHABLE),
    ],
)
def test_unknown_word_of_azure_is_unknown(change: dict[str, object], expected: Verdict) -> None:
    """A state nobody documented is neither open nor shut; case does not matter."""
    document = json.loads(json.dumps(next(c for c in CASES if c.id == "peering-healthy").snapshot().to_dict()))
    for one in document["resources"]:
        for peering in one["properties"].get("virtualNetworkPeerings", []):
            peering["properties"].update(change)
    document["source"] = {}
    case = next(c for c in CASES if c.id == "peering-healthy")
    assert expected == diagnose(from_document(document), case.source, case.target).verdict


def test_custom_dns_is_unknown_until_the_endpoint_is_given() -> None:
    """What a custom DNS server answers is not in Azure's configuration."""
    case = next(c for c in CASES if c.id == "same-vnet-healthy")
    document = json.loads(json.dumps(case.snapshot().to_dict()))
    for one in document["resources"]:
        if one["type"].endswith("virtualNetworks"):
            one["properties"]["dhcpOptions"] = {"dnsServers": ["10.0.1.9"]}
    document["source"] = {}
    snapshot = from_document(document)
    assert diagnose(snapshot, case.source, case.target).verdict == Verdict.UNKNOWN
    assert diagnose(snapshot, case.source, case.target, "vnet-local").verdict == Verdict.REACHABLE


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c.id in {"peering-missing", "app-service-healthy", "hub-gateway-sound"}],
    ids=lambda c: c.id,
)
def test_instance_may_be_named_by_its_arm_id(case: Case) -> None:
    """Whatever the case of its letters, the answer is that of the instance's short name."""
    at = next(r["id"] for r in case.snapshot().resources if r["type"].lower() == "microsoft.sql/managedinstances")
    by_name = diagnose(case.snapshot(), case.source, at.rsplit("/", 1)[1])
    for written in (at, at.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")):
        found = diagnose(case.snapshot(), case.source, written)
        assert (found.verdict, found.root_cause) == (by_name.verdict, by_name.root_cause)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_list_reads_what_the_whole_file_says(case: Case) -> None:
    """Lists read a file up to its first table only: question and answer stand there whole."""
    whole = tomllib.loads((HERE / case.id / "case.toml").read_text(encoding="utf-8"))
    said = {name: value for name, value in asdict(case).items() if name in whole}
    assert said == {
        name: tuple(value) if isinstance(value, list) else value for name, value in whole.items() if name in said
    }
    assert (case.source, case.target, case.endpoint) == (whole["from"], whole["to"], whole.get("endpoint", "auto"))
    assert {"title", "story", "scenario", "verdict", "root_cause", "faults", "repair_proved"} <= set(said)
