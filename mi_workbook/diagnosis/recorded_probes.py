"""Probes of the source that were handed over, judged as on the machine itself: which layer fails, suspects, next test. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Told
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.probing import Judgement, judge
from mi_workbook.evidence.probes.recorded import recorded
from mi_workbook.evidence.probes.run import Probes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.tested import is_from, machine_at
from mi_workbook.reach.names import read_name

WEIGHTS = {Verdict.REACHABLE: "open", Verdict.BLOCKED: "blocked", Verdict.UNKNOWN: "hint"}
ODD = "A probe in this evidence has results of a shape that is not known."


def told_by_probes(snapshot: Snapshot, places: frozenset[str]) -> Iterator[Told]:
    """What each run of `mi-workbook probe` from a place tells, its layers one by one."""
    ours = [one for one in snapshot.observations if is_from(one, places)]
    try:
        runs = recorded(ours)
    except (ValueError, RecursionError):
        yield Told(
            "none", ODD, "Nothing.", "Anything.", "Run mi-workbook probe --json again and send its output.", (), ""
        )
        return
    seen = machine_at(snapshot, places)
    for probes in runs:
        try:
            name = read_name(f"{probes.host},{probes.port}")
        except InputError:
            yield Told(
                "none", ODD, "Nothing.", "Anything.", "Run mi-workbook probe --json again and send its output.", (), ""
            )
            continue
        yield _told(probes, judge(name, probes, seen.machine if seen is not None else None))


def _told(probes: Probes, judged: Judgement) -> Told:
    layers = " ".join(f"{one.layer}: {one.verdict.value}, {one.says}." for one in judged.layers)
    suspects = tuple(dict.fromkeys(one.fault for one in (*judged.suspects, *judged.cautions)))
    proves, not_proved = _meaning(probes)
    cautions = " ".join(one.why for one in judged.cautions)
    says = " ".join(part for part in (f"mi-workbook probe at {probes.at}: {judged.headline}", layers, cautions) if part)
    return Told(WEIGHTS[judged.verdict], says, proves, not_proved, judged.next_test, suspects, "")


def _meaning(probes: Probes) -> tuple[str, str]:
    """The last test that ran says most."""
    ran = [*probes.dns[:1], *probes.tcp[:1], probes.tds, probes.login]
    last = next((result for result in reversed(ran) if result), None)
    return (last.proves, last.does_not_prove) if last is not None else ("Nothing.", "Anything.")
