"""Writes the documentation that is made from data, and builds the site.

    python docs/build.py                  # docs/faults, docs/scenarios, docs/coverage.md
    python docs/build.py site [OUTPUT]    # the same, then the site in OUTPUT (docs/site): open index.html

The site needs the extra `docs` (Sphinx). Any warning, a link that leads nowhere among them, fails the build; nothing is
asked of another host, neither by the build nor by the pages.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mi_workbook.views import coverage, fault_pages, scenario_pages
from mi_workbook.views.pages import write

HERE = Path(__file__).resolve().parent


def pages() -> None:
    """Write every page that is made from data."""
    write(HERE / "faults", fault_pages.pages())
    write(HERE / "scenarios", scenario_pages.pages())
    (HERE / "coverage.md").write_text(coverage.page(), encoding="utf-8")


def site(output: Path) -> int:
    """Build the site; returns the exit code of Sphinx."""
    options = [
        "--quiet",
        "--nitpicky",
        "--fail-on-warning",
        "--keep-going",
        "--builder=html",
        f"--doctree-dir={output}.cache",
    ]
    return subprocess.call([sys.executable, "-m", "sphinx", *options, str(HERE), str(output)])


def main(arguments: list[str]) -> int:
    """Run the command that was asked for; returns its exit code."""
    pages()
    if arguments[:1] == ["site"]:
        return site(Path(arguments[1] if len(arguments) > 1 else HERE / "site").resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
