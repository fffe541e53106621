"""After a repair: read again what it changed and what lies on the path, and say whether the verdict turned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.evidence import Gap
from mi_workbook.core.finding import Change
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import (
    Settings,
    ask_next_hops,
    collector_for,
    decided_by,
    on_path,
    problem_gaps,
    top,
)
from mi_workbook.diagnosis.compare import Comparison, Difference, compare
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.network.resource_id import key

GONE = 404


@dataclass(frozen=True, slots=True)
class Verified:
    """Both answers with what changed between them; whether the verdict turned to reachable; one sentence for the user.

    after: the snapshot to go on with; gaps: what could not be read again, and so is judged as it was before.
    """

    comparison: Comparison
    after: Snapshot
    turned: bool
    says: str
    gaps: tuple[Gap, ...]
    requests: int


def verify(
    credential: Any, before: Snapshot, changes: Iterable[Change], source: str, target: str, endpoint: str = "auto",
    settings: Settings | None = None,
) -> Verified:  # fmt: skip
    """Read again the documents that changes touch and those on the path, and ask the same question.

    What Azure computed before the repair (routes and rules in force) is asked for again, and counts no more where it cannot be.
    before: the snapshot the repair was made for; changes: of its `Repair`. A document that cannot be read again keeps its
    old value and is a gap. Raises InputError where source or target do not fit the evidence.
    """
    answer = diagnose(before, source, target, endpoint)
    near = [one for one in (*on_path(before, answer), *decided_by(answer)) if before.get(one) is not None]
    ids = {key(one): one for one in [*(top(change.document) or change.document for change in changes), *near]}
    computed = [one for one in before.observations if one.get("format") == "az"]
    kept = [one for one in before.observations if one.get("format") != "az"]
    start = from_document({**before.to_dict(), "observations": kept})
    collector = collector_for(credential, settings or Settings(), "path", start)
    collector.holding.done.clear()
    collector.live(ids.values(), again=True)
    collector.live((str(one.get("about", "")) for one in computed), computed=True, again=True)
    if settings is not None and settings.next_hop:
        ask_next_hops(collector, answer)
    after = _after(before, collector.snapshot(), ids)
    comparison = compare(before, after, source, target, endpoint)
    new = Snapshot(problems=[one for one in after.problems if one not in before.problems])
    return Verified(
        comparison, after, _turned(comparison), _says(comparison), problem_gaps(new), collector.arm.pace.requests
    )


def _after(before: Snapshot, read: Snapshot, ids: Iterable[str]) -> Snapshot:
    """The earlier snapshot with what was read again; its claims to be whole stay those of the first collection."""
    done = {str(one) for one in read.source.get("done", ())}
    gone = {key(str(one.get("scope"))) for one in read.problems if one.get("status") == GONE}
    changes = [Change(one, "", None) for one in ids if one in gone and before.get(one) is not None]
    changes += [Change(one, "", read.get(one)) for one in ids if one in done and read.get(one) is not None]
    document = before.changed(changes).to_dict()
    held = {key(str(one.get("id", ""))) for one in document["resources"]}
    children = [one for one in read.resources if key(str(one.get("id", ""))) not in held | gone]
    return from_document(
        {
            **document,
            "resources": [*document["resources"], *children],
            "problems": list(read.problems),
            "observations": list(read.observations),
        }
    )


def _turned(comparison: Comparison) -> bool:
    verdicts = comparison.before.verdict, comparison.after.verdict
    return verdicts[0] is not Verdict.REACHABLE and verdicts[1] is Verdict.REACHABLE


def _matters(one: Difference) -> bool:
    """False for what differs only because Resource Graph and Resource Manager write it differently: case, empty columns."""
    spelled = isinstance(one.before, str) and isinstance(one.after, str) and one.before.lower() == one.after.lower()
    return not spelled and (one.pointer == "" or one.pointer.startswith("/properties"))


def _says(comparison: Comparison) -> str:
    before, after = comparison.before, comparison.after
    if _turned(comparison):
        return f"It was {before.verdict}, and is reachable now."
    if before.verdict is not after.verdict:
        return f"It was {before.verdict}, and is {after.verdict} now: {after.headline}"
    if before.root_cause != after.root_cause:
        return f"It is still {after.verdict}, for another reason: {after.headline}"
    if not any(_matters(one) for one in comparison.differences):
        return f"It is still {after.verdict}: nothing on the path has changed. Was the repair applied, and has it finished?"
    return f"It is still {after.verdict}: what changed does not mend it. {after.headline}"
