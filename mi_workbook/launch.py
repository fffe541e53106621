"""Starting JupyterLab or Voila on a notebook of the workbook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mi_workbook.core.errors import InputError
from mi_workbook.core.nearest import LONGEST, did_you_mean

SHARE = Path(__file__).parent / "workbook" / "jupyter"
TEMPLATE = "mi-workbook"
# JupyterLab would ask over the first screen whether it may fetch news from its project's site (jupyter lab --help-all).
NO_NEWS = "--LabApp.news_url=None"
A_CASE = (
    "A built-in case is chosen on the screen that mi-workbook open shows, or answered by mi-workbook diagnose case:ID."
)
FOLDERS = (Path(__file__).parent.parent / "notebooks", Path(sys.prefix) / "share" / "mi_workbook" / "notebooks")


def notebook(name: str) -> Path:
    """The notebook of this name, from the checkout or from the installed package, or the path itself.

    Raises InputError naming the notebooks there are.
    """
    if name.endswith(".ipynb") and Path(name).is_file():
        return Path(name)
    known = sorted(path for folder in FOLDERS for path in folder.glob("*.ipynb"))
    found = next((path for path in known if name in {path.stem, path.name}), None)
    if found is None:
        names = sorted({path.stem for path in known})
        remedy = A_CASE if name.startswith("case:") else did_you_mean(name, names, f"Known: {', '.join(names)}.")
        raise InputError(f"There is no notebook '{name[:LONGEST]}'.", remedy=remedy)
    return found


def serve(path: Path, *, app: bool) -> int:
    """Run the server until it is stopped; returns its exit code."""
    return subprocess.call(command(path, app=app), env=environment())


def command(path: Path, *, app: bool) -> list[str]:
    """The command that serves a notebook: in JupyterLab, or as a Voila app whose page loads nothing from elsewhere."""
    module = ["voila", f"--template={TEMPLATE}"] if app else ["jupyterlab", NO_NEWS, *_as_root()]
    return [sys.executable, "-m", *module, str(path)]


def environment() -> dict[str, str]:
    """The environment of the server: it finds the app's page beside the package."""
    known = os.environ.get("JUPYTER_PATH", "")
    return {**os.environ, "JUPYTER_PATH": os.pathsep.join(part for part in (str(SHARE), known) if part)}


def _as_root() -> list[str]:
    """JupyterLab refuses to start for root, who is the only user of many containers, unless told."""
    geteuid = getattr(os, "geteuid", None)
    return ["--allow-root"] if geteuid is not None and geteuid() == 0 else []
