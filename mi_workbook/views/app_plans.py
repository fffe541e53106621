"""Tables of what is not a diagnosis: features side by side, proposed addresses, and what an operation would do."""

from __future__ import annotations

from collections.abc import Mapping

from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.operations import Operation
from mi_workbook.diagnosis.planner import Overlap, Proposal
from mi_workbook.guide.features import rank, unanswered
from mi_workbook.views.table import Cell, Table

MARKS = {Verdict.REACHABLE: "", Verdict.BLOCKED: "bad", Verdict.UNKNOWN: "decides"}

EFFECTS = ("App", "Today", "Afterwards", "In words")


def features_table(answers: Mapping[str, str]) -> Table:
    """The features side by side, the fitting ones first, with reasons, limits and what drives the costs."""
    columns = (
        "Feature",
        "Fits",
        "Speaks for it",
        "Speaks against it",
        "Limits",
        "Costs",
        "The older document and today",
    )
    rows: list[tuple[object, ...]] = []
    for one in rank(answers):
        fits = (
            Cell("no", "bad", " ".join(one.excluded))
            if one.excluded
            else Cell(f"{one.points:+d}" if one.points else "can serve")
        )
        feature = one.feature
        rows.append((f"{feature.title}: {feature.what}", fits, " ".join(one.speaks_for), " ".join(one.speaks_against),
                     " ".join(feature.limits), " ".join(feature.costs), feature.seed))  # fmt: skip
    left = len(unanswered(answers))
    return Table.of(f"Which feature fits{f' ({left} questions are open)' if left else ''}", columns, rows)


def fit_table(answers: Mapping[str, str]) -> Table:
    """The fitting features first, with what the answers say for and against each."""
    return _columns(
        "Which feature fits", features_table(answers), ("Feature", "Fits", "Speaks for it", "Speaks against it")
    )


def limits_table(answers: Mapping[str, str]) -> Table:
    """Limits and cost drivers of the features, in the order of the fit."""
    names = ("Feature", "Limits", "Costs", "The older document and today")
    return _columns("Limits and what drives the costs", features_table(answers), names)


def _columns(title: str, table: Table, names: tuple[str, ...]) -> Table:
    kept = [table.columns.index(name) for name in names]
    return Table(title, names, tuple(tuple(row[at] for at in kept) for row in table.rows))


def proposal_table(proposal: Proposal) -> Table:
    """Proposed blocks, and what could not be checked."""
    rows: list[tuple[object, ...]] = [(one.name, one.cidr, one.why, one.source) for one in proposal.blocks]
    rows += [(Cell("Not checked", "decides"), "", says, "") for says in proposal.unchecked]
    return Table.of(f"Address blocks for {proposal.feature}", ("Part", "Block", "Why", "Source"), rows)


def overlaps_table(found: tuple[Overlap, ...]) -> Table:
    """What is wrong with wanted blocks."""
    rows: list[tuple[object, ...]] = [(one.part, Cell(one.cidr, "bad"), one.says) for one in found]
    return Table.of(
        "Wanted blocks", ("Part", "Block", "What is wrong"), rows or [("-", "", "Nothing that was collected.")]
    )


def effects_table(operation: Operation) -> Table:
    """What an operation does to the path of each app."""
    return Table.of("Effect on the model", EFFECTS, _effects(operation))


def operation_table(operation: Operation) -> Table:
    """An operation: which apps lose or gain a path, warnings, and the commands."""
    rows = _effects(operation)
    rows += [("Warning", "", "", text) for text in operation.warnings]
    rows += [("Command", "", "", text) for text in operation.az]
    rows += [("Portal", "", "", text) for text in operation.portal]
    return Table.of(f"{operation.title}. {operation.headline}", EFFECTS, rows)


def _effects(operation: Operation) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for one in operation.effects:
        lost = Cell(one.after.value, MARKS[one.after], "loses its path" if one.loses else "")
        rows.append((one.app, one.before.value, lost, one.says))
    return rows
