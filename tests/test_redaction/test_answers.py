"""Redacted evidence gives the answers of the evidence it was made from: every built-in case, pasted output, sessions, and twice."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.cli import main
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Change, Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.redacted import compared, redacted, refuse_other_answers
from mi_workbook.evidence.azure.permissions import permissions
from mi_workbook.evidence.explain import read_paste
from mi_workbook.evidence.files import load
from mi_workbook.evidence.integrity import sealed, state
from mi_workbook.evidence.machine import Interface, Machine, Resolver, Route, observations
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.probes.dns import Answer, DnsResult
from mi_workbook.evidence.probes.outcome import AddressClass, Outcome
from mi_workbook.evidence.probes.run import FORMAT, plain_value
from mi_workbook.evidence.probes.tcp import TcpResult
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.evidence.redaction.vocabulary import read
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.workbook.saved import resume, save
from mi_workbook.workbook.state import State

KEY = b"k" * 32
FIXTURES = sorted(
    path
    for path in (Path(__file__).parent.parent / "pastes" / "fixtures").rglob("*")
    if path.suffix in {".txt", ".xml", ".ovpn", ".csv"}
)
ASKED = ("developer-box-sound", "same-vnet-healthy", "app-service-healthy")


def told(found: Diagnosis) -> dict[str, Any]:
    """All of an answer that pseudonyms must not touch."""
    repair = found.repair
    return {
        "verdict": found.verdict, "root cause": found.root_cause, "scenario": found.scenario, "endpoint": found.endpoint,
        "findings": sorted((one.fault, one.severity, one.explains_verdict) for one in found.findings),
        "decisions": [(way.direction, way.verdict, [(d.kind, d.cause, d.result) for d in way.decisions]) for way in found.traces],
        "gaps": len(found.gaps),
        "repair": repair and (repair.proved, repair.minimal, len(repair.changes), repair.verdict_after, repair.faults),
        "beside": [(one.matter, one.agree, bool(one.next_test)) for one in found.at_source.beside],
        "told": [(one.weight, one.suspects) for one in found.at_source.told],
    }  # fmt: skip


def both(snapshot: Snapshot, one: Case, times: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer before and after redaction."""
    given, source, target = snapshot, one.source, one.target
    for key in (KEY, b"o" * 32)[:times]:
        redactor = Redactor(key)
        given = redactor.snapshot(given).snapshot
        source, target = redactor.question(source), redactor.question(target)
    return told(diagnose(snapshot, one.source, one.target, one.endpoint)), told(
        diagnose(given, source, target, one.endpoint)
    )


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_every_case_keeps_its_answer(one: Case, tmp_path: Path) -> None:
    """Redacted, saved, loaded and asked in the new names: verdict, cause, every finding, decision, gap and the repair."""
    redactor, given = Redactor(KEY), one.snapshot()
    redactor.snapshot(given).snapshot.save(tmp_path / "out.json")
    after = diagnose(
        load(tmp_path / "out.json"), redactor.question(one.source), redactor.question(one.target), one.endpoint
    )
    assert told(after) == told(diagnose(given, one.source, one.target, one.endpoint))
    assert (after.verdict.value, after.root_cause or "") == (one.verdict, one.root_cause)


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_redacting_twice_keeps_the_answer(one: Case) -> None:
    """Pseudonyms of pseudonyms: kinds, reserved names, words and certificates survive a second time."""
    before, after = both(one.snapshot(), one, times=2)
    assert after == before


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_files_of_other_programs_keep_their_answer(one: Case, tmp_path: Path) -> None:
    """A bare list claims nothing of what is not in it: saved and loaded, redacted or not, it still claims nothing."""
    (tmp_path / "list.json").write_text(json.dumps(list(one.snapshot().resources)))
    given, redactor = load(tmp_path / "list.json"), Redactor(KEY)
    given.save(tmp_path / "again.json")
    redactor.snapshot(given).snapshot.save(tmp_path / "out.json")
    before = told(diagnose(given, one.source, one.target, one.endpoint))
    assert told(diagnose(load(tmp_path / "again.json"), one.source, one.target, one.endpoint)) == before
    asked = redactor.question(one.source), redactor.question(one.target)
    assert told(diagnose(load(tmp_path / "out.json"), *asked, one.endpoint)) == before
    assert load(tmp_path / "out.json").absence("Microsoft.Network/networkManagers") in {"unstated", "proven"}


ACTIONS = [one.action for one in permissions()]
PROBLEMS: list[dict[str, Any]] = [
    *({"scope": "/subscriptions/11111111-1111-1111-1111-111111111111", "operation": action, "status": 403, "code": "AuthorizationFailed"}
      for action in ACTIONS),
    {"scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/vnet-app", "operation": "", "status": 429},
    {"scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Contoso/things/x", "operation": "", "status": 403},
    {"scope": "everything that anna may read", "operation": "a query", "status": 500}, {"scope": "", "operation": "Microsoft.Contoso/things/read"},
    {"scope": "x", "operation": "Microsoft.Network/privateDnsZones/read", "kinds": []},
    {"scope": "x", "operation": "y", "kinds": ["Microsoft.Network/privateDnsZones", "Contoso.Own/things"]},
]  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p["operation"] or p["scope"] or "none")
def test_what_could_not_be_read_stays_unread(problem: dict[str, Any]) -> None:
    """The same kinds count as read whole, as partial and as unstated, whatever could not be read."""
    given = from_document(case("peering-missing").snapshot().to_dict() | {"problems": [problem]})
    after = Redactor(KEY).snapshot(given).snapshot
    kinds = read("words")["kinds"]
    assert {kind: after.absence(kind) for kind in kinds} == {kind: given.absence(kind) for kind in kinds}
    assert {one: after.refused(one) for one in ACTIONS} == {one: given.refused(one) for one in ACTIONS}
    assert "anna" not in json.dumps(after.to_dict()) and "ontoso" not in json.dumps(after.to_dict())


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_pasted_output_keeps_what_it_tells(path: Path) -> None:
    """Beside three cases: verdict, both sides of each matter, and the weight and suspects of all that is told."""
    sent = observations_of(read_paste(str(path)), path.name)
    for name in ASKED:
        before, after = both(case(name).snapshot().observed(sent), case(name))
        assert after == before


def probed(result: Any, kind: str) -> dict[str, Any]:
    """A probe's result as the observation it becomes."""
    host = case("same-vnet-healthy").target
    return {"kind": kind, "about": f"{host},1433", "from": "client", "at": "2026-11-20T09:00:00+00:00", "format": FORMAT,
            "value": plain_value(asdict(result))}  # fmt: skip


@pytest.mark.parametrize(
    ("address", "outcome"), [("10.0.0.4", Outcome.OPEN), ("10.0.0.4", Outcome.TIMEOUT), ("10.7.0.9", Outcome.REFUSED)]
)
def test_probes_keep_what_they_show(address: str, outcome: Outcome) -> None:
    """A name's answer and a connection as probes write them, and the machine's own tables."""
    one = case("same-vnet-healthy")
    host = one.target.partition(",")[0]
    dns = DnsResult(
        host, "10.0.1.5", Outcome.ANSWERED, 2.0, (Answer(address, AddressClass.PRIVATE),), ("tr1.worker.example",)
    )
    tcp = TcpResult(address, 1433, outcome, 3.0, 10.0, local="10.0.1.4", detail="from host ANNA-PC")
    machine = Machine("linux", (Route("0.0.0.0/0", "10.0.1.1", "eth0", 100),), (Interface("eth0", True, ("10.0.1.4/24",)),),
                      (Resolver(("10.0.1.5",), "eth0", "corp.example"),))  # fmt: skip
    sent = [
        probed(dns, "probe-dns"),
        probed(tcp, "probe-tcp"),
        *({**o, "from": "client"} for o in observations(machine)),
    ]
    before, after = both(one.snapshot().observed(sent), one)
    assert after == before
    text = json.dumps(Redactor(KEY).snapshot(one.snapshot().observed(sent)).snapshot.to_dict())
    assert not [word for word in ("ANNA-PC", "corp.example", "10.0.1.5", "10.7.0.9", "tr1") if word in text]


def test_a_session_file_opens_on_the_same_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With pasted output in it: same verdict, step and depth; no old name in the file; redacted a second time as well."""
    state = State()
    state.open_case("developer-box-old-package")
    state.depth = "owner"
    state.paste((Path(__file__).parent.parent / "pastes/fixtures/nslookup/linux.txt").read_text())
    (tmp_path / "walk.json").write_text(save(state))
    for given, made in (("walk", "first"), ("first", "second")):
        assert main(["redact", str(tmp_path / f"{given}.json"), "--out", str(tmp_path / f"{made}.json")]) == 0
        assert "the question read the same" in capsys.readouterr().out
        again = State()
        resume(again, "again", (tmp_path / f"{made}.json").read_bytes())
        assert told(again.diagnosis) == told(state.diagnosis)  # type: ignore[arg-type]
        assert (again.at, again.depth) == (state.at, "owner")
        text = (tmp_path / f"{made}.json").read_text()
        assert not [
            word for word in ("vgw-data", "mi-orders", "rg-data", "rndatavnet", "built-in case:") if word in text
        ]


def test_a_session_without_evidence_has_nothing_to_hide(tmp_path: Path) -> None:
    """Answers are ids of questions: the file is what it was."""
    state = State()
    state.talk.begin("start")
    state.talk.answer(state.talk.walk.step.answers[0].id)  # type: ignore[union-attr]
    (tmp_path / "talk.json").write_text(save(state))
    assert main(["redact", str(tmp_path / "talk.json"), "--out", str(tmp_path / "out.json")]) == 0
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(save(state))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["walk.json", "more.json"], "redacted alone"), (["walk.json", "--out", "out.zip"], ".json file")],
)
def test_what_cannot_be_done_with_a_session_is_said(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    state = State()
    state.open_case("peering-healthy")
    Path("walk.json").write_text(save(state))
    Path("more.json").write_text("[]")
    assert main(["redact", "--out", "out.json", *arguments]) == 2
    assert says in capsys.readouterr().err and not list(tmp_path.glob("out*"))


def odd_routes() -> Snapshot:
    """An app behind a gateway whose route for the instance begins and ends inside networks: no prefix, so no pseudonym."""
    given = case("app-gateway-sound").snapshot()
    site = next(one["id"] for one in given.resources if one["id"].endswith("/virtualNetworkConnections/app-conn"))
    routes = [
        {"name": "odd", "properties": {"startAddress": "9.255.7.9", "endAddress": "10.0.3.7", "routeType": "STATIC"}}
    ]
    return given.changed([Change(site, "/properties/routes", routes)])


def test_a_file_that_would_read_otherwise_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The paths are named, in the owner's words, for the report as well as for the file."""
    one, given = case("app-gateway-sound"), odd_routes()
    before = diagnose(given, one.source, one.target)
    redactor = Redactor(KEY)
    seen = compared(given, redactor.snapshot(given).snapshot, redactor)
    assert seen.different and all("app-orders" in path for path in seen.different) and seen.asked > len(seen.different)
    with pytest.raises(InputError, match="read otherwise"):
        refuse_other_answers(seen)
    with pytest.raises(InputError, match="Not redacted"):
        redacted(given, before, "auto")
    given.save(tmp_path / "in.json")
    assert main(["redact", str(tmp_path / "in.json"), "--out", str(tmp_path / "out.json")]) == 2
    assert "app-orders" in capsys.readouterr().err and not (tmp_path / "out.json").exists()


def test_a_range_that_is_a_prefix_keeps_its_answer() -> None:
    """Older versions of the interface write the first and the last address of a route."""
    one = case("app-gateway-sound")
    given = one.snapshot()
    site = next(one["id"] for one in given.resources if one["id"].endswith("/virtualNetworkConnections/app-conn"))
    routes = [
        {
            "name": "a",
            "properties": {"startAddress": "10.0.0.0", "endAddress": "10.0.255.255", "routeType": "INHERITED"},
        }
    ]
    before, after = both(given.changed([Change(site, "/properties/routes", routes)]), one)
    assert after == before and before["verdict"] == "reachable"


def test_what_was_not_compared_in_time_is_counted() -> None:
    """No second is left: nothing was asked, and that is said."""
    given, redactor = case("hub-appliance-sound").snapshot(), Redactor(KEY)
    seen = compared(given, redactor.snapshot(given).snapshot, redactor, seconds=-1)
    assert seen.asked == 0 and seen.left > 0


def test_one_key_keeps_two_snapshots_comparable() -> None:
    """Before and after get the same pseudonyms under one key, others under another."""
    before, after = (case(name).snapshot() for name in ("peering-healthy", "peering-missing"))
    first, second, other = (
        {r["id"] for r in Redactor(key).snapshot(one).snapshot.resources}
        for key, one in ((KEY, before), (KEY, after), (b"o" * 32, before))
    )
    assert first == second and not first & other


def test_names_file_undoes_it_for_the_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands for what, in a file of its own and never in the evidence."""
    out, names = tmp_path / "out.json", tmp_path / "names.json"
    assert main(["redact", "case:hub-firewall-denies", "--out", str(out), "--names", str(names)]) == 0
    shown = capsys.readouterr().out
    pairs = json.loads(names.read_text())
    by_name = {original: stands for found in pairs.values() for stands, original in found.items()}
    assert by_name["vm-app"] in out.read_text() and f"--from {by_name['vm-app']}" in shown
    assert "keep it to yourself" in shown and "vm-app" not in out.read_text()


def test_hash_shows_a_change(tmp_path: Path) -> None:
    """A sealed snapshot is intact after saving and loading, and says so when a value was touched."""
    whole = case("peering-healthy").snapshot()
    assert state(whole) == "unsealed"
    sealed(whole).save(tmp_path / "one.json.gz")
    loaded = load(tmp_path / "one.json.gz")
    assert state(loaded) == "intact"
    document = loaded.to_dict()
    document["resources"][0]["location"] = "elsewhere"
    assert state(from_document(document)) == "changed"


def test_file_that_was_edited_after_its_collection_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the command line and on the screen; the answer is given all the same. A whole file and one without a hash are not."""
    whole, edited = tmp_path / "whole.json", tmp_path / "edited.json"
    sealed(case("peering-healthy").snapshot()).save(whole)
    edited.write_text(whole.read_text().replace("10.1.1.4", "10.1.1.5"))
    for path, said in ((whole, False), (edited, True)):
        assert main(["diagnose", str(path), "--from", "vm-app", "--to", "mi-orders"]) == 0
        assert ("is not what was collected" in capsys.readouterr().err) is said
        shown = State()
        shown.open_files([(path.name, path.read_bytes())])
        assert ("is not what was collected" in shown.notice) is said
