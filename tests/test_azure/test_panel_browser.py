"""The Azure notebook in a real browser: from sign-in to a verified repair, against Resource Manager on loopback."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, find_chromium

from mi_workbook.cases import case
from tests.browser.places import FLAGS, LOOPBACK, SOON, WIDTHS, serious, served
from tests.test_azure.conftest import estate_of
from tests.test_azure.test_verify import mend

CASE = "same-vnet-mi-nsg"
CELL = """
from mi_workbook.diagnosis.collecting import Settings
from mi_workbook.evidence.azure.clouds import custom
from mi_workbook.workbook import collect_live
from mi_workbook.workbook.live import Live
from mi_workbook.workbook.state import State
from tests.test_azure.test_panel import signs

collect_live(Live(State(), Settings(cloud=custom(URL, URL), seconds=30.0, verify=CERTIFICATE), signs, own_cloud=True, keep="collected.json.gz"))
"""

pytestmark = pytest.mark.browser


@pytest.fixture
def app(serve: Any, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """Address of the notebook served by Voila, and the estate it collects from."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}")
    estate = estate_of(case(CASE))
    settings = serve(estate)
    book = nbformat.read(ROOT / "notebooks" / "azure.ipynb", as_version=4)
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    code.source = f"URL, CERTIFICATE = {settings.cloud.endpoint!r}, {str(certificate)!r}\n{CELL}"
    path = tmp_path / "azure.ipynb"
    nbformat.write(book, path)
    for address in served(tmp_path, app=True, answers="/voila/static/voila.js", notebook=path):
        yield address, estate


def test_sign_in_collect_repair_verify(app: tuple[str, Any], shots_azure: Path) -> None:
    """A person clicks from nothing to a verified repair; nothing leaves this machine."""
    from playwright.sync_api import expect, sync_playwright

    address, estate = app
    one = case(CASE)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1024, "height": 2000}, color_scheme="dark")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.get_by_role("button", name="Sign in").wait_for(timeout=90_000)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Signed in to Custom")).to_be_visible(timeout=SOON)
        page.get_by_role("button", name="Look around").click()
        expect(page.get_by_text("Choose source and instance")).to_be_visible(timeout=SOON)
        page.get_by_label("Source", exact=True).first.fill(one.source)
        page.get_by_label("Instance", exact=True).first.fill(one.target)
        page.get_by_role("button", name="Collect and diagnose").click()
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("Kept in collected.json.gz")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("then press 'I applied the repair: verify' above")).to_be_visible(timeout=SOON)
        mend(estate, CASE)
        page.get_by_role("button", name="I applied the repair").click()
        expect(page.get_by_text("It was blocked, and is reachable now.")).to_be_visible(timeout=SOON)
        expect(page.get_by_role("status").filter(has_text="REACHABLE")).to_be_visible(timeout=SOON)
        found = []
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            expect(page.locator(".miw-screen")).to_have_attribute("data-theme", scheme)
            page.screenshot(path=shots_azure / f"azure-panel-{scheme}.png", full_page=True)
            assert page.evaluate(WIDTHS)
            found += [f"{scheme} {one}" for one in serious(page, "body")]
        token = json.dumps("eyJhbGciOiJSUzI1NiJ9")[1:-1]
        assert token not in page.content()
        browser.close()
    assert found == []
    assert [url for url in asked if not LOOPBACK.match(url)] == []


@pytest.fixture
def shots_azure(tmp_path: Path) -> Path:
    """Where screenshots go: MI_WORKBOOK_SCREENSHOTS, or nowhere that stays."""
    folder = Path(os.environ.get("MI_WORKBOOK_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
