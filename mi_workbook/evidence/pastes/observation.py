"""A pasted answer of Azure as an observation of a snapshot."""

from __future__ import annotations

from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.pastes.answer_text import MAY_GO_ON, NO_MARK
from mi_workbook.evidence.pastes.paste import Reading

KINDS = {"azure-effective-routes": "effectiveRoutes", "azure-learned-routes": "learnedRoutes"}


def observation(reading: Reading, about: str, complete: bool = False) -> dict[str, Any]:
    """`{"kind", "about", "format", "value": {"value": rows}}`, as a snapshot's `observations` hold it.

    about: ARM id of the network interface, or of the gateway; the output itself names neither in full. complete: the
    user's word that nothing follows, for forms that have no mark at their end. Raises InputError for an output that is no
    table of routes, one that is or may be cut off (what is missing would read as absent), and an id that is none.
    """
    kind = KINDS.get(reading.kind)
    if kind is None:
        raise InputError(f"{reading.title} is no observation of a snapshot.", remedy="Known: " + ", ".join(KINDS))
    if not reading.whole or reading.left:
        raise InputError(
            f"{reading.title}: the output is not whole.", place=f"lines {reading.span[0]} to {reading.span[1]}",
            remedy="Paste all of it, best as JSON: what is missing would read as not being there.",
        )  # fmt: skip
    if not complete and {MAY_GO_ON, NO_MARK} & set(reading.notes):
        raise InputError(
            f"{reading.title}: nothing shows that the output ends there.",
            remedy="Paste it as JSON, or say that it is complete.",
        )
    if not about.lower().startswith("/subscriptions/"):
        raise InputError(f"'{about[:80]}' is no ARM id.", remedy="Give the id of the interface or gateway it is about.")
    return {
        "kind": kind,
        "about": about,
        "format": reading.kind,
        "value": {"value": [dict(row) for row in reading.rows]},
    }
