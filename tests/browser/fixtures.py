"""Fixtures of the browser tests: one Chromium and one app for each file of tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import find_chromium

from tests.browser.places import FLAGS, Visit, served


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The start notebook as an app."""
    yield from served(tmp_path_factory.mktemp("voila"), app=True, answers="/voila/static/voila.js")


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One Chromium for all tests; each has its own page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go: MI_WORKBOOK_SCREENSHOTS, or nowhere that stays."""
    folder = Path(os.environ.get("MI_WORKBOOK_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Any, voila: str) -> Iterator[Visit]:
    """The app, opened by a person with a light screen."""
    found = Visit(browser, voila)
    yield found
    found.close()
