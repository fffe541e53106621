"""Binder: the image's build file is made from this repository, and what runs in it after the environment works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, find_chromium

from tests.browser.places import FLAGS, LOOPBACK, served


def test_binder_makes_its_build_file_from_this_repository(tmp_path: Path) -> None:
    """repo2docker reads binder/, takes its Python and environment, and runs postBuild last; no container is built."""
    pytest.importorskip("repo2docker")
    copy = tmp_path / "repository"
    copy.mkdir()
    for part in ("binder", "environment.yml", "pyproject.toml"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, copy / part)
    done = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(copy)],
        capture_output=True, text=True, cwd=tmp_path, check=False, env={**os.environ, "DOCKER_HOST": "unix:///none"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    wanted = re.search(r"python=([0-9.]+)", (ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))
    assert wanted is not None and f"conda environment for python={wanted[1]}" in said
    assert said.index("src/binder/environment.yml") < said.index("RUN ./binder/postBuild")


def test_post_build_is_a_script_that_stops_at_its_first_error() -> None:
    """It is executable, its shell accepts it, and a step that fails fails the image instead of leaving half of it."""
    script = ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert "set -e" in script.read_text(encoding="utf-8").splitlines()


@pytest.mark.browser
@pytest.mark.parametrize("address", ["voila/render/notebooks/start.ipynb", "lab/tree/notebooks/start.ipynb"])
def test_pages_of_binder_ask_no_other_host(tmp_path: Path, address: str) -> None:
    """As postBuild leaves it: its configuration in the user's folder, the app's page where the package installs it."""
    from playwright.sync_api import sync_playwright

    shutil.copytree(ROOT / "notebooks", tmp_path / "repository" / "notebooks")
    script = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    kept = re.search(r"^cp (binder/\S+) ~/.jupyter/$", script, re.MULTILINE)
    assert kept is not None
    (tmp_path / "settings").mkdir()
    shutil.copy2(ROOT / kept[1], tmp_path / "settings")
    servers = served(
        tmp_path / "settings", "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path / 'repository'}", app=False,
        answers="/api", notebook=tmp_path / "repository",
    )  # fmt: skip
    for server in servers:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=find_chromium(), args=FLAGS)
            page = browser.new_page()
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(f"{server}/{address}")
            sight = page.get_by_label("Built-in case") if "voila" in address else page.locator(".jp-Notebook h1")
            sight.first.wait_for(timeout=90_000)
            page.wait_for_load_state("networkidle")
            browser.close()
        assert len(asked) > 5 and [url for url in asked if not LOOPBACK.match(url)] == []
