"""JupyterLab: every scenario's notebook walked to its end, files in and out, narrow, dark, by keyboard, and nothing asked elsewhere."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mi_workbook.cases import case
from mi_workbook.guide.scenario import all_scenarios
from tests.browser.fixtures import browser, shots
from tests.browser.places import LOOPBACK, SOON, WIDTHS, choose, drop, example_of, serious, served, walk_to_the_end

__all__ = ["browser", "shots"]
pytestmark = pytest.mark.browser
QUIET = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastLastCell": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
}  # fmt: skip


class Lab:
    """One JupyterLab in one page for all tests; each opens its notebook anew and leaves none behind."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{address}/lab?reset")
        page.wait_for_function("() => window.jupyterapp !== undefined", timeout=90_000)
        page.evaluate("() => window.jupyterapp.restored.then(() => true)")

    def do(self, command: str, arguments: dict[str, Any] | None = None) -> None:
        """Carry out a command of JupyterLab."""
        self.page.evaluate("([one, about]) => window.jupyterapp.commands.execute(one, about).then(() => true)",
                           [command, arguments or {}])  # fmt: skip

    def open(self, name: str) -> Any:
        """Open a notebook, run it, and give the part of the page that holds it, once its screen is there."""
        self.do("docmanager:open", {"path": f"{name}.ipynb"})
        room = self.page.locator(".jp-NotebookPanel")
        room.locator(".jp-CodeCell").first.wait_for(timeout=60_000)
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready.then(() => true)")
        self.do("notebook:run-all-cells")
        room.get_by_label("Built-in case").wait_for(timeout=60_000)
        return room

    def close(self) -> None:
        """Put the notebook away, with its kernel."""
        self.page.evaluate("""async () => {
            const one = window.jupyterapp.shell.currentWidget;
            await one.sessionContext.shutdown();
            one.dispose();
        }""")
        self.page.locator(".jp-NotebookPanel").wait_for(state="detached")


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The server on copies of the notebooks, and the page."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    overrides = folder / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir()
    overrides.write_text(json.dumps(QUIET))
    for address in served(
        folder, "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", app=False, answers="/api",
        notebook=folder / "notebooks" / "start.ipynb",
    ):  # fmt: skip
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="light")
        yield Lab(context.new_page(), address)
        context.close()


@pytest.fixture
def lab(opened: Lab) -> Iterator[Lab]:
    """The page; after each test nothing was asked of another host, and nothing failed in it."""
    yield opened
    if opened.page.locator(".jp-NotebookPanel").count():
        opened.close()
    assert [url for url in opened.asked if not LOOPBACK.match(url)] == []
    assert opened.errors == []


@pytest.mark.parametrize("scenario", all_scenarios())
def test_notebook_of_a_scenario_is_walked_to_its_end(lab: Lab, shots: Path, scenario: str) -> None:
    """It runs, offers the scenario's own cases, and one of them is walked from its first step to what it ends with."""
    room = lab.open(scenario)
    one = example_of(scenario)
    choose(room, one)
    assert walk_to_the_end(room, one) > 1
    lab.page.screenshot(path=shots / f"lab-{scenario}.png")


def test_files_go_in_and_a_report_comes_out(lab: Lab, tmp_path: Path) -> None:
    """Files dropped together are read; session, reports and the picture are downloads; the session brings the screen back."""
    from playwright.sync_api import expect

    room = lab.open("start")
    resources = case("peering-missing").snapshot().to_dict()["resources"]
    drop(lab.page, {"networks.json": json.dumps(resources[:4]), "rest.json": json.dumps(resources[4:])})
    expect(room.get_by_text("Known:")).to_be_visible(timeout=SOON)
    room.get_by_role("combobox", name="Source").fill("vm-app")
    room.get_by_role("button", name="Diagnose").click()
    expect(room.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    kept = {}
    for name in ("Download report.html", "Download report.md", "Save session", "Save PNG", "Save SVG"):
        with lab.page.expect_download(timeout=SOON) as download:
            room.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
        kept[name] = (tmp_path / download.value.suggested_filename).read_bytes()
    assert b"There is no peering" in kept["Download report.html"] and b"BLOCKED" in kept["Download report.md"]
    assert kept["Save PNG"][:4] == b"\x89PNG" and b"BLOCKED HERE" in kept["Save SVG"]
    lab.close()
    room = lab.open("start")
    drop(lab.page, {"session.json": kept["Save session"].decode()})
    expect(room.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    expect(room.get_by_role("combobox", name="Source")).to_have_value("vm-app")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_screen_is_readable_in_the_themes_of_jupyterlab(lab: Lab, shots: Path, theme: str) -> None:
    """At 1024 wide nothing of the screen is wider than its place, and axe finds nothing serious, contrast included."""
    lab.page.set_viewport_size({"width": 1024, "height": 1000})
    lab.do("apputils:change-theme", {"theme": theme})
    lab.do("application:toggle-left-area")
    room = lab.open("vnet-peering")
    choose(room, case("peering-one-sided"))
    room.get_by_text("All tables").click()
    screen = room.locator(".miw-screen")
    assert screen.get_attribute("data-theme") == theme.split()[1].lower()
    assert lab.page.evaluate(WIDTHS) and screen.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    found = serious(lab.page)
    room.get_by_text("All tables").click()
    lab.page.set_viewport_size({"width": 1024, "height": 2200})
    room.locator(".jp-Cell").first.scroll_into_view_if_needed()
    lab.page.screenshot(path=shots / f"lab-1024-{theme.split()[1].lower()}.png")
    lab.page.set_viewport_size({"width": 1400, "height": 1000})
    lab.do("application:toggle-left-area")
    lab.do("apputils:change-theme", {"theme": "JupyterLab Light"})
    assert found == []


def test_keys_on_the_screen_do_not_reach_the_notebook(lab: Lab) -> None:
    """By keyboard alone from the case over the question to an earlier step and back; no cell is run, added or deleted by it."""
    from playwright.sync_api import expect

    page, room = lab.page, lab.open("vnet-peering")
    choose(room, case("peering-missing"))
    cells = room.locator(".jp-Cell").count()
    room.get_by_label("Built-in case").focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        if "May the source send" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    expect(room.locator(".mi-step h2")).to_contain_text("May the source send SQL traffic?", timeout=SOON)
    expect(room.locator(".mi-step h2")).to_be_focused()
    for key in ("d", "d", "a", "b", "x", "Shift+Enter"):
        page.keyboard.press(key)
    room.get_by_role("combobox", name="Source").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("vm-app")
    page.keyboard.press("Enter")
    expect(room.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    assert room.locator(".jp-Cell").count() == cells
    expect(room.get_by_role("combobox", name="Source")).to_have_value("vm-app")
