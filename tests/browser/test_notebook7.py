"""Jupyter Notebook 7: a scenario's notebook, opened by its own address, run and walked to its end."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from tests.browser.fixtures import browser, shots
from tests.browser.places import LOOPBACK, WIDTHS, choose, example_of, serious, served, walk_to_the_end

__all__ = ["browser", "shots"]
pytestmark = pytest.mark.browser


def test_scenario_is_walked_to_its_end(browser: Any, tmp_path: Path, shots: Path) -> None:
    """The same screen, nothing wider than the page, nothing serious for axe, nothing asked of another host."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    notebook = tmp_path / "notebooks" / "vnet-peering.ipynb"
    for address in served(
        tmp_path, "--IdentityProvider.token=", "--JupyterNotebookApp.expose_app_in_browser=True", app=False, answers="/api",
        notebook=notebook, module="notebook",
    ):  # fmt: skip
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(f"{address}/notebooks/vnet-peering.ipynb")
        page.locator(".jp-CodeCell").first.wait_for(timeout=90_000)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.ready.then(() => true)")
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => true)")
        page.get_by_label("Built-in case").wait_for(timeout=60_000)
        one = example_of("vnet-peering")
        choose(page, one)
        assert walk_to_the_end(page, one) > 1
        assert page.evaluate(WIDTHS)
        found = serious(page)
        page.screenshot(path=shots / "notebook7.png")
        context.close()
        assert found == [] and [url for url in asked if not LOOPBACK.match(url)] == []
