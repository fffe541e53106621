"""Licences of everything the package needs, as a Markdown table, from the metadata of what is installed here.

python docs/licences.py > docs/licences.md
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution


def needed(name: str, extras: frozenset[str], found: dict[str, Distribution]) -> None:
    """Add a distribution and what it requires, here and with these extras, to `found`."""
    from packaging.requirements import Requirement

    held = distribution(name)
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in found and not extras:
        return
    found[key] = held
    for line in held.requires or ():
        wanted = Requirement(line)
        marker = wanted.marker
        if marker is None or any(marker.evaluate({"extra": one}) for one in (extras or {""})):
            try:
                needed(wanted.name, frozenset(wanted.extras), found)
            except PackageNotFoundError:
                sys.stderr.write(f"{wanted.name} is not installed and not listed\n")


def licence(held: Distribution) -> str:
    """The licence as the metadata has it, in one line."""
    meta = held.metadata
    kinds = [
        one.rsplit("::", 1)[-1].strip() for one in meta.get_all("Classifier") or () if one.startswith("License ::")
    ]
    text = meta.get("License-Expression") or ", ".join(kinds) or (meta.get("License") or "").strip().partition("\n")[0]
    return text[:60].replace("|", "/") or "not said"


def main() -> int:
    """Print the table."""
    found: dict[str, Distribution] = {}
    needed("mi-workbook", frozenset({"azure", "probe"}), found)
    rows = sorted(
        (held.metadata["Name"], held.version, licence(held)) for key, held in found.items() if key != "mi-workbook"
    )
    print("# Licences of the dependencies\n\nMade by `python docs/licences.py`; versions are those installed there.\n")
    print("| package | version | licence |\n| --- | --- | --- |")
    for name, version, words in rows:
        print(f"| {name} | {version} | {words} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
