"""The session as a person uses it, without a browser: every action, bad input, and the session file."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_redaction.test_answers import odd_routes

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.core.errors import InputError
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.views.table import Table
from mi_workbook.workbook.saved import resume, save
from mi_workbook.workbook.session import Session, practise, start
from mi_workbook.workbook.state import State

SECRET = "hunter2-very-secret"


def opened(case_id: str) -> Session:
    """A session on a built-in case."""
    session = start()
    session.act({"do": "case", "value": case_id})
    return session


def part(session: Session, kind: str) -> dict[str, Any]:
    """The first part of this kind on the screen."""
    found: dict[str, Any] = next(one for one in session.screen["parts"] if one["kind"] == kind)
    return found


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: c.id)
def test_each_case_shows_verdict_steps_and_what_to_do_next(case: Case) -> None:
    """One choice leads to the verdict, every step of the tree with its outcome, and the next thing to do."""
    shown = opened(case.id).screen
    json.dumps(shown)
    assert shown["verdict"]["kind"] == case.verdict
    assert shown["next"] and not shown["error"]
    assert [step["current"] for step in shown["steps"]].count(True) == 1
    labels = {"Root cause", "What is missing", "Found beside Azure's configuration", ""}
    assert (shown["cause"] or {}).get("label", "") in labels
    assert all(step["word"] for step in shown["steps"][:-1])
    for step in shown["steps"]:
        assert step["sign"] or not step["kind"]  # an outcome is never a colour alone


def test_broken_case_reaches_its_repair_at_once() -> None:
    """Choosing a case shows the verdict, the picture with the break, and the commands of the repair."""
    session = opened("peering-missing")
    assert session.screen["cause"]["label"] == "Root cause"
    assert "az network vnet peering create" in json.dumps(part(session, "repair")["items"][0]["az"])
    assert "BLOCKED HERE" in part(session, "picture")["svg"]


def test_steps_are_revisited_and_unreached_ones_are_not() -> None:
    """A step on the way opens with its own tables; one that the packet never reached is refused in words."""
    session = opened("peering-missing")
    session.act({"do": "step", "value": "client-rules"})
    assert session.screen["step"]["title"].startswith("May the source")
    assert part(session, "table")["id"] == "client-nsg"
    assert session.screen["step"]["next"] == "route-there"
    session.act({"do": "step", "value": "way-back"})
    assert "not on the way" in session.screen["error"]
    assert session.screen["verdict"]["kind"] == "blocked"


def test_another_question_is_judged_at_once() -> None:
    """Changing source or server name gives the new verdict; a question that fits nothing leaves no old answer."""
    session = opened("peering-missing")
    target = session.screen["question"]["target"]
    session.act({"do": "ask", "source": "vm-app", "target": "mi-orders,3342", "endpoint": "auto"})
    assert session.screen["verdict"]["kind"] == "blocked"
    session.act({"do": "ask", "source": "no-such-vm", "target": target, "endpoint": "auto"})
    assert "no-such-vm" in session.screen["error"]
    assert session.screen["verdict"] is None and not session.screen["parts"]


def test_both_reading_depths_have_their_own_words() -> None:
    """The application owner reads other words than the network engineer, for the same verdict."""
    session = opened("peering-missing")
    engineer = part(session, "repair")["items"][0]["says"]
    session.act({"do": "depth", "value": "owner"})
    owner = part(session, "repair")["items"][0]["says"]
    assert owner == "The two networks are not connected with each other." != engineer
    session.act({"do": "depth", "value": "<script>"})
    assert session.screen["depth"] == "engineer"


def test_pasted_connection_string_gives_its_server_and_no_secret() -> None:
    """A whole connection string in the place of the server name is understood, and its password is nowhere."""
    session = opened("peering-missing")
    text = f"Server=tcp:mi-orders.a1b2c3d4e5f6.database.windows.net,1433;Database=d;User ID=u;Password={SECRET};"
    session.act({"do": "ask", "source": "vm-app", "target": text, "endpoint": "auto"})
    assert session.screen["verdict"]["kind"] == "blocked"
    assert session.screen["question"]["target"].startswith("mi-orders.a1b2c3d4e5f6")
    assert SECRET not in json.dumps(session.screen) + save(session.state)
    session.act({"do": "ask", "source": "vm-app", "target": f"Password={SECRET};", "endpoint": "auto"})
    assert SECRET not in json.dumps(session.screen) + save(session.state)


@pytest.mark.parametrize(
    "message",
    [None, 7, [], {}, {"do": 5}, {"do": "fly"}, {"do": "case", "value": "nope"}, {"do": "files", "names": 3},
     {"do": "step"}, {"do": "download", "value": "html"}, {"do": "scenario", "value": "x" * 10_000}, {"do": "ask"}],
)  # fmt: skip
def test_whatever_the_browser_sends_ends_in_words(message: Any) -> None:
    """A message of any shape changes the screen or says what is wrong; it never raises."""
    session = start()
    session.act(message)
    assert "Traceback" not in session.screen["error"]
    assert session.screen["turn"] == 1


def test_our_own_crash_is_said_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash says may hold values of the evidence: the kind of error and what to do are shown, nothing else."""

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    session = opened("peering-missing")
    monkeypatch.setattr("mi_workbook.workbook.state.diagnose", crash)
    session.act({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
    assert "RuntimeError" in session.screen["error"] and SECRET not in json.dumps(session.screen)
    monkeypatch.undo()
    session.act({"do": "case", "value": "peering-missing"})
    monkeypatch.setattr("mi_workbook.workbook.screen.views", crash)
    session.act({"do": "depth", "value": "owner"})
    assert "could not be shown" in session.screen["error"] and SECRET not in json.dumps(session.screen)


def test_evidence_says_how_complete_it_is_and_what_is_missing() -> None:
    """Counts, completeness and gaps of the question stand on the screen."""
    session = opened("developer-box-sound")
    known = session.screen["evidence"]
    assert known["count"] == len(case("developer-box-sound").snapshot().resources)
    assert "1 managed instance" in known["kinds"] and "complete" in known["complete"]
    assert known["missing"][0]["how"]
    bare = [one for one in case("peering-healthy").snapshot().resources]
    session.act({"do": "files", "names": ["a.json"]}, [json.dumps(bare).encode()])
    assert session.screen["evidence"]["opened"] == "a.json"
    assert "not collected" in session.screen["evidence"]["complete"]


def test_bad_upload_leaves_everything_as_it_was() -> None:
    """A file that cannot be read is named; the answer on the screen stays."""
    session = opened("peering-missing")
    session.act({"do": "files", "names": ["cut.json"]}, [b'[{"id": "/subscriptions/1'])
    assert "cut.json" in session.screen["error"]
    assert session.screen["verdict"]["kind"] == "blocked"


def test_person_at_the_source_is_asked_and_their_paste_is_read() -> None:
    """A request names the instance's full name; pasted output becomes conclusions and tables, strange lines are shown."""
    session = opened("developer-box-sound")
    assert len(session.screen["ask"]["places"]) > 5
    session.act({"do": "request", "value": "laptop-windows"})
    lines = session.screen["ask"]["request"]["lines"]
    assert any(line.startswith("Test-NetConnection") and "mi-orders.a1b2c3d4e5f6" in line for line in lines)
    output = """PS C:\\> Test-NetConnection -ComputerName mi-orders.a1b2c3d4e5f6.database.windows.net -Port 1433

ComputerName     : mi-orders.a1b2c3d4e5f6.database.windows.net
RemoteAddress    : 10.0.0.4
RemotePort       : 1433
InterfaceAlias   : vgw
SourceAddress    : 172.16.201.5
TcpTestSucceeded : True

what is this line
"""
    session.act({"do": "paste", "value": output})
    ask = session.screen["ask"]
    assert not session.screen["error"] and ask["read"] and any(one["sign"] == "✓" for one in ask["answers"])
    assert any("what is this line" in line for line in ask["left"])
    assert any(table["id"].startswith("paste-") for table in session.screen["tables"])
    session.act({"do": "paste", "value": "   "})
    assert "nothing to read" in session.screen["error"]
    session.act({"do": "request", "value": "the moon"})
    assert session.screen["error"]
    session.act({"do": "case", "value": "peering-missing"})
    assert session.screen["ask"]["read"] == [] and not session.screen["error"]


def test_paste_turns_the_verdict_of_its_source_only() -> None:
    """What was tested from one source is evidence for it, saved with the session, and counts for no other source."""
    session = opened("hub-appliance-sound")
    assert session.screen["verdict"]["kind"] == "unknown"
    target = session.screen["question"]["target"]
    session.act({"do": "paste", "value": _connection(target)})
    assert "judged again" in session.screen["notice"] and not session.screen["error"]
    assert session.state.snapshot is not None
    mine = [one for one in session.state.snapshot.observations if one.get("from") == "vm-app"]
    assert mine and not any(one.get("from") == "client" for one in session.state.snapshot.observations)
    other = start()
    other.act({"do": "files", "names": ["s.json"]}, [save(session.state).encode()])
    assert other.screen["verdict"] == session.screen["verdict"]
    failed = opened("same-vnet-proxy-healthy")
    assert failed.screen["verdict"]["kind"] == "reachable"
    failed.act(
        {"do": "paste", "value": f"nc: connect to {target} (10.0.0.4) port 1433 (tcp) failed: Connection refused\n"}
    )
    assert failed.screen["verdict"]["kind"] == "unknown"  # Azure lets it through and the test failed: look outside
    source = next(one for one in failed.screen["question"]["sources"] if one.endswith("/snet-app"))
    failed.act({"do": "ask", "source": source, "target": target, "endpoint": "auto"})
    assert failed.screen["verdict"]["kind"] == "reachable"


def _connection(host: str) -> str:
    return (
        f"PS C:\\> Test-NetConnection -ComputerName {host} -Port 1433\n\nComputerName     : {host}\n"
        "RemoteAddress    : 10.0.0.4\nRemotePort       : 1433\nInterfaceAlias   : Ethernet\n"
        "SourceAddress    : 10.0.1.4\nTcpTestSucceeded : True\n\n"
    )


def test_downloads_are_sent_to_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report in both forms, session and ticket summary leave by a message, without a detour over a server."""
    session = opened("peering-missing")
    sent: list[dict[str, str]] = []
    monkeypatch.setattr(session, "send", sent.append)
    for form in ("html", "markdown", "session", "ticket"):
        session.act({"do": "download", "value": form})
    assert [one.get("save", "copy") for one in sent] == ["report.html", "report.md", "session.json", "copy"]
    assert "BLOCKED" in sent[3]["copy"] and sent[0]["text"].startswith("<!doctype html>")


@pytest.mark.parametrize("case_id", ["peering-missing", "developer-box-sound", "same-vnet-healthy"])
def test_session_file_brings_the_same_screen_back(case_id: str) -> None:
    """Saved in the middle of a walk and dropped on a new page, it shows the same step of the same answer."""
    session = opened(case_id)
    session.act({"do": "depth", "value": "owner"})
    session.act({"do": "step", "value": session.screen["steps"][1]["id"]})
    other = start()
    other.act({"do": "files", "names": ["s.json"]}, [save(session.state).encode()])
    for name in ("verdict", "cause", "steps", "step", "next", "parts", "tables", "depth", "question", "error"):
        assert other.screen[name] == session.screen[name]


def test_session_keeps_what_the_evidence_does_not_say() -> None:
    """Evidence without a claim of completeness has none after it was saved either."""
    state = State()
    state.open_files([("a.json", json.dumps(list(case("peering-healthy").snapshot().resources)).encode())])
    other = State()
    resume(other, "s.json", save(state).encode())
    kinds = ("Microsoft.Network/virtualNetworks", "Microsoft.Network/routeTables")
    assert state.snapshot is not None and other.snapshot is not None
    assert [other.snapshot.absence(kind) for kind in kinds] == [state.snapshot.absence(kind) for kind in kinds]


def _session(**changes: Any) -> bytes:
    state = State()
    state.open_case("peering-missing")
    return json.dumps({**json.loads(save(state)), **changes}).encode()


@pytest.mark.parametrize(
    "data",
    [
        _session()[:-200], _session()[:60], _session(version=2), _session(version=True), _session(snapshot=None),
        _session(snapshot={"resources": []}), _session(snapshot=[1]), _session(source=5), _session(depth="deep"),
        _session(scenario="nowhere"), _session(snapshot={"format": "mi-workbook/snapshot", "version": 9, "resources": []}),
        b'{"format": "mi-workbook/session", "version": 1, "snapshot": ' + b"[" * 100_000, b"\xff\xfe\x00mi-workbook/session",
    ],
)  # fmt: skip
def test_damaged_session_file_changes_nothing(data: bytes) -> None:
    """Cut off, of another version or of the wrong shape: it is refused in words and the screen stays."""
    session = opened("peering-one-sided")
    before = session.screen["verdict"]
    with pytest.raises(InputError):
        resume(State(), "s.json", data)
    session.act({"do": "files", "names": ["s.json"]}, [data])
    assert session.screen["error"] and "failed" not in session.screen["error"]
    assert session.screen["verdict"] == before


def test_session_of_an_unknown_step_opens_at_the_answer() -> None:
    """A step that the tree no longer has does not keep the rest from opening."""
    state = State()
    resume(state, "s.json", _session(step="gone"))
    assert state.at == "repair"


def test_hostile_names_reach_the_screen_as_text_only() -> None:
    """Control characters are shown, and markup goes into no SVG."""
    text = json.dumps(case("peering-missing").snapshot().to_dict())
    evil = json.dumps("<img src=x onerror=alert(1)>\x1b[31m\u202e")[1:-1]
    document = json.loads(text.replace('"name": "snet-app"', f'"name": "{evil}"'))
    session = start()
    session.act({"do": "files", "names": [f"x\x1b{SECRET}.json"]}, [json.dumps(document).encode()])
    session.act({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
    raw = json.dumps(session.screen, ensure_ascii=False)
    assert "\x1b" not in raw and "\u202e" not in raw
    assert "<img" not in part(session, "picture")["svg"]


def test_ten_thousand_rows_are_sent_as_values() -> None:
    """A large table costs about its texts: no markup, no cell objects where nothing is marked."""
    from mi_workbook.workbook.values import table_values

    table = Table.of("t", ("a", "b"), [(f"row {number}", "x") for number in range(10_000)])
    sent = table_values("t", table)
    assert sent["rows"][9_999] == ["row 9999", "x"]
    assert len(json.dumps(sent)) < 300_000


def test_evidence_of_no_instance_asks_for_it() -> None:
    """Evidence without an instance does not pretend to have a question."""
    state = State()
    state.take(Snapshot([]), "nothing")
    state.ask()
    assert "instance" in state.error
    state.take(load_bytes([("x.json", b"[]")]), "x.json")
    assert state.targets == [] and state.sources == ["internet"]


def answer(session: Session, *answers: str) -> dict[str, Any]:
    """The questions after these answers."""
    for one in answers:
        session.act({"do": "answer", "value": one})
    talk: dict[str, Any] = session.screen["talk"]
    return talk


def test_start_asks_the_first_question_at_once() -> None:
    """Without evidence the screen says where to begin; with a scenario chosen it does not insist."""
    talk = start().screen["talk"]
    assert talk["tree"] == "start" and talk["step"]["asks"] == "What does the error say?"
    assert start("hub-spoke").screen["talk"]["tree"] == ""


def test_answers_lead_to_the_scenario_and_narrow_its_cases() -> None:
    """Three plain answers; the scenario is chosen, its notebook named."""
    session = start()
    talk = answer(session, "timeout", "private", "never", "app", "gateway")
    assert talk["end"]["kind"] == "tree" and talk["end"]["scenario"] == "app-service-gateway"
    assert session.screen["choose"]["scenario"] == "app-service-gateway"
    assert "app-service-gateway.ipynb" in session.screen["notice"]
    assert [one["says"] for one in talk["trail"]][-1].startswith("Gateway-required")


def test_tree_leads_into_another_tree_and_an_answer_can_be_changed() -> None:
    """The trail keeps every answer; changing one asks again from there."""
    session = start()
    talk = answer(session, "login")
    assert talk["tree"] == "client" and len(talk["trail"]) == 1
    session.act({"do": "revisit", "value": 0})
    talk = session.screen["talk"]
    assert talk["tree"] == "start" and talk["step"]["number"] == 1 and not talk["trail"]
    assert answer(session, "name")["step"]["asks"].startswith("Which name")


def test_repair_that_answers_point_at_has_words_and_a_note_to_hand_on() -> None:
    """Suspects are named as suspects; no placeholder of the data is left open in braces."""
    session = start()
    session.act({"do": "talk", "value": "web-app"})
    talk = answer(session, "denied")
    assert talk["end"]["kind"] == "repair"
    assert talk["end"]["suspects"][0]["title"] == "The right to join the subnet is missing"
    assert "not proved" in talk["end"]["note"] and "{" not in json.dumps(talk["end"]["suspects"])[1:].replace('{"', "")


def test_error_text_is_read_and_no_secret_of_a_string_is_kept() -> None:
    """The layer, what is ruled out, and where to go on; the password is nowhere."""
    session = start()
    session.act(
        {
            "do": "error-text",
            "value": "Microsoft.Data.SqlClient.SqlException: Login failed for user 'app'. Error Number:18456",
        }
    )
    read = session.screen["talk"]["read"]
    assert read["layer"] == "login" and read["rules_out"] and session.screen["talk"]["proposed"][0]["id"] == "client"
    session.act(
        {
            "do": "error-text",
            "value": f"Server=tcp:mi-orders.public.a1b2c3d4e5f6.database.windows.net,3342;Password={SECRET}",
        }
    )
    assert session.screen["talk"]["proposed"][0]["id"] == "public-endpoint"
    assert SECRET not in json.dumps(session.screen) and SECRET not in repr(session.state)


def test_evidence_proposes_its_scenarios_with_reasons() -> None:
    """Choosing one narrows the cases."""
    session = opened("on-premises-sound")
    fits = session.screen["talk"]["fits"]
    assert "on-premises-vpn" in {one["id"] for one in fits} and all(one["why"] for one in fits)


def test_end_of_a_scenario_leads_on_to_questions() -> None:
    """Where Azure lets it through, the app's console is asked about next."""
    session = opened("app-service-healthy")
    assert session.screen["step"]["leads"][1] == "web-app"
    session.act({"do": "talk", "value": "web-app"})
    assert session.screen["talk"]["step"]["asks"]
    assert session.screen["verdict"]["headline"] in answer(session, "denied")["end"]["note"]


@pytest.mark.parametrize("message", [{"do": "answer", "value": "nope"}, {"do": "answer"}, {"do": "revisit", "value": "x"},
                                     {"do": "revisit", "value": 99}, {"do": "talk", "value": "nope"}, {"do": "mark", "value": "x"},
                                     {"do": "error-text", "value": ""}, {"do": "practice", "value": 3}])  # fmt: skip
def test_bad_message_is_said_in_words(message: dict[str, Any]) -> None:
    """No action of the browser ends in a traceback."""
    session = start("hub-spoke") if message["do"] != "answer" else start()
    session.act(message)
    assert "failed at this" not in session.screen["error"]


def test_session_file_brings_the_answers_back(tmp_path: Path) -> None:
    """Same trail, same question; answers of another version are dropped, the evidence stays."""
    session = opened("peering-missing")
    session.act({"do": "talk", "value": "start"})
    answer(session, "login")
    held = save(session.state)
    other = State()
    resume(other, "s.json", held.encode())
    again = Session(other)
    assert again.screen["talk"]["trail"] == session.screen["talk"]["trail"] and again.screen["talk"]["tree"] == "client"
    broken = json.loads(held)
    broken["talk"] = [{"scenario": "start", "answered": [["error", "gone"]]}, 7]
    resume(other, "s.json", json.dumps(broken).encode())
    assert other.snapshot is not None and other.talk.walk is None


def test_answers_without_evidence_are_kept() -> None:
    """Questions come before evidence: they can be saved alone; nothing answered is nothing to save."""
    session = start()
    with pytest.raises(InputError):
        save(session.state)
    answer(session, "timeout")
    held = save(session.state)
    again = Session(State())
    again.act({"do": "files", "names": ["s.json"]}, [held.encode()])
    assert not again.screen["error"] and again.screen["evidence"] is None
    assert again.screen["talk"]["trail"] == session.screen["talk"]["trail"]
    for talk in ([{"scenario": "start", "answered": 7}, 7], [{"scenario": "gone", "answered": []}], []):
        damaged = json.dumps({**json.loads(held), "talk": talk}).encode()
        again.act({"do": "files", "names": ["s.json"]}, [damaged])
        assert again.screen["error"] and "failed" not in again.screen["error"]
        assert again.screen["talk"]["trail"] == session.screen["talk"]["trail"]


def test_each_answer_says_what_it_would_prove() -> None:
    """The consequence stands beside the answer, before it is given."""
    asked = start().screen["talk"]["step"]
    assert all(says and one and proves for says, one, proves in asked["answers"])


def test_stop_button_ends_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who interrupts long work sees a sentence, and can ask again."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    session = opened("peering-missing")
    with monkeypatch.context() as patch:
        patch.setattr("mi_workbook.workbook.state.diagnose", stopped)
        session.act({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
    assert "Stopped" in session.screen["error"] and session.screen["verdict"] is None
    session.act({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
    assert session.screen["verdict"]["kind"] == "blocked"


def test_exercise_shows_no_answer_before_the_choice() -> None:
    """Tables without marks, four causes; after the choice the cause, why, and the picture."""
    session = practise("vnet-peering")
    shown = session.screen["practice"]
    assert len(shown["choices"]) == 4 and shown["tables"] and shown["marked"] is None
    assert all(isinstance(cell, str) for table in shown["tables"] for row in table["rows"] for cell in row)
    assert case(session.state.practice.exercise.case).title not in json.dumps(shown)  # type: ignore[union-attr]
    right = case(session.state.practice.exercise.case).root_cause  # type: ignore[union-attr]
    session.act({"do": "mark", "value": right})
    marked = session.screen["practice"]["marked"]
    assert marked["right"] and marked["why"] and marked["evidence"] and session.screen["practice"]["right"] == 1
    session.act({"do": "mark", "value": right})
    assert session.screen["practice"]["done"] == 1  # the first choice counts
    session.act({"do": "practice", "value": "next"})
    assert session.screen["practice"]["number"] == 2 and session.screen["practice"]["marked"] is None


def test_wrong_choice_says_why_not() -> None:
    """What was chosen is answered too."""
    session = practise("vnet-peering")
    right = case(session.state.practice.exercise.case).root_cause  # type: ignore[union-attr]
    wrong = next(fault for _, fault in session.screen["practice"]["choices"] if fault != right)
    session.act({"do": "mark", "value": wrong})
    marked = session.screen["practice"]["marked"]
    assert not marked["right"] and marked["not_chosen"] and marked["title"]


def test_redacted_report_holds_no_name_and_the_same_answer() -> None:
    """From the screen; where pseudonyms could change the answer the refusal is said in words."""
    session, sent = opened("peering-missing"), []
    session.send = lambda message, *_: sent.append(message)
    session.act({"do": "download", "value": "redacted"})
    assert sent[0]["save"] == "report-redacted.html" and "BLOCKED" in sent[0]["text"].upper()
    assert not [name for name in ("vnet-app", "vm-app", "mi-orders", "10.1.1.4") if name in sent[0]["text"]]
    session.act({"do": "download", "value": "redacted-session"})
    again = State()
    resume(again, "handed on", sent[1]["text"].encode())
    assert (
        again.diagnosis is not None
        and again.diagnosis.root_cause == "peer-missing"
        and sent[1]["save"] == "session-redacted.json"
    )
    assert not [name for name in ("vnet-app", "vm-app", "mi-orders") if name in sent[1]["text"]]
    session.state.take(odd_routes(), "odd")
    session.state.question("app-orders", case("app-gateway-sound").target, "auto")
    for form in ("redacted", "redacted-session"):
        session.act({"do": "download", "value": form})
        assert len(sent) == 2 and "Not redacted" in session.screen["error"]
