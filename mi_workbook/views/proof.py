"""What trying a repair on the model showed, in words: the one source for screen, report, summary and terminal."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from mi_workbook.core.finding import Diagnosis, Finding
from mi_workbook.core.verdict import Verdict

WORDS = Path(__file__).with_suffix(".toml")
REACHED = {True: "it is reachable", False: "nothing in Azure stops it"}
THEIRS = "other-team"


def standing(diagnosis: Diagnosis) -> str:
    """How far the repair was shown to help: a table of proof.toml."""
    repair = diagnosis.repair
    if repair is None:
        return _without(diagnosis)
    if repair.breaks:
        return "breaks"
    if repair.proved:
        return "proved" if repair.verdict_after is Verdict.REACHABLE else "proved-azure"
    return "another" if repair.verdict_after is Verdict.REACHABLE else "unproved"


def _without(diagnosis: Diagnosis) -> str:
    """No change was tried: there is nothing to mend, nothing that would decide, or nothing the model can change."""
    if diagnosis.verdict is Verdict.BLOCKED:
        return "untried"
    if not diagnosis.findings:
        return "nothing"
    return "open" if diagnosis.verdict is Verdict.REACHABLE else "undecided"


def proof(diagnosis: Diagnosis, *, owner: bool = False) -> str:
    """The sentence on the proof, and which part of the repair others must do. owner: without ids of faults."""
    return _filled("says", diagnosis, owner) + _others(diagnosis, owner)


def sign(diagnosis: Diagnosis) -> str:
    """The sign before that sentence."""
    return _words()[standing(diagnosis)]["sign"]


def after_repair(diagnosis: Diagnosis, *, live: bool) -> str:
    """What to do with the repair that is shown, and what must be seen afterwards. live: the panel above can look again."""
    root = next((one for one in diagnosis.findings if one.explains_verdict), None)
    act = "Apply the repair below"
    if root is not None and root.remedy.safety == THEIRS:
        act = "Do the repair below, or have it done by those it belongs to"
    if standing(diagnosis) == "breaks":
        act = f"Settle first how {_lost(diagnosis)} keep their way; then apply the repair below"
    again = ", collect the evidence again and drop it on this page"
    again = ", then press 'I applied the repair: verify' above" if live else again
    return f"{act}{again}: {_filled('turn', diagnosis, owner=True)}"


def mended(diagnosis: Diagnosis) -> Finding | None:
    """The finding that a reader is told to mend first: the root cause, else the first that was tried on the model."""
    tried = diagnosis.repair.faults if diagnosis.repair is not None else ()
    root = next((one for one in diagnosis.findings if one.explains_verdict), None)
    return root or next((one for one in diagnosis.findings if one.fault in tried), None)


def _filled(part: str, diagnosis: Diagnosis, owner: bool) -> str:
    repair = diagnosis.repair
    after = repair.verdict_after if repair is not None else diagnosis.verdict
    values = {"names": _names(diagnosis, owner), "after": after.value, "lost": _lost(diagnosis),
              "reached": REACHED[after is Verdict.REACHABLE]}  # fmt: skip
    return _words()[standing(diagnosis)][part].format(**values)


def _names(diagnosis: Diagnosis, owner: bool) -> str:
    tried = diagnosis.repair.faults if diagnosis.repair is not None else ()
    if owner:
        return "what was found" if len(tried) > 1 else "this"
    return ", ".join(tried)


def _lost(diagnosis: Diagnosis) -> str:
    return ", ".join(diagnosis.repair.breaks) if diagnosis.repair is not None else ""


def _others(diagnosis: Diagnosis, owner: bool) -> str:
    """Steps that are somebody else's to take, where a repair of several was tried or none could be."""
    steps = diagnosis.repair.faults if diagnosis.repair is not None else ()
    theirs = [one.fault for one in diagnosis.findings if one.remedy.safety == THEIRS and one.fault in steps]
    if not theirs:
        return ""
    if not owner:
        return f" For another team to do: {', '.join(dict.fromkeys(theirs))}."
    return " It is for another team to do." if set(theirs) >= set(steps) else " A part of it is for another team to do."


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))
