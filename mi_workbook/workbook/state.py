"""What is on the screen, without widgets: evidence, question, diagnosis and walk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mi_workbook.cases import all_cases, case
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.scenario import all_scenarios
from mi_workbook.guide.walk import Walk, outcome, start
from mi_workbook.network.network import GATEWAYS, LOCAL_NETWORKS, NICS, VMS, VNETS, WEB_APPS, Network


@dataclass(slots=True)
class State:
    """One session. `error` holds words for the user, never a traceback."""

    scenario: str = ""
    snapshot: Snapshot | None = None
    source: str = ""
    target: str = ""
    diagnosis: Diagnosis | None = None
    walk: Walk | None = None
    error: str = ""
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    def scenarios(self) -> list[tuple[str, str]]:
        """Label and id of the scenarios."""
        return [(one.title, one.id) for one in all_scenarios().values()]

    def cases(self) -> list[tuple[str, str]]:
        """Label and id of the built-in cases of the chosen scenario (all, where none is chosen)."""
        return [(one.title, one.id) for one in all_cases() if self.scenario in {"", one.scenario}]

    def open_case(self, case_id: str) -> None:
        """Load a built-in case with its question, and answer it."""
        one = case(case_id)
        self._take(one.snapshot())
        self.source, self.target = one.source, one.target
        self.ask()

    def open_files(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Load uploaded files; where they cannot be read the old evidence stays and `error` says why."""
        try:
            self._take(load_bytes(items))
        except InputError as error:
            self.error = str(error)

    def _take(self, snapshot: Snapshot) -> None:
        self.snapshot, self.error, self.diagnosis, self.walk = snapshot, "", None, None
        network = Network(snapshot)
        self.sources = sorted(
            str(raw.get("name", "")) for kind in (VMS, NICS, WEB_APPS) for raw in snapshot.of_type(kind)
        )
        for raw in snapshot.of_type(VNETS):
            vnet = network.vnet(str(raw.get("id", "")))
            self.sources += [f"{vnet.name}/{subnet.name}" for subnet in vnet.subnets]
        gateways = [network.gateway(str(raw.get("id", ""))) for raw in snapshot.of_type(GATEWAYS)]
        self.sources += [f"p2s:{gateway.name}" for gateway in gateways if gateway.pool_prefixes]
        self.sources += [f"onprem:{raw.get('name')}" for raw in snapshot.of_type(LOCAL_NETWORKS)]
        self.sources += [f"er:{gateway.name}=" for gateway in gateways if gateway.kind == "expressroute"]
        self.sources.append("internet")
        self.targets = [one.fqdn or one.name for one in network.instances()]
        self.source = self.source if self.source in self.sources else (self.sources[0] if self.sources else "")
        self.target = self.targets[0] if self.targets else ""

    def ask(self) -> None:
        """Answer the question at hand and start its walk."""
        self.error = ""
        if self.snapshot is None or not self.source or not self.target:
            self.error = "Choose a case or upload files, then a source and an instance."
            return
        try:
            self.diagnosis = diagnose(self.snapshot, self.source, self.target)
        except (InputError, MissingEvidence) as error:
            self.diagnosis, self.walk, self.error = None, None, str(error)
            return
        known = all_scenarios()
        self.walk = start(known.get(self.diagnosis.scenario) or known["vnet-peering"])

    def next(self) -> None:
        """One step on, by what the evidence says about the step at hand."""
        if self.walk is not None and self.diagnosis is not None:
            self.walk = self.walk.advance(outcome(self.walk.step, self.diagnosis))

    def back(self) -> None:
        """One step back."""
        if self.walk is not None:
            self.walk = self.walk.back()

    def to_the_end(self) -> None:
        """All steps, to where the walk ends."""
        while self.walk is not None and not self.walk.step.is_end:
            self.next()
