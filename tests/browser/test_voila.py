"""The app (Voila): every scenario walked to its end, by mouse and by keyboard, readable in light, dark and narrow."""

import json
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.guide.scenario import all_scenarios
from tests.browser.fixtures import browser, shots, visit, voila
from tests.browser.places import SOON, WIDTHS, Visit, choose, example_of, serious, walk_to_the_end

__all__ = ["browser", "shots", "visit", "voila"]
pytestmark = pytest.mark.browser
FIXTURES = Path(__file__).parent.parent / "pastes" / "fixtures"
NOT_CONNECTED = (FIXTURES / "route-print" / "de-4.txt").read_text(encoding="utf-8")


def test_every_scenario_is_walked_to_its_end(visit: Visit) -> None:
    """A case of each scenario, from the first step by 'Next step' to the end; the step at hand is marked and has focus."""
    for scenario in all_scenarios():
        one = example_of(scenario)
        choose(visit.page, one)
        assert walk_to_the_end(visit.page, one) > 1


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "light"), (1280, "dark")])
def test_answer_is_readable_and_accessible(browser: Any, voila: str, shots: Path, width: int, scheme: str) -> None:
    """Blocked, unknown and reachable: nothing overflows the page, and axe finds nothing serious, contrast included."""
    visit = Visit(browser, voila, color_scheme=scheme)
    visit.page.set_viewport_size({"width": width, "height": 1000})
    found = []
    for case_id in ("peering-one-sided", "developer-box-sound", "vnet-to-vnet-healthy"):
        visit.open(case_id)
        visit.page.get_by_text("All tables").click()
        assert visit.page.evaluate(WIDTHS)
        assert visit.page.locator(".miw-screen").get_attribute("data-theme") == scheme
        found += [f"{case_id} {one}" for one in serious(visit.page)]
        visit.page.get_by_text("All tables").click()
        visit.shot(shots, f"{case_id}-{width}-{scheme}")
    visit.close()
    assert found == []


@pytest.mark.parametrize(("width", "rows"), [(1280, 1), (1024, 2)])
def test_tools_stand_in_one_row(browser: Any, voila: str, width: int, rows: int) -> None:
    """No button of the bar is left alone below the others; where there is room the reading depth stands beside them."""
    visit = Visit(browser, voila)
    visit.page.set_viewport_size({"width": width, "height": 1000})
    visit.open("app-service-tier")
    buttons = visit.page.locator(".mi-bar button")
    assert buttons.count() == 6
    assert len({box["y"] for box in map(lambda one: one.bounding_box(), buttons.all())}) == 1
    bar, button = visit.page.locator(".mi-bar").bounding_box(), buttons.first.bounding_box()
    assert (bar["height"] < 1.9 * button["height"]) is (rows == 1)
    visit.close()


def test_a_paste_says_what_came_of_it_where_it_was_pasted(visit: Visit) -> None:
    """The answer stands far above the field: the verdict is said beside it, one press leads there; what is wrong is brought into view."""
    from playwright.sync_api import expect

    page = visit.page
    visit.open("developer-box-sound")
    paste, read = page.get_by_label("Paste what came back"), page.get_by_role("button", name="Read the paste")
    paste.fill("hello")
    read.click()
    expect(page.get_by_role("alert")).to_be_in_viewport(timeout=SOON)
    paste.fill(NOT_CONNECTED)
    read.click()
    note = page.locator(".mi-ask .mi-note")
    expect(note).to_contain_text("The verdict with it: ✗ BLOCKED", timeout=SOON)
    page.get_by_role("button", name="Show the whole answer").click()
    expect(page.locator(".mi-banner")).to_be_in_viewport()
    expect(page.locator(".mi-banner")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "dark")])
def test_questions_and_practice_are_readable_and_accessible(
    browser: Any, voila: str, shots: Path, width: int, scheme: str
) -> None:
    """A repair that answers point at, and an exercise: nothing overflows, and axe finds nothing serious."""
    from playwright.sync_api import expect

    visit = Visit(browser, voila, color_scheme=scheme)
    page = visit.page
    page.set_viewport_size({"width": width, "height": 1000})
    visit.shot(shots, f"start-{width}-{scheme}")
    for says in ("It times out", "A backslash and an instance name"):
        page.locator(".mi-talk").get_by_role("button", name=says).click()
        expect(page.locator(".mi-trail")).to_contain_text(says, timeout=SOON)
    expect(page.locator(".mi-talk").get_by_text("Repair:")).to_be_visible(timeout=SOON)
    with page.expect_download(timeout=SOON) as download:
        page.get_by_role("button", name="Save the answers").click()
    assert json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["snapshot"] is None
    page.get_by_role("button", name="Practise").click()
    panel = page.get_by_role("region", name="Practice")
    panel.locator("summary").first.click()
    assert page.evaluate(WIDTHS)
    found = serious(page)
    visit.shot(shots, f"asked-{width}-{scheme}")
    visit.close()
    assert found == []


def test_questions_lead_to_a_scenario_and_an_error_text_is_read(visit: Visit, shots: Path) -> None:
    """From "it times out" to the scenario by buttons, the focus following; an answer changed; a pasted error explained."""
    from playwright.sync_api import expect

    page = visit.page
    questions = page.locator(".mi-talk")
    for says in ("It times out", "The full name of the instance", "No, never", "In Azure App Service"):
        questions.get_by_role("button", name=says).click()
        expect(questions.locator(".mi-trail")).to_contain_text(says, timeout=SOON)
    expect(questions.locator("[data-head]")).to_be_focused(timeout=SOON)
    questions.get_by_role("button", name="Gateway-required").click()
    expect(page.get_by_label("Scenario")).to_have_value("app-service-gateway", timeout=SOON)
    expect(page.get_by_role("note")).to_contain_text("app-service-gateway.ipynb")
    visit.shot(shots, "questions")
    questions.get_by_role("button", name="Change the answer: Where does").click()
    questions.get_by_role("button", name="On a VM in another VNet").click()
    expect(questions.get_by_role("heading", name="How are the two VNets joined?")).to_be_visible(timeout=SOON)
    questions.get_by_label("Paste the error text").fill(
        "Login failed for user 'app'. (Microsoft SQL Server, Error: 18456)"
    )
    questions.get_by_role("button", name="Read it").click()
    expect(questions.get_by_text("layer: login")).to_be_visible(timeout=SOON)


def test_exercise_is_done_with_the_keyboard(visit: Visit, shots: Path) -> None:
    """The reader names a cause first; then the screen says whether it is the one, and draws why."""
    from playwright.sync_api import expect

    page = visit.page
    page.get_by_role("button", name="Practise").press("Enter")
    panel = page.get_by_role("region", name="Practice")
    expect(panel.get_by_role("heading", name="Practice 1 of")).to_be_visible(timeout=SOON)
    panel.get_by_role("radio").first.press("Space")
    panel.get_by_role("button", name="That is it").press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("The cause:", timeout=SOON)
    expect(panel.locator("svg")).to_be_visible()
    visit.shot(shots, "practice")
    panel.get_by_role("button", name="Next exercise").press("Enter")
    expect(panel.get_by_role("heading", name="Practice 2 of")).to_be_visible(timeout=SOON)


def test_keyboard_alone_reaches_the_repair(visit: Visit) -> None:
    """From the case to an earlier step and back to the answer without a mouse; Tab stops at every tool in order."""
    from playwright.sync_api import expect

    page = visit.page
    page.get_by_label("Built-in case").focus()
    for _ in range(60):
        page.keyboard.press("ArrowDown")
        if page.get_by_label("Built-in case").input_value():
            break
    expect(page.locator(".mi-banner")).to_be_visible(timeout=SOON)
    visit.open("peering-missing")
    page.get_by_label("Built-in case").focus()
    seen: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent || document.activeElement.value || ''"))
        if "May the source send" in seen[-1]:
            break
    assert any("Diagnose" in words for words in seen) and any("Save session" in words for words in seen)
    page.keyboard.press("Enter")
    expect(page.locator(".mi-step h2")).to_contain_text("May the source send SQL traffic?", timeout=SOON)
    expect(page.locator(".mi-step h2")).to_be_focused()
    page.get_by_role("button", name="Root cause found").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("az network vnet peering create").first).to_be_visible(timeout=SOON)
