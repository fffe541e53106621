"""Where the engine's verdict is set beside the packets. The only module of the lab that knows the package."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

from lab.ask import Outcome, ask
from lab.estate import Json, Unbuildable
from lab.neighbours import neighbour
from lab.networks import Draft
from mi_workbook.cases import Case
from mi_workbook.core.errors import InputError
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot

# Rules of the platform, or of a client, that no packet shows.
NOT_PACKETS = {
    "peer-global-old-mi": "a rule about when a subnet was made",
    "name-instance": "an instance name is looked up by the driver",
    "client-in-mi-subnet": "no host can stand in the instance's subnet",
}


@dataclass(frozen=True)
class Row:
    """One line of the table. agree: yes | NO | skipped. said: what the engine found, packets: all | some | none."""

    name: str
    said: str
    packets: str
    agree: str
    why: str = ""
    seconds: float = 0.0


def of_case(case: Case) -> Row:
    """A built-in case in the lab."""
    snapshot = case.snapshot()
    found = diagnose(snapshot, case.source, case.target, case.endpoint)
    if case.root_cause in NOT_PACKETS:
        return Row(case.id, found.verdict, "-", "skipped", NOT_PACKETS[case.root_cause])
    document = snapshot.to_dict()
    return compare(
        case.id, found, document["resources"], document["observations"], case.source, case.target, case.endpoint
    )


def of_draft(name: str, made: Draft) -> Row:
    """A random network, completely collected."""
    snapshot = Snapshot(made.resources, observations=made.observations, complete=None)
    found = diagnose(snapshot, made.source, made.target, made.endpoint)
    row = compare(name, found, made.resources, made.observations, made.source, made.target, made.endpoint)
    return replace(row, name=f"{name} {made.source} {made.target[:9]}")


def of_neighbour(case: Case, seed: int) -> Row:
    """A built-in case with one or two settings changed."""
    document = case.snapshot().to_dict()
    resources = neighbour(document["resources"], seed)
    made = Draft(resources, document["observations"], case.source, case.target, case.endpoint)
    try:
        return replace(of_draft("", made), name=f"{case.id} {seed}")
    except InputError as refused:  # the change took away what the question names
        return Row(f"{case.id} {seed}", "refused", "-", "skipped", str(refused)[:80])


def compare(
    name: str, found: Diagnosis, resources: list[Json], observations: list[Json], source: str, target: str, endpoint: str
) -> Row:  # fmt: skip
    """The verdict beside what the packets did."""
    began = time.perf_counter()
    if found.root_cause in NOT_PACKETS:
        return Row(name, str(found.verdict), "-", "skipped", NOT_PACKETS[found.root_cause])
    said = f"{found.verdict}{f' ({found.root_cause})' if found.root_cause else ''}"
    try:
        outcome = ask(resources, observations, source, target, endpoint)
    except Unbuildable as reason:
        return Row(name, said, "-", "skipped", str(reason))
    wrong = disagreement(found, outcome)
    if wrong:  # a machine under load may be slower than the lab waits; a real disagreement stays
        outcome = ask(resources, observations, source, target, endpoint)
        wrong = disagreement(found, outcome)
    seen = wrong or (f"shut: {outcome.shut()[:6]}" if outcome.shut() else "")
    return Row(name, said, outcome.verdict, "NO" if wrong else "yes", seen, time.perf_counter() - began)


def disagreement(found: Diagnosis, outcome: Outcome) -> str:
    """What is wrong, or "". Unknown claims nothing, but a finding that blocks does."""
    blocks = [one.fault for one in found.findings if one.severity == "blocks"]
    if found.verdict == "reachable" and outcome.verdict != "all":
        return f"reachable, but ports {outcome.shut()[:8]} are shut for {_some(outcome)}"
    if found.verdict == "blocked" and outcome.verdict != "none":
        return f"blocked ({found.root_cause}), but {outcome.verdict} got through"
    if found.verdict == "unknown" and blocks and outcome.verdict == "all":
        return f"unknown with {blocks} said to block, but everything got through"
    return ""


def _some(outcome: Outcome) -> str:
    return ", ".join(f"{s} to {d}" for (s, d), got in outcome.pairs.items() if got != outcome.ports)[:200]


HEAD = f"{'case':38} {'engine':44} {'seen':5} {'agree':8} why"


def line(row: Row) -> str:
    """One row as text."""
    return f"{row.name:38} {row.said:44} {row.packets:5} {row.agree:8} {row.why}"


def count(rows: list[Row]) -> str:
    """How many agree."""
    found = {word: sum(row.agree == word for row in rows) for word in ("yes", "NO", "skipped")}
    return (f"{found['yes']} agree, {found['NO']} disagree, {found['skipped']} left out "
            f"of {len(rows)}")  # fmt: skip


def table(rows: list[Row]) -> str:
    """The rows as text, and their count."""
    return "\n".join([HEAD, *map(line, rows), count(rows)])


def say(text: str) -> None:
    """Print at once, whatever the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
