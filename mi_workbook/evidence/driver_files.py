"""Drivers that the files of an application's folder name: jars, node_modules, lists of packages.

Bounded: so many entries, no links followed, so many bytes of a file; where a bound was met, a problem says so.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

ENTRIES = 50_000
BYTES = 1_000_000
JAR = re.compile(r"(?:mssql-jdbc|sqljdbc)[\w.-]*\.jar", re.IGNORECASE)
# Lists that name packages with their versions; each line of one is read as a paste is.
LISTS = re.compile(
    r"(?:.+\.deps\.json|.+\.(?:cs|vb|fs)proj|packages\.config|requirements[\w.-]*\.txt|go\.mod|pom\.xml|build\.gradle(?:\.kts)?)",
    re.IGNORECASE,
)
NODE = frozenset({"tedious", "mssql"})
PROPERTIES = "META-INF/maven/com.microsoft.sqlserver/mssql-jdbc/pom.properties"
MANIFEST = "META-INF/MANIFEST.MF"
VERSION = re.compile(r"^(?:version=|(?:Bundle|Implementation)-Version:\s*)(\d+(?:\.\d+)+)", re.MULTILINE)
Source = tuple[str, str]


def in_folder(folder: Path, problems: list[str]) -> Iterator[Source]:
    """The place and the text of each file that names a driver, in the order of the names."""
    seen = 0
    for where, folders, files in os.walk(folder, onerror=lambda error: problems.append(_why(error))):
        folders.sort()
        seen += len(folders) + len(files)
        if seen > ENTRIES:
            problems.append(f"{folder} holds more than {ENTRIES} entries: the rest of it was not read.")
            return
        for name in sorted(files):
            yield from _file(Path(where, name), problems)


def _file(path: Path, problems: list[str]) -> Iterator[Source]:
    try:
        if JAR.fullmatch(path.name):
            yield str(path), _jar(path, problems)
        elif path.name == "package.json" and path.parent.name in NODE and path.parent.parent.name == "node_modules":
            yield str(path), _node(path)
        elif LISTS.fullmatch(path.name):
            text = _start(path, problems)
            # Maven puts a package and its version on two lines.
            yield str(path), re.sub(r"</artifactId>\s+<version>", "</artifactId><version>", text)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        problems.append(f"{path} could not be read: {type(error).__name__}.")


def _jar(path: Path, problems: list[str]) -> str:
    """The version in the jar's name, else the one it says of itself."""
    if re.search(r"mssql-jdbc-\d", path.name, re.IGNORECASE):
        return path.name.lower()
    with zipfile.ZipFile(path) as jar:
        for member in (PROPERTIES, MANIFEST):
            if member in jar.namelist():
                with jar.open(member) as stream:
                    match = VERSION.search(stream.read(BYTES).decode("utf-8", "replace"))
                if match:
                    return f"mssql-jdbc-{match[1]}"
    problems.append(f"{path} does not say its version.")
    return ""


def _node(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as stream:
        document = json.loads(stream.read(BYTES))
    return f"{path.parent.name}@{document.get('version', '')}" if isinstance(document, dict) else ""


def _start(path: Path, problems: list[str]) -> str:
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(BYTES + 1)
    if len(text) > BYTES:
        problems.append(f"{path} is longer than {BYTES} characters: only its start was read.")
    return text[:BYTES]


def _why(error: OSError) -> str:
    return f"{error.filename} could not be read: {error.strerror}."
