"""Binder: the image's build file is made from this repository, and what runs in it after the environment works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


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
