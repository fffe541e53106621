"""Pages of the documentation that are made from data: their fixed words, and how they come into a folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "pages.toml"


@cache
def words(group: str) -> Mapping[str, str]:
    """The sentences of a group of pages.toml by what they stand for."""
    found: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))[group]
    return found


def write(folder: Path, made: Mapping[str, str]) -> None:
    """Write the pages, by file name, into the folder; other pages there are of things that are gone, and are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
