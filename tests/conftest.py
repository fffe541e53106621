"""Shared by the tests: where real material and a browser may be."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def chromium() -> str:
    """Path of Chromium; without one the test skips, or fails where a browser is required."""
    return find_chromium()


def find_chromium() -> str:
    """Path of Chromium; without one the test that asks skips, or fails where a browser is required."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("MI_WORKBOOK_REQUIRE_BROWSER"):
        pytest.fail("No Chromium was found, and MI_WORKBOOK_REQUIRE_BROWSER asks for one.")
    if found is None:
        pytest.skip("No Chromium was found.")
    return found


@pytest.fixture
def data() -> Path:
    """Recorded responses of Azure; they are not part of the repository."""
    if not DATA.exists():
        pytest.skip("The recorded material is not beside this checkout.")
    return DATA
