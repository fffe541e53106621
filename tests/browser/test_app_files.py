"""The app (Voila): what goes in and comes out: files, session, report, tables, the picture, and long work that is ended."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from mi_workbook.cases import case
from mi_workbook.views.html import csv_cell, md
from tests.browser.fixtures import browser, shots, visit, voila
from tests.browser.places import SOON, Visit, drop

__all__ = ["browser", "shots", "visit", "voila"]
pytestmark = pytest.mark.browser


def test_files_dropped_on_the_page_are_read_together(visit: Visit) -> None:
    """Two files dropped at once make one snapshot; a damaged one says what is wrong and the old answer stays."""
    from playwright.sync_api import expect

    page = visit.page
    resources = case("peering-missing").snapshot().to_dict()["resources"]
    halves = {"networks.json": resources[:4], "rest.json": resources[4:]}
    drop(page, {name: json.dumps(part) for name, part in halves.items()})
    expect(page.get_by_text("Known:")).to_be_visible(timeout=SOON)
    page.get_by_role("combobox", name="Source").fill("vm-app")
    page.get_by_label("Server name").fill("mi-orders")
    page.get_by_role("button", name="Diagnose").click()
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    page.get_by_text("Known:").click()
    expect(page.get_by_text("networks.json, rest.json")).to_be_visible()
    drop(page, {"cut.json": '[{"id": "/subscriptions/1'})
    expect(page.get_by_role("alert").filter(has_text="cut.json")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()


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
    drop(page, {"session.json": (tmp_path / "session.json").read_text(encoding="utf-8")})
    expect(page.locator(".mi-step h2")).to_contain_text("May the source send", timeout=SOON)
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()


def test_cancel_ends_the_opening_of_a_large_file_and_keeps_what_is_known(
    visit: Visit, shots: Path, tmp_path: Path
) -> None:
    """A file of 30 MB is sent in parts; Cancel leaves evidence and answer as they were; then it is opened and judged."""
    from playwright.sync_api import expect

    document = case("peering-missing").snapshot().to_dict()
    pattern = next(one for one in document["resources"] if one["name"] == "nic-app")
    for number in range(30_000):
        document["resources"].append({**pattern, "id": f"{pattern['id']}-{number}", "name": f"nic-{number}"})
    file = tmp_path / "large.json"
    file.write_text(json.dumps(document))
    assert file.stat().st_size > 15_000_000  # more than a server takes in one message
    page = visit.page
    visit.open("peering-one-sided")
    bar = page.get_by_role("group", name="Work in progress")
    page.locator("input[type=file]").set_input_files(file)
    expect(bar.get_by_role("progressbar")).to_be_visible(timeout=SOON)
    bar.get_by_role("button", name="Cancel").press("Enter")
    page.screenshot(path=shots / "cancel.png")
    expect(page.get_by_role("alert").filter(has_text="Stopped")).to_be_visible(timeout=SOON)
    expect(bar).to_be_hidden(timeout=SOON)
    expect(page.get_by_text("Known: 9 resources")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(f"Known: {len(document['resources'])} resources")).to_be_visible(timeout=90_000)
    page.get_by_role("combobox", name="Source").first.fill("vm-app")
    page.get_by_role("button", name="Diagnose").click()
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Redacted report").click()
    bar.get_by_role("button", name="Cancel").click(timeout=SOON)
    expect(page.get_by_role("alert").filter(has_text="Stopped")).to_be_focused(timeout=SOON)
    expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()


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
    drop(page, {"estate.json": json.dumps(document)})
    expect(page.get_by_text("Known:")).to_be_visible(timeout=SOON)
    page.get_by_role("combobox", name="Source").fill("vm-app")
    page.get_by_role("button", name="Diagnose").click()
    expect(page.get_by_role("button", name="Save PNG")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Details of managed instance mi-orders").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".mi-facts")).to_contain_text("snet-mi")
    page.get_by_role("button", name=re.compile("Show 40 more networks")).click()
    expect(page.locator("svg text", has_text="lone-39")).to_be_visible(timeout=SOON)
