"""The notebooks run, and a person reaches the repair in a real browser."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

from mi_workbook.cases import case

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_executes(path: Path) -> None:
    """Every notebook runs from top to bottom and shows its widget."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in outputs)


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[str]:
    """The start notebook served as an app on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "voila", str(ROOT / "notebooks" / "start.ipynb"), "--no-browser", f"--port={port}"]
    log = (tmp_path / "voila.log").open("wb")
    server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path)})
    try:
        _wait(f"http://127.0.0.1:{port}/voila/static/voila.js", server)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


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


@pytest.mark.browser
def test_files_dropped_on_the_page_are_read_together(voila: str, chromium: str, tmp_path: Path) -> None:
    """Two files dropped at once make one snapshot; a damaged one says what is wrong and the old evidence stays."""
    from playwright.sync_api import expect, sync_playwright

    resources = case("peering-missing").snapshot().to_dict()["resources"]
    halves = {"networks.json": resources[:4], "rest.json": resources[4:]}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(voila)
        zone = page.get_by_role("button", name="Drop evidence files here")
        expect(zone).to_be_visible(timeout=90_000)
        _drop(page, {name: json.dumps(part) for name, part in halves.items()})
        expect(zone).to_contain_text("networks.json, rest.json", timeout=30_000)
        page.get_by_label("Server name").fill("mi-orders")
        page.get_by_label("Source").fill("vm-app")
        page.get_by_role("button", name="Diagnose").click()
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=30_000)
        _drop(page, {"cut.json": '[{"id": "/subscriptions/1'})
        expect(page.get_by_role("alert").filter(has_text="cut.json")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible()
        browser.close()


def _drop(page: Any, files: dict[str, str]) -> None:
    """What the browser does when a person lets files go over the zone."""
    transfer = page.evaluate_handle(
        """(files) => { const data = new DataTransfer();
        for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name)); return data; }""",
        files,
    )
    page.dispatch_event(".mi-drop", "drop", {"dataTransfer": transfer})


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1920, "dark")])
def test_person_walks_to_the_repair_and_downloads_the_report(
    voila: str, chromium: str, tmp_path: Path, width: int, scheme: str
) -> None:
    """Choose a broken case, go to the answer, copy the repair, download the report; no request leaves the machine."""
    from playwright.sync_api import expect, sync_playwright

    shots = Path(os.environ.get("MI_WORKBOOK_SCREENSHOTS", tmp_path))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(voila)
        page.get_by_label("Scenario").select_option(label="The application is in another, peered VNet", timeout=90_000)
        expect(page.locator("option", has_text="Same VNet, all sound")).to_have_count(0, timeout=30_000)
        page.get_by_label("Built-in case").select_option(label="Another VNet, peered on one side only", timeout=90_000)
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=30_000)
        page.screenshot(path=shots / f"verdict-{width}-{scheme}.png", full_page=True)
        page.get_by_role("button", name="Next step").click()
        expect(page.get_by_text("Security rules", exact=False).first).to_be_attached(timeout=30_000)
        page.get_by_role("button", name="Go to the answer").click()
        expect(page.get_by_text("az network vnet peering create").first).to_be_visible(timeout=30_000)
        expect(page.locator("svg text", has_text=re.compile("BLOCKED HERE")).first).to_be_visible()
        page.screenshot(path=shots / f"answer-{width}-{scheme}.png", full_page=True)
        with page.expect_download(timeout=30_000) as download:
            page.get_by_role("link", name="Download report.html").click()
        saved = tmp_path / "report.html"
        download.value.save_as(saved)
        browser.close()
    assert "az network vnet peering create" in saved.read_text(encoding="utf-8")
    outside = [url for url in asked if not re.match(r"(https?|wss?)://127\.0\.0\.1|data:|blob:", url)]
    # Voila's own page asks for an icon font that the workbook does not use.
    assert [url for url in outside if "awesome" not in url] == []
