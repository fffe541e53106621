"""Drivers and tools on this machine, read without changing anything and without ever failing.

ODBC drivers from odbcinst.ini or the registry, packages of this Python, of global npm, .NET runtimes, PHP's extensions,
and what files in given folders name. Every reader ends in a text that drivers.read_versions knows. What could not be
read is a problem, so that an empty list is never mistaken for "nothing installed". An installed driver need not be the
one the application loads: its connection string and its own folder tell that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.driver_files import in_folder
from mi_workbook.evidence.drivers import LONGEST, DriverVersion, read_versions

PATIENCE = 20.0
PYTHON = ("pyodbc", "mssql-python", "pymssql")
ODBC_FILES = ("/etc/odbcinst.ini", "/usr/local/etc/odbcinst.ini", "/opt/homebrew/etc/odbcinst.ini", "~/.odbcinst.ini")
COMMANDS = (
    ("npm", "ls", "-g", "--all"),
    ("dotnet", "--list-runtimes"),
    ("php", "--ri", "sqlsrv"),
    ("php", "--ri", "pdo_sqlsrv"),
)
# Registry key, the value's name ("" for all), and the words that make its line one of the table's.
REGISTRY = (
    (r"HKLM\SOFTWARE\ODBC\ODBCINST.INI\ODBC Drivers", "", ""),
    (r"HKLM\SOFTWARE\Microsoft\MSOLEDBSQL", "InstalledVersion", "Microsoft OLE DB Driver for SQL Server"),
    (r"HKLM\SOFTWARE\Microsoft\MSOLEDBSQL19", "InstalledVersion", "Microsoft OLE DB Driver for SQL Server"),
    (r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full", "Version", ".NET Framework"),
)
Source = tuple[str, str]  # where it was read, its text


@dataclass(frozen=True, slots=True)
class Installed:
    """What was found, where it was looked, and what could not be read."""

    versions: tuple[DriverVersion, ...]
    looked: tuple[str, ...]
    problems: tuple[str, ...]


def installed(folders: Iterable[Path] = ()) -> Installed:
    """Drivers of this machine, and of application folders. Raises InputError for a folder that is none."""
    chosen = [folder.expanduser() for folder in folders]
    for folder in chosen:
        if not folder.is_dir():
            raise InputError("It is no folder.", file=str(folder), remedy="Name the folder of the application.")
    problems: list[str] = []
    found: dict[tuple[str, str, str], DriverVersion] = {}
    looked: list[str] = []
    for where, text in _sources(chosen, problems):
        looked.append(where)
        for one in read_versions(text[:LONGEST], where):
            found[one.driver.name, one.version, where] = one
    return Installed(tuple(found.values()), tuple(dict.fromkeys(looked)), tuple(problems))


def _sources(folders: list[Path], problems: list[str]) -> Iterator[Source]:
    readers: tuple[Callable[[list[str]], Iterator[Source]], ...] = (_odbc, _registry, _python, _commands)
    for reader in readers:
        yield from reader(problems)
    for folder in folders:
        yield from in_folder(folder, problems)


def _odbc(problems: list[str]) -> Iterator[Source]:
    """odbcinst.ini of unixODBC and iODBC: a section for each driver, with the path of its library."""
    own = os.environ.get("ODBCSYSINI", "")
    for name in (*ODBC_FILES, *((f"{own}/odbcinst.ini",) if own else ())):
        path = Path(name).expanduser()
        try:
            with path.open(encoding="utf-8", errors="replace") as stream:
                yield str(path), stream.read(LONGEST)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{path} could not be read: {error.strerror}.")


def _registry(problems: list[str]) -> Iterator[Source]:
    """Windows: the registry, for 64-bit and for 32-bit applications; a key that is not there is not installed."""
    if os.name != "nt":
        return
    for key, value, words in REGISTRY:
        for view in ("64", "32"):
            asked = ("/v", value) if value else ()
            text = _output(problems, "reg", "query", key, *asked, f"/reg:{view}")
            yield f"{key} ({view} bit)", "\n".join(_row(line, words) for line in text.splitlines())


def _row(line: str, words: str) -> str:
    """A line of reg query: name, type and data; the name is the driver, or `words` stand for it."""
    return f"{words} {line.split('REG_SZ')[-1].strip()}" if words and "REG_SZ" in line else line


def _python(problems: list[str]) -> Iterator[Source]:
    """Packages of the Python that runs this; an application in another environment has others."""
    for name in PYTHON:
        try:
            yield f"Python at {sys.prefix}", f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
        except (OSError, ValueError) as error:
            problems.append(f"The version of {name} could not be read: {type(error).__name__}.")


def _commands(problems: list[str]) -> Iterator[Source]:
    for words in COMMANDS:
        if shutil.which(words[0]):
            yield " ".join(words), _output(problems, *words)


def _output(problems: list[str], *words: str) -> str:
    """What a command that only reads printed, whatever its exit code: npm ends in 1 where it has remarks."""
    program = shutil.which(words[0]) or words[0]
    try:
        done = subprocess.run(
            (program, *words[1:]), capture_output=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        problems.append(f"{' '.join(words)} could not be run: {type(error).__name__}.")
        return ""
    return done.stdout.decode("utf-8", "replace")
