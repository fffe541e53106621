"""The documentation site: built without a warning, every link leads somewhere, nothing is asked of another host."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import ROOT

from mi_workbook.guide.scenario import all_scenarios, disagreement_trees
from mi_workbook.views import scenario_pages
from mi_workbook.views.pages import write

DOCS = ROOT / "docs"
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Links(HTMLParser):
    """What a page loads, where it links to, and the places in it that can be linked to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        given = {name: value or "" for name, value in attrs}
        self.places.add(given.get("id", ""))
        if tag in LOADED and given.get(LOADED[tag]):
            self.loads.append(given[LOADED[tag]])
        if tag == "a" and given.get("href"):
            self.leads.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Links]:
    """Every page of the site by its file, built as the command builds it (any warning fails)."""
    pytest.importorskip("sphinx")
    output = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, str(DOCS / "build.py"), "site", str(output)],
        capture_output=True, text=True, cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = {}
    for file in output.rglob("*.html"):
        found[file] = Links()
        found[file].feed(file.read_text(encoding="utf-8"))
    return found


def test_every_link_of_the_site_leads_somewhere(site: dict[Path, Links]) -> None:
    """Pages, places in them, pictures, scripts: all are there."""
    assert len(site) > 150
    lost = [f"{file.name}: {link}" for file, links in site.items() for link in _lost(file, links, site)]
    assert lost == []


def _lost(file: Path, links: Links, site: dict[Path, Links]) -> Iterator[str]:
    for link in {*links.leads, *links.loads}:
        if re.match(r"(https?|mailto|data):", link):
            continue
        path, _, place = link.partition("#")
        there = (file.parent / unquote(path.partition("?")[0])).resolve() if path else file
        if not there.exists() or (place and there in site and unquote(place) not in site[there].places):
            yield link


def test_the_site_loads_nothing_from_elsewhere(site: dict[Path, Links]) -> None:
    """No page, and no style sheet, names another host to load from."""
    for file, links in site.items():
        assert [one for one in links.loads if re.match(r"(https?:)?//", one)] == [], file
    for sheet in next(iter(site)).parent.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_pages_of_scenarios_are_fresh() -> None:
    """docs/scenarios holds exactly what the trees say today, with each step and each case."""
    kept = {file.name: file.read_text(encoding="utf-8") for file in (DOCS / "scenarios").glob("*.md")}
    assert kept == scenario_pages.pages(), "run python docs/build.py"
    for one in all_scenarios().values():
        assert all(step.title in kept[f"{one.id}.md"] for step in one.steps)


def test_pages_of_scenarios_that_are_gone_are_removed(tmp_path: Path) -> None:
    """An old page does not stay."""
    (tmp_path / "gone.md").write_text("old", encoding="utf-8")
    write(tmp_path, scenario_pages.pages())
    assert {file.name for file in tmp_path.glob("*.md")} == {
        f"{one}.md" for one in (*all_scenarios(), *disagreement_trees(), "index")
    }


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: MI_WORKBOOK_PICTURES, or nowhere that stays."""
    folder = Path(os.environ.get("MI_WORKBOOK_PICTURES", tmp_path)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.browser
def test_pictures_of_the_docs_can_be_made(pictures: Path, tmp_path: Path) -> None:
    """The screens that the docs show are made by this test, small enough for a repository; docs/pictures has no others."""
    from conftest import find_chromium
    from playwright.sync_api import expect, sync_playwright

    from tests.browser.places import FLAGS, SOON, Visit, served

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for address in served(tmp_path, app=True, answers="/voila/static/voila.js"):
            visit = Visit(browser, address)
            visit.page.set_viewport_size({"width": 1100, "height": 940})
            visit.open("peering-one-sided")
            visit.page.locator(".mi-banner").evaluate("one => one.scrollIntoView()")
            visit.page.screenshot(path=pictures / "answer.png")
            visit.open("same-vnet-mi-nsg")
            visit.page.locator(".mi-steps button", has_text="Does the instance's subnet let").click()
            expect(visit.page.locator(".mi-step h2")).to_contain_text("Does the instance's subnet let", timeout=SOON)
            visit.page.locator(".mi-walk").screenshot(path=pictures / "steps.png")
            with visit.page.expect_download(timeout=SOON) as download:
                visit.page.get_by_role("button", name="Download report.html").click()
            download.value.save_as(tmp_path / "report.html")
            visit.close()
        _report(browser, tmp_path / "report.html", pictures / "report.png")
        browser.close()
    made = {file.name: file.stat().st_size for file in pictures.glob("*.png")}
    assert set(made) == {file.name for file in (DOCS / "pictures").glob("*.png")}
    assert all(size < 200_000 for size in made.values()), made


def _report(browser: Any, file: Path, picture: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(file.as_uri())
    page.screenshot(path=picture)
    page.close()
