"""Run a case or random networks with real packets.

python -m lab CASE...           (from the folder tests, as root, with iproute2 and nftables)
python -m lab --all
python -m lab --random 300 --seed 0
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab.engine import HEAD, Row, count, line, of_case, of_draft, of_neighbour, say
from lab.kernel import why_not
from lab.networks import network
from mi_workbook.cases import all_cases, case


def _rows(given: argparse.Namespace) -> Iterator[Row]:
    for one in all_cases() if given.all else map(case, given.case):
        yield of_case(one)
    for seed in range(given.seed, given.seed + given.random):
        yield of_draft(f"random {seed}", network(seed))
    cases = all_cases()
    for seed in range(given.seed, given.seed + given.neighbours):
        yield of_neighbour(cases[seed % len(cases)], seed)


def main(arguments: list[str]) -> int:
    """Exit 0 where all agree, 1 where not, 2 where the lab cannot run."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="*")
    parser.add_argument("--all", action="store_true", help="every built-in case")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="so many random networks")
    parser.add_argument(
        "--neighbours", type=int, default=0, metavar="N", help="so many cases with a setting or two changed"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed")
    given = parser.parse_args(arguments)
    reason = why_not()
    if reason:
        say(reason)
        return 2
    rows: list[Row] = []
    say(HEAD)
    for row in _rows(given):
        say(line(row))
        rows.append(row)
    say(count(rows))
    return 1 if any(row.agree == "NO" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
