"""Every notebook runs, and the app's page asks no other host."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from nbclient import NotebookClient

from mi_workbook.launch import command, environment

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
START = ROOT / "notebooks" / "start.ipynb"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_executes(path: Path) -> None:
    """Every notebook runs from top to bottom and shows its widget."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in outputs)


def test_app_page_asks_no_other_host() -> None:
    """The template of the app lies in the package and leaves out what Voila's own page loads from elsewhere."""
    folder = Path(environment()["JUPYTER_PATH"].split(os.pathsep)[0]) / "voila" / "templates"
    named = next(part.partition("=")[2] for part in command(START, app=True) if part.startswith("--template"))
    assert json.loads((folder / named / "conf.json").read_text(encoding="utf-8"))["base_template"] == "lab"
    assert sys.executable == command(START, app=False)[0]
