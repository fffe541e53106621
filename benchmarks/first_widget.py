"""Time to the first widget of the workbook over that of an empty page, and a table of 10,000 rows, in Chromium.

Each page is the app (Voila), opened anew with its own kernel: one that shows a word, one that shows a plain widget, and the
start notebook. A page counts as there when a person sees its content. Needs the development packages and Chromium.

    python benchmarks/first_widget.py [--write]    # --write puts the figures into benchmarks/README.md
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from mi_workbook.launch import command, environment

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "mi_workbook" / "workbook" / "static"
ROUNDS = 3
MARKS = "<!-- first_widget.py -->", "<!-- end of first_widget.py -->"
WORD, WIDGET = "print('here it is')", "import ipywidgets\nipywidgets.Label('here it is')"
KERNEL = """import time, IPython
marks = [time.process_time()]
import anywidget
marks.append(time.process_time())
from mi_workbook.workbook import start
marks.append(time.process_time())
start()
marks.append(time.process_time())
print(*((after - before) * 1000 for before, after in zip(marks, marks[1:])))"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> int:
    """Measure, print, and write where asked."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = play.chromium.launch(executable_path=found, args=FLAGS)
        start = HERE.parent / "notebooks" / "start.ipynb"
        pages = {"an empty page: one word": (_notebook(Path(folder), "word", WORD), "text=here it is"),
                 "a page with one plain label widget": (_notebook(Path(folder), "widget", WIDGET), "text=here it is"),
                 "the workbook, ready to use": (start, "text=Built-in case")}  # fmt: skip
        times = {name: opened(browser, notebook, sight, Path(folder)) for name, (notebook, sight) in pages.items()}
        text = words(times, table(browser.new_page()), kernel())
        browser.close()
    print(text)
    if "--write" in sys.argv[1:]:
        kept = (HERE / "README.md").read_text(encoding="utf-8")
        before, _, rest = kept.partition(MARKS[0])
        (HERE / "README.md").write_text(
            f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{rest.partition(MARKS[1])[2]}", encoding="utf-8"
        )
    return 0


def _notebook(folder: Path, name: str, code: str) -> Path:
    """A notebook of one cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def opened(browser: Browser, notebook: Path, sight: str, folder: Path) -> float:
    """Milliseconds from asking for the page to seeing its content: the median of several rounds after one to warm up."""
    taken = []
    with served(notebook, folder) as address:
        for _ in range(ROUNDS + 1):
            page = browser.new_page()
            begun = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.locator(sight).first.wait_for(timeout=90_000)
            taken.append((time.perf_counter() - begun) * 1000)
            page.close()
    return statistics.median(taken[1:])


@contextmanager
def served(notebook: Path, folder: Path) -> Iterator[str]:
    """The app on this machine; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), **compiled(folder)}
    server = subprocess.Popen(
        [*command(notebook, app=True), "--no-browser", f"--port={port}"], env={**environment(), **settings},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/voila/static/voila.js", timeout=2)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def table(page: Page) -> dict[str, Any]:
    """Milliseconds to draw, search and sort a table of 10,000 rows, each up to the next frame that is painted."""
    page.set_content("<main></main>")
    code = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in ("dom", "table"))
    page.add_script_tag(content=code + ";window.miw = { tableView };")
    taken: dict[str, Any] = page.evaluate("""async () => {
        const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        const clock = async (act) => { const at = performance.now(); act(); await painted(); return performance.now() - at; };
        const rows = Array.from({ length: 10000 }, (_, at) =>
          [`10.${at >> 8}.${at & 255}.0`, "255.255.255.0", "VirtualAppliance", `route-${at}`, at % 7 ? "" : ["x", "bad", "why"]]);
        const made = { id: "t", title: "t", columns: ["a", "b", "c", "d", "e"], rows, signs: { "": "", bad: "x ", decides: "> " } };
        const draw = await clock(() => document.querySelector("main").append(miw.tableView(made)));
        const search = document.querySelector("input");
        const seek = await clock(() => { search.value = "route-77"; search.dispatchEvent(new Event("input")); });
        search.value = ""; search.dispatchEvent(new Event("input"));
        const sort = await clock(() => document.querySelectorAll("th button")[3].click());
        return { draw, seek, sort, shown: document.querySelectorAll("tbody tr").length };
    }""")
    assert taken["shown"] == 100, taken
    return taken


def compiled(folder: str | Path) -> dict[str, str]:
    """Modules are compiled by the first round, as an installation leaves them, and kept in this folder."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}


def kernel() -> list[float]:
    """Milliseconds of processor time in the kernel: the widget library, this package, the first screen. Median of some processes.

    Processor time hardly depends on what else is running.
    """
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS + 1):
            done = subprocess.run(
                [sys.executable, "-c", KERNEL], capture_output=True, text=True, check=True, cwd=HERE.parent,
                env={**os.environ, **compiled(folder)},
            )  # fmt: skip
            runs.append([float(part) for part in done.stdout.split()])
    return [statistics.median(column) for column in zip(*runs[1:], strict=True)]


def words(times: dict[str, float], rows: dict[str, Any], parts: list[float]) -> str:
    """The figures as Markdown."""
    floor = next(iter(times.values()))
    lines = [f"| {name} | {ms:,.0f} ms | {ms - floor:+,.0f} ms | {ms / floor:.2f} |" for name, ms in times.items()]
    return "\n".join([
        f"Median of {ROUNDS} openings in Voila, one kernel started for each; {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[0]:.0f} at the end (this takes about one; what is more is other work: read the ratios):", "",
        "| page | until it is seen | over the empty page | ratio |", "| --- | ---: | ---: | ---: |", *lines, "",
        f"Processor time of the workbook in its kernel, modules compiled, IPython already there: {parts[0]:.0f} ms anywidget and "
        f"ipywidgets, {parts[1]:.0f} ms this package, {parts[2]:.0f} ms the first screen.", "",
        f"A table of 10,000 rows, up to the painted frame: draw {rows['draw']:.0f} ms, search {rows['seek']:.0f} ms, "
        f"sort {rows['sort']:.0f} ms; 100 rows of it are in the page.",
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
