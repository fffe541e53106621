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

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.launch import command, environment

START = ROOT / "notebooks" / "start.ipynb"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SOON = 30_000  # ms; waits end as soon as what they wait for is there
LOOPBACK = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|about:")


def served(
    folder: Path, *arguments: str, app: bool, answers: str, notebook: Path = START, module: str = ""
) -> Iterator[str]:
    """A notebook served on this machine; yields the address and ends the server after use. module: another server's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*_command(notebook, module, app=app), "--no-browser", f"--port={port}", *arguments], stdout=log, stderr=log,
            env={**environment(), **settings},
        )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}{answers}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def _command(notebook: Path, module: str, *, app: bool) -> list[str]:
    return [module or one if one == "jupyterlab" else one for one in command(notebook, app=app)]


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


WIDTHS = "document.documentElement.scrollWidth <= window.innerWidth"
WANTED = {"blocked": "Root cause found: repair it", "unknown": "Evidence is missing: collect it"}
REACHED = "Azure's configuration lets it through"


def example_of(scenario: str) -> Case:
    """The case a scenario is walked with: a broken one where there is one."""
    mine = [one for one in all_cases() if one.scenario == scenario]
    return next((one for one in mine if one.verdict == "blocked"), mine[0])


def choose(room: Any, one: Case) -> None:
    """Choose a built-in case and wait until its answer is drawn. room: the page, or the part of it that holds the screen."""
    from playwright.sync_api import expect

    room.get_by_label("Built-in case").select_option(value=one.id)
    expect(room.get_by_role("status").filter(has_text=one.verdict.upper())).to_be_visible(timeout=SOON)
    expect(room.get_by_label("Built-in case")).to_have_value(one.id, timeout=SOON)
    # The verdict may still be that of the case before, of the same word: the screen is busy until the new one is drawn.
    expect(room.locator(".miw-screen")).not_to_have_attribute("aria-busy", "true", timeout=SOON)


def walk_to_the_end(room: Any, one: Case) -> int:
    """From the first step by 'Next step' to the end that the case's verdict has; returns the number of steps."""
    from playwright.sync_api import expect

    steps = room.get_by_role("navigation", name="Steps of the decision tree")
    steps.get_by_role("button").first.click()
    expect(room.get_by_text("Step 1 of")).to_be_visible(timeout=SOON)
    number = 1
    while room.get_by_role("button", name="Next step").is_enabled():
        room.get_by_role("button", name="Next step").click()
        number += 1
        expect(room.get_by_text(f"Step {number} of")).to_be_visible(timeout=SOON)
        expect(room.locator(".mi-step h2")).to_be_focused()
    expect(steps.locator('[aria-current="step"]')).to_have_count(1)
    expect(room.locator(".mi-step h2")).to_have_text(WANTED.get(one.verdict, REACHED))
    return number


def serious(page: Any, of: str = ".miw-screen") -> list[str]:
    """What axe finds serious or worse in a part of the page, contrast included."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=of).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in {"serious", "critical"}]


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
        choose(self.page, case(case_id))

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
