"""The App Service panels as a person uses them: without a browser, with bad input, and once in a real one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mi_workbook.cases import all_cases, case
from mi_workbook.workbook import Panel, app_view, choose_feature, operations, plan_addresses, start
from mi_workbook.workbook.app_panel import SCENARIOS
from tests.browser.fixtures import browser, shots
from tests.browser.places import LOOPBACK, SOON, served

__all__ = ["browser", "shots"]  # fixtures
BOOKS = ("app-service-views", "app-service-operations", "planning-addresses", "choosing-the-feature")
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e"


def ask(panel: Panel, **values: str) -> dict[str, Any]:
    """Fill in fields, press the button; what is shown."""
    panel.act(
        {"do": "ask", "values": {**panel.values, **{name.replace("_", "-"): value for name, value in values.items()}}}
    )
    return dict(panel.shown)


def text_of(shown: dict[str, Any]) -> str:
    """All of what is shown, as one text."""
    return json.dumps(shown, ensure_ascii=False)


@pytest.mark.parametrize("one", [c for c in all_cases() if c.scenario in SCENARIOS], ids=lambda c: c.id)
def test_every_case_of_the_area_opens_in_views_and_operations(one: Any) -> None:
    """The case's own app is chosen, its view is drawn, and every operation ends in an answer or in words."""
    view = app_view(one.id)
    assert not view.shown["error"] and view.shown["answer"]["tables"]
    chosen = view.shown["fields"][0]
    names = {at: name for name, at in chosen["options"]}
    assert names[chosen["value"]] == one.source or one.source.startswith("ip:")
    panel = operations(one.id)
    for operation in ("disconnect", "connect", "sync", "scale"):
        shown = ask(panel, operation=operation)
        assert shown["answer"] or shown["error"]
        assert "itself failed" not in shown["error"]


def test_view_of_a_plan_and_of_a_slot_can_be_chosen() -> None:
    """Plans and slots stand in the list beside the apps."""
    panel = app_view("app-service-plan-sound")
    plan = next(at for name, at in panel.shown["fields"][0]["options"] if name == "plan plan-orders")
    assert "VNets behind a gateway" in ask(panel, place=plan)["answer"]["says"]
    slots = app_view("app-service-slot-not-integrated")
    slot = next(at for name, at in slots.shown["fields"][0]["options"] if "/" in name)
    shown = ask(slots, place=slot)
    assert shown["answer"]["mark"] == "bad" and "Way out" in shown["answer"]["says"]


def test_view_never_says_that_an_app_reaches_the_instance() -> None:
    """Sound integration is not a path: nothing is green."""
    for one in ("app-service-healthy", "app-service-outbound-denied"):
        assert app_view(one).shown["answer"]["mark"] != "good"


def test_gateway_that_was_not_collected_is_not_called_missing() -> None:
    """Only a whole collection says that a VNet has no gateway."""
    document = case("app-gateway-gone").snapshot().to_dict()
    document["source"] = {"complete": []}
    panel = app_view()
    panel.act({"do": "files", "names": ["part.json"]}, [json.dumps(document).encode()])
    rows = {row[0]: row[1] for row in panel.shown["answer"]["tables"][0]["rows"]}
    assert rows["Gateway status"][1] == "decides"
    whole = {row[0]: row[1] for row in app_view("app-gateway-gone").shown["answer"]["tables"][0]["rows"]}
    assert whole["Gateway status"][1] == "bad"


def test_operation_shows_its_effect_before_its_commands() -> None:
    """Scaling down names the app that loses its path; only the fields of the operation are asked."""
    panel = operations("app-gateway-sound")
    shown = ask(panel, operation="scale", tier="shared")
    assert [one["name"] for one in shown["fields"]] == ["operation", "plan", "tier", "target"]
    assert shown["answer"]["mark"] == "bad" and "lose their path: app-orders" in shown["answer"]["says"]
    assert "az appservice plan update" in shown["answer"]["commands"][0]["lines"][0]
    waiting = ask(panel, operation="add-route")
    assert waiting["answer"]["mark"] == "open" and not waiting["error"]
    assert "is not a range" in ask(panel, range="10.0.0.0/99")["error"]


def test_planner_works_without_evidence_and_says_what_it_could_not_see() -> None:
    """Without files the blocks are proposals among nothing known, and marked so."""
    panel = plan_addresses()
    assert panel.shown["answer"]["mark"] == "open" and "Not every network" in panel.shown["answer"]["says"]
    panel.act({"do": "case", "value": "app-gateway-sound"})
    shown = ask(panel, feature="gateway", also="10.1.0.0/16 = office\n192.168.1.0/24")
    assert shown["answer"]["mark"] == "good" and "10.1." not in shown["answer"]["says"]
    wrong = ask(panel, own_client_pool="10.1.3.0/24")
    assert wrong["answer"]["mark"] == "bad" and "office" in text_of(wrong["answer"])
    assert ask(panel, own_client_pool="172.16.55.0/24")["answer"]["mark"] == "good"


@pytest.mark.parametrize("values", [{"instances": "many"}, {"instances": "9" * 400}, {"instances": "²"}, {"also": "10.0.0.0/99"},
                                    {"also": HOSTILE}, {"within": HOSTILE}, {"own_subnet": "x" * 200_000}])  # fmt: skip
def test_planner_refuses_bad_fields_in_words(values: dict[str, str]) -> None:
    """One sentence, no traceback, no older answer beside it, nothing that a terminal or a page obeys."""
    shown = ask(plan_addresses("app-service-healthy"), **values)
    assert shown["error"] and shown["answer"] is None
    assert "Traceback" not in shown["error"] and "itself failed" not in shown["error"]
    assert "\x1b" not in text_of(shown) and "\u202e" not in text_of(shown)


def test_choice_ranks_as_questions_are_answered() -> None:
    """Nothing is preferred before the first answer; an unknown answer counts as none; exclusions carry reasons."""
    panel = choose_feature()
    assert "no order" in panel.shown["answer"]["says"]
    shown = ask(panel, system="linux", life="long", region="mars")
    assert "Fits best so far" in shown["answer"]["says"]
    last = shown["answer"]["tables"][0]["rows"][-1]
    assert "gateway-required" in last[0] and last[1][1] == "bad" and last[1][2]
    assert panel.values["region"] == ""


@pytest.mark.parametrize("message", [None, [], {}, {"do": "format"}, {"do": "case", "value": "none"}, {"do": "case", "value": 7},
                                     {"do": "ask"}, {"do": "ask", "values": {"place": ["x"], "app": {"a": 1}}}])  # fmt: skip
def test_odd_messages_end_in_words_and_keep_the_evidence(message: Any) -> None:
    """Whatever the browser sends, the panel stays alive and its evidence stays."""
    panel = app_view("app-service-healthy")
    held = panel.snapshot
    panel.act(message)
    assert panel.snapshot is held
    panel.act({"do": "ask", "values": {}})
    assert panel.shown["answer"] and not panel.shown["error"]


def test_files_are_read_and_bad_ones_leave_the_old_evidence() -> None:
    """A dropped snapshot or session is evidence; a broken file is told; a file without an app says what to add."""
    panel = app_view()
    assert panel.shown["answer"] is None and panel.shown["evidence"]["collect"]
    data = json.dumps(case("app-service-healthy").snapshot().to_dict()).encode()
    panel.act({"do": "files", "names": ["mine.json"]}, [data])
    assert "mine.json" in panel.shown["evidence"]["known"] and panel.shown["answer"]
    panel.act({"do": "files", "names": ["cut.json"]}, [data[:200]])
    assert panel.shown["error"] and "mine.json" in panel.shown["evidence"]["known"]
    other = json.dumps(case("peering-healthy").snapshot().to_dict()).encode()
    panel.act({"do": "files", "names": ["vm.json"]}, [other])
    assert "holds no web app" in panel.shown["error"] and "az webapp list" in panel.shown["error"]


def test_hostile_names_stay_text() -> None:
    """Names of the evidence reach the browser as texts without control characters."""
    document = json.dumps(case("app-service-healthy").snapshot().to_dict())
    document = document.replace('"snet-web"', json.dumps(HOSTILE)).replace('"plan-orders"', json.dumps(HOSTILE))
    panel = app_view()
    panel.act({"do": "files", "names": [HOSTILE]}, [document.encode()])
    assert "\x1b" not in text_of(panel.shown) and "\u202e" not in text_of(panel.shown)


def test_slots_are_sources_of_the_guided_session() -> None:
    """A slot has an integration of its own, so it can be asked about by name."""
    session = start()
    session.act({"do": "case", "value": "app-service-slot-sound"})
    slot = next(one for one in session.screen["question"]["sources"] if one == "app-orders/staging")
    session.act({"do": "ask", "source": slot, "target": session.screen["question"]["target"], "endpoint": "auto"})
    assert session.screen["verdict"] and not session.screen["error"]


@pytest.fixture
def page(browser: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A notebook as an app, opened in a page of its own; nothing may leave this machine or fail in the page."""
    for address in served(
        tmp_path, app=True, answers="/voila/static/voila.js", notebook=ROOT / "notebooks" / f"{request.param}.ipynb"
    ):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        found = context.new_page()
        asked: list[str] = []
        errors: list[str] = []
        found.on("request", lambda one, asked=asked: asked.append(one.url))
        found.on("pageerror", lambda one, errors=errors: errors.append(str(one)))
        found.goto(address)
        found.locator(".miw-panel").first.wait_for(timeout=90_000)
        yield found
        context.close()
        assert [url for url in asked if not LOOPBACK.match(url)] == [] and errors == []


@pytest.mark.browser
@pytest.mark.parametrize("page", BOOKS, indirect=True)
def test_panel_is_readable_and_accessible(page: Any, shots: Path, request: pytest.FixtureRequest) -> None:
    """Light and dark, wide and narrow: nothing overflows the page, and axe finds nothing serious."""
    from axe_playwright_python.sync_playwright import Axe

    for width, scheme in ((1280, "light"), (1024, "light"), (1280, "dark"), (1024, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=shots / f"{request.node.callspec.id}-{width}-{scheme}.png", full_page=True)
        result = Axe().run(page, context=".miw-screen")
        bad = [v for v in result.response["violations"] if v["impact"] in {"serious", "critical"}]
        assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in bad] == []


@pytest.mark.browser
@pytest.mark.parametrize("page", ["app-service-operations"], indirect=True)
def test_operation_is_chosen_by_keyboard_with_files_of_ones_own(page: Any) -> None:
    """Files are dropped, an operation is chosen by its first letter, focus stays, and the answer is announced."""
    from playwright.sync_api import expect

    document = json.dumps(case("app-gateway-out-of-sync").snapshot().to_dict()).encode()
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.json", "mimeType": "application/json", "buffer": document}
    )
    expect(page.get_by_text("from mine.json")).to_be_visible(timeout=SOON)
    page.get_by_role("combobox", name="Operation").focus()
    page.keyboard.press("s")
    expect(page.get_by_role("status")).to_contain_text("these apps get one: app-orders", timeout=SOON)
    expect(page.get_by_role("combobox", name="Operation")).to_be_focused(timeout=SOON)
    page.wait_for_timeout(1500)  # the browser takes letters that follow at once for one word
    page.keyboard.press("r")
    expect(page.get_by_role("combobox", name="Operation")).to_have_value("add-route", timeout=SOON)
    expect(page.get_by_role("status")).to_contain_text("Name the range", timeout=SOON)
    page.get_by_label("Range to route into the VNet").fill("10.0.0.0/99")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not a range", timeout=SOON)
