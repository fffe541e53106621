"""Long work: files come in parts, progress is told, Cancel ends it and what was known stays; in Python and in a browser."""

import copy
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mi_workbook.cases import case
from mi_workbook.core.errors import InputError
from mi_workbook.core.progress import EVERY, Stopped, each, listening, report
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.redaction import Redactor
from mi_workbook.workbook import app_view
from mi_workbook.workbook.acting import STOPPED
from mi_workbook.workbook.receiving import LIMIT, Receiving
from mi_workbook.workbook.session import Session, start

SECONDS = 60.0


def document(case_id: str = "peering-missing", more: int = 0) -> bytes:
    """A case as a file, with so many network interfaces besides."""
    held = case(case_id).snapshot().to_dict()
    pattern = next(one for one in held["resources"] if one["type"] == "Microsoft.Network/networkInterfaces")
    for number in range(more):
        one = copy.copy(pattern)
        one["id"], one["name"] = f"{pattern['id']}-{number}", f"{pattern['name']}-{number}"
        held["resources"].append(one)
    return json.dumps(held).encode()


def test_reports_come_now_and_then_and_a_listener_can_end_the_work() -> None:
    """Without a listener nothing happens; with one it hears what and how much, and what it raises ends the work."""
    assert list(each(range(3), "x")) == [0, 1, 2]
    heard: list[tuple[str, int, int]] = []
    with listening(lambda *told: heard.append(told)):
        assert sum(each(range(EVERY + 1), "counting")) == sum(range(EVERY + 1))
        report("once")
    assert heard == [("counting", 0, EVERY + 1), ("counting", EVERY, EVERY + 1), ("once", 0, 0)]
    report("nobody listens")
    assert len(heard) == 3

    def stop(*_: object) -> None:
        raise Stopped

    with listening(stop), pytest.raises(Stopped):
        list(each(range(3), "x"))
    assert not issubclass(Stopped, Exception)  # no guard against errors swallows it


@pytest.mark.parametrize("work", [
    lambda data: load_bytes([("a.json", data)]),
    lambda data: diagnose(load_bytes([("a.json", data)]), "vm-app", "mi-orders"),
    lambda data: Redactor().snapshot(load_bytes([("a.json", data)])),
], ids=["opening", "asking", "redacting"])  # fmt: skip
def test_work_ends_at_whichever_report_it_is_asked_to(work: Callable[[bytes], Any]) -> None:
    """Every report of the work is a place where it can end."""
    data = document(more=EVERY + 1)
    heard: list[str] = []
    with listening(lambda what, _done, _of: heard.append(what)):
        work(data)
    assert len(heard) > 3
    for place in range(len(heard)):
        left = place

        def stop(*_: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Stopped

        with listening(stop), pytest.raises(Stopped):
            work(data)


class Held:
    """Work that stays at a report until it is let go; it knows when it began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        monkeypatch.setattr("mi_workbook.workbook.state.load_bytes", self.load)

    def load(self, items: list[tuple[str, bytes]]) -> Any:
        """What stands in the place of the reader."""
        self.began.set()
        for _ in range(4000):
            report("Reading a large file", 1, 3)
            if self.go.wait(0.01):
                break
        return load_bytes(items)


def waited(session: Any, told: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SECONDS
    while not told():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_cancel_is_heard_while_files_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar says what is done; Cancel ends it, forgets what waits, and evidence and answer stay."""
    session = start()
    session.act({"do": "case", "value": "peering-missing"})
    before = {name: session.screen[name] for name in ("evidence", "verdict", "parts")}
    held = Held(monkeypatch)
    session.hear({"do": "files", "names": ["b.json"]}, [document("peering-healthy")])
    session.hear({"do": "depth", "value": "owner"})
    assert held.began.wait(SECONDS)
    waited(session, lambda: bool(session.working))
    assert session.working == {"what": "Reading a large file", "done": 1, "of": 3, "ends": True}
    session.hear({"do": "cancel"})
    assert session.wait(SECONDS)
    assert session.screen["error"] == STOPPED and session.working == {}
    assert {name: session.screen[name] for name in before} == before
    assert session.state.depth == "engineer"  # it waited, and was forgotten
    held.go.set()
    session.hear({"do": "files", "names": ["b.json"]}, [document("peering-healthy")])
    assert session.wait(SECONDS)
    assert session.screen["evidence"]["opened"] == "b.json" and not session.screen["error"]


def test_cancel_of_a_question_keeps_the_evidence_and_shows_no_older_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was loaded stays, and the question is asked again with one press."""
    session = start()
    session.act({"do": "files", "names": ["b.json"]}, [document()])
    began = threading.Event()

    def slow(*_: object) -> None:
        began.set()
        while True:
            report("Asking")
            time.sleep(0.01)

    with monkeypatch.context() as patch:
        patch.setattr("mi_workbook.workbook.state.diagnose", slow)
        session.hear({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
        assert began.wait(SECONDS)
        session.hear({"do": "cancel"})
        assert session.wait(SECONDS)
    assert session.screen["error"] == STOPPED and session.screen["verdict"] is None
    assert session.screen["evidence"]["opened"] == "b.json" and session.screen["question"]["source"] == "vm-app"
    session.hear({"do": "ask", "source": "vm-app", "target": "mi-orders", "endpoint": "auto"})
    assert session.wait(SECONDS)
    assert session.screen["verdict"]["kind"] == "blocked"


def test_cancel_with_nothing_to_end_does_nothing() -> None:
    """The next action runs whole."""
    session = start()
    session.hear({"do": "cancel"})
    session.hear({"do": "case", "value": "peering-missing"})
    assert session.wait(SECONDS)
    assert session.screen["verdict"]["kind"] == "blocked" and not session.screen["error"]


def test_cancel_of_what_has_not_begun_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is done, and the screen is drawn, so that nobody waits for it."""
    session = start()
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)  # the worker is not given the processor yet
    session.hear({"do": "case", "value": "peering-missing"})
    monkeypatch.undo()
    run = session._work._run
    session.hear({"do": "cancel"})
    run()
    assert session.screen["error"] == STOPPED and session.screen["verdict"] is None and session.screen["turn"] == 1


def test_actions_are_done_in_the_order_they_came() -> None:
    """Many at once, none lost."""
    session = start()
    for case_id in ("peering-missing", "peering-healthy", "peering-one-sided"):
        session.hear({"do": "case", "value": case_id})
    session.hear({"do": "depth", "value": "owner"})
    assert session.wait(SECONDS)
    assert session.screen["turn"] == 4 and session.state.case == "peering-one-sided" and session.state.depth == "owner"


def test_without_threads_each_action_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel inside a browser."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    session = start()
    session.hear({"do": "case", "value": "peering-missing"})
    assert session.screen["verdict"]["kind"] == "blocked" and session.wait(0)


def parts(files: dict[str, bytes], size: int) -> list[tuple[dict[str, Any], list[bytes]]]:
    """The messages in which a browser sends files."""
    made = []
    for number, (name, data) in enumerate(files.items()):
        for at in range(0, max(len(data), 1), size):
            last = number == len(files) - 1 and at + size >= len(data)
            message = {"do": "part", "drop": "d", "first": not made, "file": number, "name": name, "last": last}
            made.append((message, [data[at : at + size]]))
    return made


@pytest.mark.parametrize("make", [start, app_view])
def test_files_that_come_in_parts_are_read_together(make: Callable[[], Any]) -> None:
    """Two files in small parts are one drop; each part but the last is answered, so that the browser sends the next."""
    resources = case("app-service-healthy").snapshot().to_dict()["resources"]
    files = {"a.json": json.dumps(resources[:3]).encode(), "b.json": json.dumps(resources[3:]).encode()}
    widget = make()
    answered: list[dict[str, Any]] = []
    widget.send = answered.append
    sent = parts(files, 1000)
    for message, buffers in sent:
        widget.hear(message, buffers)
    assert widget.wait(SECONDS)
    held = widget.snapshot if hasattr(widget, "snapshot") else widget.state.snapshot
    assert held is not None and len(held.resources) == len(resources)
    told = [one["next"] for one in answered]
    assert len(told) == len(sent) - 1 and told == sorted(set(told)) and told[0] == 1000


@pytest.mark.parametrize("message", [{}, {"drop": "", "name": "a", "file": 0}, {"drop": "d", "name": 5, "file": 0},
                                     {"drop": "d", "name": "a", "file": -1}, {"drop": "d", "name": "a", "file": True},
                                     {"drop": "d", "name": "a", "file": 10**9}, {"drop": "d", "name": "a", "file": 0}])  # fmt: skip
def test_part_that_fits_nowhere_is_refused_in_words(message: dict[str, Any]) -> None:
    """The browser is told to stop sending, the user what to do."""
    session = start()
    answered: list[Any] = []
    session.send = answered.append  # type: ignore[method-assign]
    session.hear({"do": "part", **message}, [b"x"])
    assert session.wait(SECONDS)
    assert "again" in session.screen["error"] and answered == [{"next": -1}]


def test_drop_that_is_too_large_is_refused_before_it_is_whole() -> None:
    """At most the limit is held."""
    held = Receiving()
    big = bytes(LIMIT // 2 + 1)
    message = {"drop": "d", "file": 0, "name": "a.json", "first": True}
    assert held.part(message, [big]) is None
    with pytest.raises(InputError, match="200 MiB"):
        held.part({**message, "first": False}, [big])
    assert held.size == 0


def test_cancel_between_parts_forgets_them() -> None:
    """The rest of the drop is refused, and what was known stays."""
    session = start()
    session.act({"do": "case", "value": "peering-missing"})
    sent = parts({"a.json": document()}, 2000)
    session.hear(*sent[0])
    session.hear({"do": "cancel"})
    assert session.wait(SECONDS)
    assert session.screen["error"] == STOPPED and session.screen["verdict"]["kind"] == "blocked"
    session.hear(*sent[1])
    assert session.wait(SECONDS)
    assert "did not come whole" in session.screen["error"]


def test_session_is_an_acting_widget_of_its_own_queue() -> None:
    """Two sessions of one notebook do not wait for each other."""
    first, second = start(), start()
    assert isinstance(first, Session) and first._work is not second._work
