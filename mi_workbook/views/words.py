"""Sentences that more than one view says."""

from __future__ import annotations

from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.verdict import Verdict


def proof(diagnosis: Diagnosis) -> str:
    """What trying the repair on the model showed, and which part of it others must do."""
    repair = diagnosis.repair
    if repair is None:
        return "No change of Azure's configuration was tried."
    names = ", ".join(repair.faults)
    if repair.breaks:
        return (
            f"With {names} mended it is reachable, but {', '.join(repair.breaks)} would lose the way to the instance."
        )
    if not repair.proved:
        return f"Not proved: with {names} mended the verdict is {repair.verdict_after.value}."
    rest = "" if repair.verdict_after is Verdict.REACHABLE else (
        " The source's own side, outside of Azure, remains to be tested.")  # fmt: skip
    reached = "it is reachable" if not rest else "nothing in Azure stops it"
    return f"Proved on the model: with {names} mended {reached}, and each step is needed.{rest}{_others(diagnosis)}"


def _others(diagnosis: Diagnosis) -> str:
    """Steps that are somebody else's to take."""
    steps = diagnosis.repair.faults if diagnosis.repair else ()
    theirs = [f.fault for f in diagnosis.findings if f.remedy.safety == "other-team" and f.fault in steps]
    return f" For another team to do: {', '.join(dict.fromkeys(theirs))}." if theirs else ""
