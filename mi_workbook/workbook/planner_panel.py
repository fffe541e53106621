"""The address planner as a form: free blocks are proposed, or wanted ones checked."""

from __future__ import annotations

from mi_workbook.core.errors import InputError
from mi_workbook.diagnosis.planner import COLLECTED, check, features, propose, sizes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import VNETS
from mi_workbook.views.app_plans import overlaps_table, proposal_table
from mi_workbook.views.words import COLLECT
from mi_workbook.workbook.form import Answer, Field, Form, Values, lines_of

FEATURES = {
    "regional": "VNet integration, regional",
    "gateway": "VNet integration, gateway-required",
    "environment": "App Service Environment",
    "private-endpoint": "Private endpoint",
}


def form() -> Form:
    """The form: what is planned, where, and the ranges that Azure does not show."""
    return Form(
        "planner",
        "Which addresses for a new integration or gateway?",
        "Blocks that overlap nothing that was collected and nothing you add. Name your own blocks to have them checked instead.",
        "Plan",
        "optional",
        _fields,
        _answer,
        tuple(one for one in COLLECT if any(word in one for word in ("vnet list", "gateway"))),
    )


def _fields(snapshot: Snapshot, values: Values) -> tuple[Field, ...]:
    known = tuple((FEATURES.get(one, one), one) for one in features())
    names = sorted({str(raw.get("name", "")) for raw in snapshot.of_type(VNETS)} - {""})
    feature = values.get("feature") or known[0][1]
    own = tuple(
        Field(f"own-{one.part}", f"Your own block: {one.name}", "text", hint="to be checked, for instance 10.9.0.0/24")
        for one in sizes()
        if one.feature == feature
    )
    return (
        Field("feature", "What is planned?", "choice", known),
        Field("vnet", "In which VNet?", "choice", (("a new one", ""), *((name, name) for name in names))),
        Field("instances", "Instances of the plan at its largest", "text", hint="a number, where you know it"),
        Field("within", "New blocks must lie in", "text", hint="for instance 10.0.0.0/8"),
        Field("also", "Ranges in use outside Azure, one a line: office, home, other clouds", "lines",
              hint="10.1.0.0/16 = office\n192.168.1.0/24 = home LAN"),
        *own,
    )  # fmt: skip


def _answer(snapshot: Snapshot, values: Values) -> Answer:
    extra = [(cidr, name or "a range you named") for cidr, name in lines_of(values["also"])]
    parts = [one.part for one in sizes() if one.feature == values["feature"]]
    wanted = {part: text for part in parts if (text := values.get(f"own-{part}", "").strip())}
    if wanted:
        wrong = check(snapshot, values["feature"], wanted, extra)
        says = "Your blocks do not fit." if wrong else "Your blocks overlap nothing that was collected or added."
        unseen = any(snapshot.absence(kind) != "proven" for kind in COLLECTED)
        says += " Not every network was collected." if unseen and not wrong else ""
        return Answer(says, "bad" if wrong else "open" if unseen else "good", (overlaps_table(wrong),))
    found = propose(
        snapshot, values["feature"], vnet=values["vnet"], instances=_number(values["instances"]), extra=extra,
        within=values["within"].strip(),
    )  # fmt: skip
    blocks = ", ".join(f"{one.name} {one.cidr}" for one in found.blocks)
    partial = " Not every network was collected: a block may be taken all the same." if len(found.unchecked) > 1 else ""
    return Answer(f"Free: {blocks}.{partial}", "open" if partial else "good", (proposal_table(found),))


def _number(text: str) -> int:
    """A count as a person types it, 0 for none. Raises InputError."""
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise InputError(f"'{text[:40]}' is not a number of instances.", remedy="Write for instance 10.")
    return int(text)
