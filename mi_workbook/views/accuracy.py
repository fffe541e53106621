"""How often the answer is right on the built-in cases: one table, printed by benchmarks/accuracy.py, kept in docs."""

from __future__ import annotations

from dataclasses import dataclass

from mi_workbook.cases import all_cases
from mi_workbook.cases.pairs import all_pairs
from mi_workbook.diagnosis.diagnose import diagnose


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Counts of cases, and the ids of those that were wrong.

    wrong: one fault, and another root cause or verdict was named. missed: two faults, and one was not found or the first
    on the path was not the root cause. alarms: sound cases with a finding that says it blocks.
    """

    cases: int
    pairs: int
    sound: int
    wrong: tuple[str, ...]
    missed: tuple[str, ...]
    alarms: tuple[str, ...]


def measure() -> Accuracy:
    """Diagnose every built-in case and every pair."""
    wrong, alarms, sound = [], [], 0
    for one in all_cases():
        found = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
        if (found.verdict, found.root_cause or "") != (one.verdict, one.root_cause):
            wrong.append(one.id)
        if one.verdict == "reachable":
            sound += 1
            alarms += [one.id] * any(f.severity == "blocks" for f in found.findings)
    missed = []
    for pair in all_pairs():
        found = diagnose(pair.snapshot(), *pair.question)
        both = set(pair.faults) <= {f.fault for f in found.findings}
        if not both or found.root_cause != pair.faults[0]:
            missed.append(pair.id)
    return Accuracy(len(all_cases()), len(all_pairs()), sound, tuple(wrong), tuple(missed), tuple(alarms))


def to_markdown(found: Accuracy) -> str:
    """The table, with the ids of whatever was wrong below it."""
    lines = [
        "# Accuracy on the built-in cases",
        "",
        "Printed by `python benchmarks/accuracy.py`. The evidence of each case is in `mi_workbook/cases`.",
        "",
        "| what | number | right |",
        "| --- | ---: | ---: |",
        f"| cases: verdict and root cause | {found.cases} | {found.cases - len(found.wrong)} |",
        f"| two faults at once: both found, the first on the path is the root cause | {found.pairs} | {found.pairs - len(found.missed)} |",
        f"| sound cases without a finding that blocks | {found.sound} | {found.sound - len(found.alarms)} |",
        "",
    ]
    return "\n".join([*lines, *(f"- wrong: {one}" for one in (*found.wrong, *found.missed, *found.alarms))])
