"""One list of dependencies, whatever installs them; layers hold; notebooks are thin."""

import ast
import json
import re
import subprocess
import sys
import tomllib

import pytest
from conftest import ROOT

import mi_workbook

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", ["environment.yml", "binder/environment.yml"])
def test_conda_environments_equal_pyproject(name: str) -> None:
    """conda and Binder install what pip installs, plus the Azure extra."""
    text = (ROOT / name).read_text(encoding="utf-8")
    listed = {line for line in re.findall(r"^ +- ([a-z-]+>=[0-9.]+)$", text, re.MULTILINE)}
    assert {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["azure"]} == listed


def test_version_stands_once() -> None:
    """The package and its metadata agree."""
    assert PROJECT["version"] == mi_workbook.__version__


def test_layers_hold() -> None:
    """Imports point up the river only."""
    code = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_hold_no_logic_and_no_output(path: object) -> None:
    """A code cell imports and calls; nothing else, and nothing of a machine is saved."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:  # type: ignore[attr-defined]
        if cell["cell_type"] == "code":
            assert not cell["outputs"] and cell["execution_count"] is None
            tree = ast.parse("".join(cell["source"]))
            assert all(isinstance(node, ast.ImportFrom | ast.Import | ast.Expr) for node in tree.body)


def test_wheel_carries_every_data_file() -> None:
    """What lies beside the code and is not Python is named in pyproject.toml."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    carried = {path for pattern in named["mi_workbook"] for path in (ROOT / "mi_workbook").glob(pattern)}
    there = {path for path in (ROOT / "mi_workbook").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in there if path.suffix != ".py"} == carried
