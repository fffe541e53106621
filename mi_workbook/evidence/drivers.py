"""Driver versions in pasted output, beside the recommended minimum and what to use today; data in drivers.toml.

Reads what odbcinst -q -d, Get-OdbcDriver, pip, npm ls, dotnet list package, jar names, php --ri and the like print: a line
that names a driver and its version. A driver that is not named is not judged, so an empty answer means unknown.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mi_workbook.core.errors import InputError

LONGEST = 1_000_000
LONGEST_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver of the table.

    fault: its id where the version is too old, "" with minimum "" where the document names no minimum; today: what to
    use now.
    """

    fault: str
    name: str
    minimum: str
    today: str
    patterns: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class DriverVersion:
    """A version that was read, and whether it is below the recommended minimum (a warning: old ones may still work).

    too_old: None where there is no minimum to judge it by. where: the file or command it was read from, "" for a paste.
    """

    driver: Driver
    version: str
    too_old: bool | None
    where: str = ""


@cache
def table() -> tuple[Driver, ...]:
    """Every driver of the table."""
    data = tomllib.loads((Path(__file__).parent / "drivers.toml").read_text(encoding="utf-8"))
    return tuple(
        Driver(
            str(raw.get("fault", "")),
            str(raw["name"]),
            str(raw.get("minimum", "")),
            str(raw["today"]),
            tuple(re.compile(pattern, re.IGNORECASE) for pattern in raw["patterns"]),
        )
        for raw in data["driver"]
    )


def read_versions(text: str, where: str = "") -> tuple[DriverVersion, ...]:
    """Drivers named in a paste, each version once, in the order of the text. where: what the text was read from.

    Raises InputError for a text longer than a million characters.
    """
    if len(text) > LONGEST:
        raise InputError("The text is longer than a million characters.", remedy="Cut it down to the driver's lines.")
    found = {
        (driver.name, match["version"]): judge(driver, match["version"], where)
        for line in text.splitlines()
        for driver in table()
        for pattern in driver.patterns
        for match in pattern.finditer(line.strip()[:LONGEST_LINE])
    }
    return tuple(found.values())


def judge(driver: Driver, version: str, where: str = "") -> DriverVersion:
    """A version beside the minimum; parts that the shorter one lacks count as zero."""
    too_old = _parts(version) < _parts(driver.minimum) if driver.minimum else None
    return DriverVersion(driver, version, too_old, where)


def _parts(version: str) -> tuple[int, ...]:
    """The numbers of a version without zeros at its end, so that 17 and 17.0 are the same."""
    numbers = [int(part) for part in version.split(".")[:6] if part.isascii() and part.isdigit() and len(part) < 12]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
