"""The static site in Chromium: a customer's snapshot is analysed by Python in the page, and nothing is asked of another host."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import ROOT, find_chromium

from mi_workbook.cases import case

HOME = re.compile(r"https?://127\.0\.0\.1[:/]|data:|blob:")
LONG = 180_000  # ms: Python starts in the page, on a machine that may be busy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as lite/build.py makes it, or the one in MI_WORKBOOK_LITE_SITE."""
    ready = os.environ.get("MI_WORKBOOK_LITE_SITE")
    if ready:
        return Path(ready)
    if shutil.which("npm") is None:
        pytest.skip("Python for the browser comes from npm, which is not installed.")
    folder = tmp_path_factory.mktemp("lite")
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for step in (
        [sys.executable, "-m", "venv", str(folder / "venv")],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(ROOT / "lite" / "requirements.txt")],
        [str(python), str(ROOT / "lite" / "build.py"), str(folder / "site")],
    ):
        done = subprocess.run(step, capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return folder / "site"


class Server(http.server.SimpleHTTPRequestHandler):
    """Gives out files, and keeps what it was asked."""

    received: ClassVar[list[str]] = []

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Called for each request."""
        self.received.append(f"{self.requestline} {code}")

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """The site on this machine, as any web server would give it out."""
    Server.received.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.browser
def test_a_snapshot_is_analysed_in_the_page_and_leaves_it_not(address: str, tmp_path: Path) -> None:
    """From the site's address to the report: the notebook run, a dropped file, the verdict, the download; every request goes to the site itself."""
    from playwright.sync_api import expect, sync_playwright

    customer = json.dumps(case("peering-one-sided").snapshot().to_dict())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(address)
        page.locator(".jp-Notebook").first.wait_for(timeout=LONG)
        page.get_by_text("(Pyodide) | Idle").wait_for(timeout=LONG)
        expect(page.get_by_role("paragraph").filter(has_text="Here Python runs")).to_be_visible(timeout=LONG)
        page.get_by_role("menuitem", name="Run").click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.get_by_label("Built-in case").wait_for(timeout=LONG)
        expect(page.get_by_role("button", name="Practise")).to_be_visible(timeout=LONG)
        transfer = page.evaluate_handle(
            "(text) => { const data = new DataTransfer(); data.items.add(new File([text], 'customer.json')); return data; }",
            customer,
        )
        page.dispatch_event(".mi-drop", "drop", {"dataTransfer": transfer})
        page.get_by_text("Known:").wait_for(timeout=LONG)
        page.get_by_role("combobox", name="Source").fill("vm-app")
        page.get_by_label("Server name").fill("mi-orders")
        page.get_by_role("button", name="Diagnose").click()
        expect(page.get_by_role("status").filter(has_text="BLOCKED")).to_be_visible(timeout=LONG)
        with page.expect_download(timeout=LONG) as download:
            page.get_by_role("button", name="Download report.html").click()
        download.value.save_as(tmp_path / "report.html")
        browser.close()
    assert "BLOCKED HERE" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [url for url in asked if not HOME.match(url)] == []
    # The page's own files are kept by its service worker: no request that carries anything comes to the server.
    assert {line.split()[0] for line in Server.received} == {"GET"}
    assert not any("mi-orders" in line or "customer" in line for line in Server.received)
