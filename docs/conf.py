"""Settings of the documentation site. It loads no font, script or picture from another host."""

from __future__ import annotations

from sphinx.application import Sphinx

project = "mi_workbook"
author = "the mi_workbook contributors"
copyright = author
extensions = ["myst_parser"]
exclude_patterns = ["site", "site.cache"]
suppress_warnings = ["misc.highlighting_failure"]  # placeholders such as <group> are no shell
html_theme = "furo"
html_title = "mi_workbook"
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]


def leaves_of_an_index(app: Sphinx, page: str, source: list[str]) -> None:
    """A page of one fault or scenario is found from its index and by search; the menu would be too long with all of them."""
    folder, _, name = page.rpartition("/")
    if folder in {"faults", "scenarios"} and name != "index":
        source[0] = f"---\norphan: true\n---\n{source[0]}"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", leaves_of_an_index)
