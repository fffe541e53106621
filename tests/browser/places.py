"""What the browser tests share: a notebook served on this machine, and a person's visit to it."""

import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import ROOT

from mi_workbook.cases import case
from mi_workbook.launch import command, environment

START = ROOT / "notebooks" / "start.ipynb"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SOON = 30_000  # ms; waits end as soon as what they wait for is there
LOOPBACK = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")


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


def drop(page: Any, files: dict[str, str]) -> None:
    """What the browser does when a person lets files go over the zone."""
    transfer = page.evaluate_handle(
        """(files) => { const data = new DataTransfer();
        for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name)); return data; }""",
        files,
    )
    page.dispatch_event(".mi-drop", "drop", {"dataTransfer": transfer})
