"""The browser's copy: same notebooks, no package that has no wheel there, nothing from another host."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from conftest import ROOT


@pytest.fixture
def build() -> ModuleType:
    """lite/build.py as a module."""
    spec = importlib.util.spec_from_file_location("lite_build", ROOT / "lite" / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_screen_and_report_work_without_what_the_browser_lacks() -> None:
    """Case, picture and report need neither pandas nor plotly, rich, numpy or the network's TLS module."""
    code = """
import sys
for name in ("pandas", "plotly", "rich", "numpy", "ssl", "azure", "dns", "psutil"):
    sys.modules[name] = None
from mi_workbook.workbook import start
session = start()
session.send = lambda message: print(len(message["text"]))
session.act({"do": "case", "value": "peering-missing"})
session.act({"do": "download", "value": "html"})
assert session.screen["verdict"]["kind"] == "blocked" and not session.screen["error"], session.screen["error"]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 1000


def test_notebooks_are_the_same_but_for_one_cell(build: ModuleType, tmp_path: Path) -> None:
    """Each notebook is there and valid, with the folded cell that makes the package known, and the browser's kernel."""
    build.notebooks(tmp_path / "contents")
    made = sorted((tmp_path / "contents").glob("*.ipynb"))
    assert [path.name for path in made] == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    for path in made:
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        ours = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
        said = [cell.source.removesuffix(build.WAIT) for cell in book.cells if cell.id != "browser"]
        assert said == [cell.source for cell in ours.cells]
        assert book.cells[0].source.endswith(build.WAIT) and book.cells[1].metadata.jupyter.source_hidden
        assert book.metadata.kernelspec.name == "python"


def test_everything_a_package_needs_is_taken_along(build: ModuleType) -> None:
    """Dependencies of dependencies, and names that the list spells with a hyphen."""
    packages = {"a": {"depends": ["b_c"]}, "b-c": {"depends": ["d"]}, "d": {"depends": ["a"]}, "e": {"depends": []}}
    assert build.needed(packages, ("a",)) == ["a", "b-c", "d"]


def test_python_comes_from_the_site_itself(build: ModuleType) -> None:
    """The kernel is told to load Python beside the page, not from another host."""
    assert "://" not in json.dumps(build.settings())


def test_the_address_of_the_site_opens_the_start_notebook(build: ModuleType, tmp_path: Path) -> None:
    """By itself, and by a link where a browser does not go on by itself."""
    build.front(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{}</script>' in page
    assert page.count(build.START) == 2 and build.START.endswith("path=start.ipynb")
    assert (ROOT / "notebooks" / "start.ipynb").is_file()
