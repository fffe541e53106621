"""Pasted tables of Azure's own tools that do not name their network interface: they are of the source that is asked about."""

from __future__ import annotations

from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.pasted import CLIENT
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network

NAMELESS = frozenset({"effectiveRoutes"})


def attributed(snapshot: Snapshot, source: str) -> Snapshot:
    """The evidence with such tables under the id of the source's network interface; the same where there are none."""
    if not any(_nameless(one) for one in snapshot.observations):
        return snapshot
    try:
        place = find_source(Network(snapshot), source)
    except (InputError, MissingEvidence):
        return snapshot
    if place.kind != "nic":
        return snapshot
    known = tuple({**one, "about": place.id} if _nameless(one) else one for one in snapshot.observations)
    other = snapshot.observed(())
    other.observations = known
    return other


def _nameless(observation: dict[str, object]) -> bool:
    return observation.get("kind") in NAMELESS and not observation.get("about") and observation.get("from") == CLIENT
