"""Builds a static site in which the notebooks run in the reader's browser: evidence never leaves the machine.

    python -m venv .lite && .lite/bin/pip install -r lite/requirements.txt
    .lite/bin/python lite/build.py [OUTPUT]         # then: python -m http.server -d OUTPUT

Python in the browser (Pyodide) comes from npm, its packages as wheels from the package index, this package from the
checkout; all of it lies in OUTPUT (lite/site), which asks no other host. Needs npm. pandas and plotly have no wheels for this
platform and are left out: the screen, its picture and the report do without them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYODIDE = "314.0.6"  # the version that jupyterlite-pyodide-kernel 0.8.6 was made for
# What the kernel loads when it starts; the versions are those of Pyodide's own list.
OF_THE_KERNEL = ("ipython", "micropip", "packaging", "jedi", "typing-extensions")
MORE = ("ipywidgets>=8.1,<9", "anywidget>=0.9", "psygnal", "comm")  # what the screen needs besides
START = "lab/index.html?path=start.ipynb"
NAMES = ("mi-workbook", "ipywidgets", "anywidget", "psygnal", "comm", "typing-extensions")
WAIT = "\n\nHere Python runs in your browser: press ▶▶ to run all cells; the first time takes half a minute. Nothing you drop leaves this page."
FIRST_CELL = f"import piplite\n\nawait piplite.install({list(NAMES)!r}, deps=False)"


def main() -> int:
    """Build the site; a step that fails ends it with its own words."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "site").resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheels, contents = work / "wheels", work / "contents"
        wheels.mkdir()
        pyodide(work / "static" / "pyodide")
        run(sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(ROOT))
        for one in MORE:
            download(one, wheels)
        notebooks(contents)
        (work / "jupyter-lite.json").write_text(json.dumps(settings()), encoding="utf-8")
        run(
            sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(work), "--contents", str(contents),
            "--output-dir", str(output), *(f"--piplite-wheels={wheel}" for wheel in sorted(wheels.glob("*.whl"))),
        )  # fmt: skip
    front(output)
    return 0


def front(output: Path) -> None:
    """The site's own address opens the start notebook; the launcher of an empty JupyterLab tells a reader nothing.

    The pages below read their settings here as well, from the element of that id (JupyterLite, "Configuration files").
    """
    page = f'''<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mi_workbook</title>
<meta http-equiv="refresh" content="0; url={START}">
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script></head><body><p><a href="{START}">Open the workbook</a></p></body></html>
'''
    (output / "index.html").write_text(page, encoding="utf-8")


def run(*command: str) -> int:
    """Run a command; its failure ends the build with its own words."""
    return subprocess.run(command, check=True, cwd=ROOT).returncode


def download(what: str, folder: Path) -> None:
    """The pure wheel of one requirement, without what it depends on."""
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform=any",
        "--python-version=3.14", "--implementation=py", "--abi=none", f"--dest={folder}", what)  # fmt: skip


def pyodide(folder: Path) -> None:
    """Python for the browser, with the packages of its kernel beside it instead of on another host."""
    folder.mkdir(parents=True)
    run("npm", "pack", "--silent", f"pyodide@{PYODIDE}", f"--pack-destination={folder}")
    archive = next(folder.glob("*.tgz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    for file in (folder / "package").iterdir():
        shutil.move(str(file), folder / file.name)
    archive.unlink()
    (folder / "package").rmdir()
    listed = folder / "pyodide-lock.json"
    lock = json.loads(listed.read_text(encoding="utf-8"))
    for name in needed(lock["packages"], OF_THE_KERNEL):
        entry = lock["packages"][name]
        before = set(folder.glob("*.whl"))
        download(f"{entry['name']}=={entry['version']}", folder)
        (wheel,) = set(folder.glob("*.whl")) - before
        # The index's wheel is not byte for byte the one that Pyodide built of the same source.
        entry |= {"file_name": wheel.name, "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    listed.write_text(json.dumps(lock), encoding="utf-8")


def needed(packages: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """These packages and all that they depend on, by name."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        known = name if name in packages else name.replace("_", "-")
        if known not in found:
            found.add(known)
            waiting += packages[known]["depends"]
    return sorted(found)


def notebooks(folder: Path) -> None:
    """The notebooks of the repository; a first cell, folded, makes the package known, and the kernel has the browser's name."""
    folder.mkdir()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        book = json.loads(path.read_text(encoding="utf-8"))
        cell = {"cell_type": "code", "execution_count": None, "id": "browser", "metadata": {"jupyter": {"source_hidden": True}}, "outputs": [],
                "source": FIRST_CELL}  # fmt: skip
        book["cells"][0]["source"] = [*book["cells"][0]["source"], WAIT]
        book["cells"].insert(1, cell)
        book["metadata"]["kernelspec"] = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
        (folder / path.name).write_text(json.dumps(book, indent=1), encoding="utf-8")


def settings() -> dict[str, Any]:
    """The site's settings: Python from the site itself, no reports, no news."""
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "mi_workbook",
            "litePluginSettings": {
                "@jupyterlite/pyodide-kernel-extension:kernel": {"pyodideUrl": "./static/pyodide/pyodide.mjs"},
            },
            "settingsOverrides": {
                "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
            },
        },
    }


if __name__ == "__main__":
    sys.exit(main())
