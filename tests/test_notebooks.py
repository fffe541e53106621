"""The notebooks run, and a person reaches the repair in a real browser: by mouse, by keyboard, in light and dark."""

import csv
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

from mi_workbook.cases import all_cases, case
from mi_workbook.guide.scenario import all_scenarios
from mi_workbook.launch import command, environment
from mi_workbook.views.html import csv_cell, md

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
START = ROOT / "notebooks" / "start.ipynb"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SOON = 30_000  # ms; waits end as soon as what they wait for is there
LOOPBACK = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_executes(path: Path) -> None:
    """Every notebook runs from top to bottom and shows its widget."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in outputs)


def served(folder: Path, *arguments: str, app: bool, answers: str, notebook: Path = START) -> Iterator[str]:
    """A notebook served on this machine; yields the address and ends the server after use."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command(notebook, app=app), "--no-browser", f"--port={port}", *arguments], stdout=log, stderr=log,
            env={**environment(), **settings},
        )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}{answers}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The start notebook as an app."""
    yield from served(tmp_path_factory.mktemp("voila"), app=True, answers="/voila/static/voila.js")


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One Chromium for all tests; each has its own page."""
    from conftest import find_chromium
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield found
        found.close()


class Visit:
    """A page of the app, with every address it asked for and every error it met."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)
        self.page.get_by_label("Built-in case").wait_for(timeout=90_000)

    def open(self, case_id: str) -> None:
        """Choose a built-in case and wait for its verdict."""
        from playwright.sync_api import expect

        self.page.get_by_label("Built-in case").select_option(value=case_id)
        word = case(case_id).verdict.upper()
        expect(self.page.get_by_role("status").filter(has_text=word)).to_be_visible(timeout=SOON)
        expect(self.page.get_by_label("Built-in case")).to_have_value(case_id, timeout=SOON)
        # The verdict may still be that of the case before, of the same word: the screen is busy until the new one is drawn.
        expect(self.page.locator(".miw-screen")).not_to_have_attribute("aria-busy", "true", timeout=SOON)

    def shot(self, folder: Path, name: str) -> None:
        """Keep what the whole screen looks like."""
        height = self.page.evaluate("document.querySelector('.miw-screen').scrollHeight")
        size = self.page.viewport_size
        self.page.set_viewport_size({"width": size["width"], "height": int(height) + 220})
        self.page.screenshot(path=folder / f"{name}.png")
        self.page.set_viewport_size(size)

    def close(self) -> None:
        """End it; nothing may have left this machine, and nothing may have failed in the page."""
        self.context.close()
        assert [url for url in self.asked if not LOOPBACK.match(url)] == []
        assert self.errors == []


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go: MI_WORKBOOK_SCREENSHOTS, or nowhere that stays."""
    folder = Path(os.environ.get("MI_WORKBOOK_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Any, voila: str) -> Iterator[Visit]:
    """The app, opened by a person with a light screen."""
    found = Visit(browser, voila)
    yield found
    found.close()


@pytest.mark.browser
def test_every_scenario_is_walked_to_its_end(visit: Visit) -> None:
    """A case of each scenario, from the first step by 'Next step' to the end; the step at hand is marked and has focus."""
    from playwright.sync_api import expect

    page = visit.page
    for scenario in all_scenarios().values():
        one = next((c for c in all_cases() if c.scenario == scenario.id and c.verdict == "blocked"), None) or next(
            (c for c in all_cases() if c.scenario == scenario.id), None
        )
        if one is None:
            continue
        visit.open(one.id)
        steps = page.get_by_role("navigation", name="Steps of the decision tree")
        steps.get_by_role("button").first.click()
        expect(page.get_by_text("Step 1 of")).to_be_visible(timeout=SOON)
        number = 1
        while page.get_by_role("button", name="Next step").is_enabled():
            page.get_by_role("button", name="Next step").click()
            number += 1
            expect(page.get_by_text(f"Step {number} of")).to_be_visible(timeout=SOON)
            assert page.evaluate("document.activeElement.tagName") == "H2"
        assert steps.locator('[aria-current="step"]').count() == 1
        expect(page.locator(".mi-step h2")).to_have_text(
            {"blocked": "Root cause found: repair it", "unknown": "Evidence is missing: collect it"}.get(
                one.verdict, "Azure's configuration lets it through"
            )
        )


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "light"), (1280, "dark")])
def test_answer_is_readable_and_accessible(browser: Any, voila: str, shots: Path, width: int, scheme: str) -> None:
    """Blocked, unknown and reachable: nothing overflows the page, and axe finds nothing serious, contrast included."""
    from axe_playwright_python.sync_playwright import Axe

    visit = Visit(browser, voila, color_scheme=scheme)
    visit.page.set_viewport_size({"width": width, "height": 1000})
    found = []
    for case_id in ("peering-one-sided", "developer-box-sound", "vnet-to-vnet-healthy"):
        visit.open(case_id)
        visit.page.get_by_text("All tables").click()
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert visit.page.locator(".miw-screen").get_attribute("data-theme") == scheme
        result = Axe().run(visit.page, context=".miw-screen")
        found += [f"{case_id} {v['id']}: {v['nodes'][0]['html'][:200]}" for v in result.response["violations"]
                  if v["impact"] in {"serious", "critical"}]  # fmt: skip
        visit.page.get_by_text("All tables").click()
        visit.shot(shots, f"{case_id}-{width}-{scheme}")
    visit.close()
    assert found == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "dark")])
def test_questions_and_practice_are_readable_and_accessible(
    browser: Any, voila: str, shots: Path, width: int, scheme: str
) -> None:
    """A repair that answers point at, and an exercise: nothing overflows, and axe finds nothing serious."""
    from axe_playwright_python.sync_playwright import Axe
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
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    result = Axe().run(page, context=".miw-screen")
    visit.shot(shots, f"asked-{width}-{scheme}")
    visit.close()
    assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in result.response["violations"]
            if v["impact"] in {"serious", "critical"}] == []  # fmt: skip


@pytest.mark.browser
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


@pytest.mark.browser
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


@pytest.mark.browser
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


@pytest.mark.browser
def test_files_dropped_on_the_page_are_read_together(visit: Visit) -> None:
    """Two files dropped at once make one snapshot; a damaged one says what is wrong and the old answer stays."""
    from playwright.sync_api import expect

    page = visit.page
    resources = case("peering-missing").snapshot().to_dict()["resources"]
    halves = {"networks.json": resources[:4], "rest.json": resources[4:]}
    _drop(page, {name: json.dumps(part) for name, part in halves.items()})
    expect(page.get_by_text("Known:")).to_be_visible(timeout=SOON)
    page.get_by_label("Source").fill("vm-app")
    page.get_by_label("Server name").fill("mi-orders")
    page.get_by_role("button", name="Diagnose").click()
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    page.get_by_text("Known:").click()
    expect(page.get_by_text("networks.json, rest.json")).to_be_visible()
    _drop(page, {"cut.json": '[{"id": "/subscriptions/1'})
    expect(page.get_by_role("alert").filter(has_text="cut.json")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()


def _drop(page: Any, files: dict[str, str]) -> None:
    """What the browser does when a person lets files go over the zone."""
    transfer = page.evaluate_handle(
        """(files) => { const data = new DataTransfer();
        for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name)); return data; }""",
        files,
    )
    page.dispatch_event(".mi-drop", "drop", {"dataTransfer": transfer})


@pytest.mark.browser
def test_report_and_session_are_handed_on(visit: Visit, browser: Any, tmp_path: Path, shots: Path) -> None:
    """The report opens alone and prints; the session file, dropped on another page, shows the same step; the ticket's text."""
    from playwright.sync_api import expect

    page = visit.page
    visit.open("peering-one-sided")
    page.get_by_role("button", name="May the source send").click()
    expect(page.locator(".mi-step h2")).to_contain_text("May the source send", timeout=SOON)
    for name in ("Download report.html", "Download report.md", "Save session"):
        with page.expect_download(timeout=SOON) as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    page.get_by_role("button", name="Copy summary for a ticket").click()
    expect(page.locator("[aria-live]", has_text="The summary was copied.")).to_have_count(1, timeout=SOON)
    assert "BLOCKED" in page.evaluate("navigator.clipboard.readText()")
    for name in ("Save SVG", "Save PNG"):
        page.get_by_role("button", name="Root cause found").click()
        with page.expect_download(timeout=SOON) as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    assert (tmp_path / "path.png").read_bytes()[:4] == b"\x89PNG"
    assert "BLOCKED HERE" in (tmp_path / "path.svg").read_text(encoding="utf-8")
    alone = browser.new_page(java_script_enabled=False)
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto((tmp_path / "report.html").as_uri())
    expect(alone.get_by_role("heading", name="Summary")).to_be_visible()
    alone.screenshot(path=shots / "report.png", full_page=True)
    assert alone.pdf(path=shots / "report.pdf", print_background=True)[:4] == b"%PDF"
    alone.close()
    assert len(asked) == 1
    page.reload()
    page.get_by_label("Built-in case").wait_for(timeout=90_000)
    _drop(page, {"session.json": (tmp_path / "session.json").read_text(encoding="utf-8")})
    expect(page.locator(".mi-step h2")).to_contain_text("May the source send", timeout=SOON)
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()


@pytest.mark.browser
def test_tables_sort_search_and_copy(visit: Visit) -> None:
    """Search and sort change what is copied; what is copied is what the package itself writes, with no formula in it."""
    from playwright.sync_api import expect

    page = visit.page
    visit.open("vnet-to-vnet-healthy")
    table = page.locator('.mi-table[data-table="path"]')
    expect(table).to_be_visible(timeout=SOON)
    table.get_by_role("searchbox").fill("GatewaySubnet")
    expect(table.get_by_text("found in")).to_be_visible()
    kept = table.locator("tbody tr").count()
    table.get_by_role("columnheader", name="Why").get_by_role("button").click()
    expect(table.locator('th[aria-sort="ascending"]')).to_have_count(1)
    table.get_by_role("button", name="Copy CSV").click()
    expect(table.get_by_role("button", name="Copy CSV")).to_contain_text("Copied")
    copied = list(csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()"))))
    assert len(copied) == kept + 1 and copied[0][-1] == "Why"
    assert [row[-1] for row in copied[1:]] == sorted(row[-1] for row in copied[1:])


@pytest.mark.browser
def test_large_hostile_table_is_fluent_and_copies_as_the_package_writes(browser: Any) -> None:
    """10,000 rows: one page of them is in the document, a search takes less than a second, formulas are neutralised."""
    static = ROOT / "mi_workbook" / "workbook" / "static"
    code = "\n".join((static / f"{part}.js").read_text(encoding="utf-8") for part in ("dom", "table"))
    evil = ["=cmd|' /C calc'!A0", "@SUM(1)", "-1+1", "+1", "\uff1d1", "\n=1", 'a"b', "<b>|*_`x", "plain", "a  b\nc"]
    page = browser.new_page()
    page.set_content("<main></main>")
    page.add_script_tag(content=code + ";window.miw = { tableView, csvCell, mdCell };")
    result = page.evaluate(
        """(evil) => {
        const rows = Array.from({ length: 10000 }, (_, at) => [`row ${at}`, evil[at % evil.length]]);
        rows[3] = [["x", "bad", "why"], "<img src=x onerror=window.hit=1>"];
        const table = { id: "t", title: "t", columns: ["a", "b"], rows, signs: { "": "", bad: "✗ ", decides: "► " } };
        const start = performance.now();
        document.querySelector("main").append(miw.tableView(table));
        const drawn = performance.now() - start;
        const search = document.querySelector("input");
        search.value = "row 77";
        const before = performance.now();
        search.dispatchEvent(new Event("input"));
        return { drawn, sought: performance.now() - before, shown: document.querySelectorAll("tbody tr").length,
          csv: evil.map(miw.csvCell), md: evil.map(miw.mdCell), count: document.querySelector(".mi-count").textContent };
        }""",
        evil,
    )
    assert page.evaluate("window.hit === undefined && document.images.length === 0")
    page.close()
    assert result["csv"] == [csv_cell(text) for text in evil]
    assert result["md"] == [md(text) for text in evil]
    assert result["shown"] == 100 and "found in 10000" in result["count"]


@pytest.mark.browser
def test_picture_tells_more_on_request(visit: Visit) -> None:
    """A place of the picture opens its details by keyboard; networks beside the path appear when they are asked for."""
    from playwright.sync_api import expect

    document = case("peering-missing").snapshot().to_dict()
    text = json.dumps(next(one for one in document["resources"] if one["name"] == "vnet-app"))
    for number in range(40):
        document["resources"].append(
            json.loads(text.replace("vnet-app", f"lone-{number}").replace("10.1.", f"10.{50 + number}."))
        )
    page = visit.page
    _drop(page, {"estate.json": json.dumps(document)})
    expect(page.get_by_text("Known:")).to_be_visible(timeout=SOON)
    page.get_by_label("Source").fill("vm-app")
    page.get_by_role("button", name="Diagnose").click()
    expect(page.get_by_role("button", name="Save PNG")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Details of managed instance mi-orders").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".mi-facts")).to_contain_text("snet-mi")
    page.get_by_role("button", name=re.compile("Show 40 more networks")).click()
    expect(page.locator("svg text", has_text="lone-39")).to_be_visible(timeout=SOON)


@pytest.mark.browser
def test_jupyterlab_shows_the_same_screen(browser: Any, tmp_path: Path, shots: Path) -> None:
    """In JupyterLab the notebook runs and a case reaches its repair; keys on the screen do not reach the notebook."""
    from playwright.sync_api import expect

    overrides = tmp_path / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir()
    overrides.write_text(json.dumps({
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastLastCell": False},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    }))  # fmt: skip
    lab = served(
        tmp_path, "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True", app=False, answers="/api"
    )
    for address in lab:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(f"{address}/lab/tree/start.ipynb?reset")
        page.locator(".jp-Notebook").first.wait_for(timeout=60_000)
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=60_000)  # sent earlier, Lab asks which kernel to use
        for _ in range(10):
            page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
            try:
                page.get_by_label("Built-in case").wait_for(timeout=6_000)
                break
            except Exception:  # the kernel was not ready: sent again
                continue
        page.get_by_label("Built-in case").select_option(value="peering-one-sided")
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
        page.get_by_role("button", name="May the source send").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".mi-step h2")).to_contain_text("May the source send", timeout=SOON)
        page.screenshot(path=shots / "lab.png")
        context.close()
        assert [url for url in asked if not LOOPBACK.match(url)] == []


def test_app_page_asks_no_other_host() -> None:
    """The template of the app lies in the package and leaves out what Voila's own page loads from elsewhere."""
    folder = Path(environment()["JUPYTER_PATH"].split(os.pathsep)[0]) / "voila" / "templates"
    named = next(part.partition("=")[2] for part in command(START, app=True) if part.startswith("--template"))
    assert json.loads((folder / named / "conf.json").read_text(encoding="utf-8"))["base_template"] == "lab"
    assert sys.executable == command(START, app=False)[0]
