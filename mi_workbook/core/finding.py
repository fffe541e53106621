"""A root cause as it is known (Fault), as it was found (Finding), and what mends it (Remedy, Change)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.trace import Trace
from mi_workbook.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """What should be at an address of the snapshot.

    A pointer that ends in "/-" appends to a list; a step may name an element of a list; value None takes away; an empty
    pointer means the whole document.
    """

    document: str
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Remedy:
    """How a fault is mended. safety: safe | disruptive | other-team | display-only."""

    does: str
    az: tuple[str, ...] = ()
    powershell: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()
    safety: str = "safe"
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A known root cause, read from checks/faults/*.toml. Texts may hold {placeholders}.

    shown_by: evidence (a check over a snapshot) | paste (pasted output or text) | person (only an answer of a person).
    """

    id: str
    code: str
    title: str
    severity: str
    says: str
    owner_says: str
    causes: tuple[str, ...]
    needs: tuple[str, ...]
    sources: tuple[str, ...]
    aliases: tuple[str, ...]
    remedy: Remedy
    shown_by: str = "evidence"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault found in this evidence, its words filled in. severity: blocks | degrades | risk | info."""

    fault: str
    code: str
    severity: str
    resource: str
    says: str
    owner_says: str
    evidence: tuple[Evidence, ...]
    explains_verdict: bool
    remedy: Remedy
    sources: tuple[str, ...]
    title: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """A change set tried on the model. `minimal`: each change was shown to be needed; `breaks`: subnets that would lose the
    way to the instance by it.
    """

    proved: bool
    minimal: bool
    changes: tuple[Change, ...]
    verdict_after: Verdict
    faults: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An end of the question as it was understood. kind: nic | subnet | instance | internet | other."""

    kind: str
    id: str
    name: str
    address: str = ""
    subnet: str = ""
    vnet: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """One matter as Azure's configuration has it, and as it was seen at the source. matter: name | routes | connection.

    agree: None where one settles nothing of the other; next_test: what to do where they disagree, else "".
    """

    matter: str
    configuration: str
    seen: str
    agree: bool | None
    next_test: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What an output that was sent shows. weight: blocked | open | hint | none (it proves nothing); where: file and lines.

    suspects: ids of faults, the most telling first.
    """

    weight: str
    says: str
    proves: str
    does_not_prove: str
    next_test: str
    suspects: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One look at the evidence where configuration and source disagree: what it says, and by what. look: its id.

    What reachable, blocked and unknown mean for a look stands in the step of the guide that takes it.
    """

    look: str
    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class AtSource:
    """What was seen at the source: beside the configuration, and all that the outputs tell.

    disagreement: test-failed | test-connected where the two do not fit together, else "". looks: what the evidence says on
    where to look then. asked: values that commands of the guide are filled with, by name.
    """

    beside: tuple[Beside, ...] = ()
    told: tuple[Told, ...] = ()
    disagreement: str = ""
    looks: tuple[Judged, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer to one question. `scenario` is a scenario id; `endpoint` vnet-local | private | public."""

    verdict: Verdict
    scenario: str
    endpoint: str
    source: Place
    target: Place
    root_cause: str | None
    findings: tuple[Finding, ...]
    traces: tuple[Trace, ...]
    gaps: tuple[Gap, ...]
    repair: Repair | None
    confidence_notes: tuple[str, ...] = field(default=())
    headline: str = ""
    at_source: AtSource = AtSource()
