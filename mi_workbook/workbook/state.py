"""What is on the screen, without widgets: evidence, question, diagnosis and walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mi_workbook.cases import all_cases, case
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.finding import Diagnosis
from mi_workbook.core.nearest import LONGEST, did_you_mean
from mi_workbook.core.progress import each
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.attribution import Loose, bound, loose_tables, owned
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.looking import ENDPOINTS
from mi_workbook.diagnosis.places import find_source
from mi_workbook.evidence.adding import added, stands_alone
from mi_workbook.evidence.explain import server_of
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.integrity import CHANGED
from mi_workbook.evidence.integrity import state as integrity
from mi_workbook.evidence.pasted import FORMAT as PASTE
from mi_workbook.evidence.sent import Sent, read_sent
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.choose import Choice, choices_for
from mi_workbook.guide.follow_up import Taken, taken
from mi_workbook.guide.scenario import Scenario, all_scenarios
from mi_workbook.guide.walk import outcome, start
from mi_workbook.network.network import GATEWAYS, LOCAL_NETWORKS, NICS, SLOTS, VMS, VNETS, WEB_APPS, Network
from mi_workbook.workbook.asking import Asking
from mi_workbook.workbook.practising import Practising
from mi_workbook.workbook.talking import Talk

MACHINES = (VMS, WEB_APPS)
DEPTHS = ("engineer", "owner")
ADDED = "Added to what was known"
CHANGES = "; {} resources were replaced by newer ones, and what was observed before them is left out."
CHOOSE = "Loaded. Choose source and server name, then press Diagnose."
EVIDENCE = ("snapshot", "opened", "case", "source", "target", "endpoint", "diagnosis", "at", "said", "asking", "sources", "targets",
            "machines", "live", "fits", "all_networks")  # fmt: skip


@dataclass(slots=True)
class State:
    """One session. `error` holds words for the user, never a traceback; `opened` says what the evidence was read from.

    at: the step on the screen. said: answers of a person to the questions of a disagreement, by step.
    """

    scenario: str = ""
    case: str = ""
    opened: str = ""
    snapshot: Snapshot | None = None
    source: str = ""
    target: str = ""
    endpoint: str = "auto"
    depth: str = "engineer"
    diagnosis: Diagnosis | None = None
    at: str = ""
    error: str = ""
    notice: str = ""
    all_networks: bool = False
    asking: Asking = field(default_factory=Asking)
    talk: Talk = field(default_factory=Talk)
    practice: Practising = field(default_factory=Practising)
    said: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    machines: int = 0
    live: bool = False  # collected by the panel above, which can look again after a repair
    fits: tuple[Choice, ...] = ()

    def scenarios(self) -> list[tuple[str, str]]:
        """Label and id of the scenarios."""
        return [(one.title, one.id) for one in all_scenarios().values()]

    def cases(self) -> list[tuple[str, str]]:
        """Label and id of the built-in cases of the chosen scenario (all, where none is chosen)."""
        return [(one.title, one.id) for one in all_cases() if self.scenario in {"", one.scenario}]

    def choose_scenario(self, scenario: str) -> None:
        """Narrow the built-in cases to one scenario ("" for all). Raises InputError for an unknown one."""
        if scenario and scenario not in all_scenarios():
            remedy = did_you_mean(scenario, all_scenarios(), "Choose one of the list.")
            raise InputError(f"There is no scenario '{scenario[:LONGEST]}'.", remedy=remedy)
        self.scenario = scenario

    def open_case(self, case_id: str) -> None:
        """Load a built-in case with its question, and answer it. Raises InputError for an unknown one."""
        one = case(case_id)
        self.take(one.snapshot(), f"built-in case: {one.title}")
        self.case, self.source, self.target, self.endpoint = case_id, one.source, one.target, one.endpoint
        self.ask()

    def open_files(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Load uploaded files and ask the question at hand again; where they cannot be read the old evidence stays and `error`
        says why. Files that hold a part only, without an instance or a network, are added to what is known.
        """
        named = list(items)
        try:
            held = load_bytes(named)
        except InputError as error:
            self.error = str(error)
            return
        if not held.resources and held.observations and self.diagnosis is not None:
            self._add(held, ", ".join(name for name, _ in named))
            return
        says = [f"{named[0][0]}: {CHANGED}"] if len(named) == 1 and integrity(held) == "changed" else []
        opened = ", ".join(name for name, _ in named)
        if self.snapshot is not None and not self.case and not stands_alone(held):
            held, changed = added(self.snapshot, held)
            opened = f"{self.opened}, {opened}"
            says.append(ADDED + (CHANGES.format(changed) if changed else "."))
        before, asked = None if self.case else self.diagnosis, (self.source, self.target, self.endpoint)
        self.take(held, opened)
        self._ask_again(before, *asked)
        self.notice = " ".join([*says, *([self.notice] if self.notice else [])])

    def _ask_again(self, before: Diagnosis | None, *asked: str) -> None:
        """The question before the new files once more, where they fit it; without one, the only one there is."""
        offered = self.source, self.target, self.endpoint
        if before is not None:
            self.question(*asked)
        elif len(self.targets) == 1 and self.machines == 1:
            self.ask()
        if self.diagnosis is None:
            self.error = ""
            self.source, self.target, self.endpoint = offered
            self.notice = CHOOSE if self.targets else ""
        elif before is not None:
            was, now = before.verdict.value, self.diagnosis.verdict.value
            other = ", for another cause" if before.root_cause != self.diagnosis.root_cause else ""
            turned = f"it was {was}, and is {now} now" if was != now else f"it is still {now}{other}"
            self.notice = f"The same question was asked again: {turned}."

    def forget(self) -> None:
        """Put the evidence away with its question and answer; what was answered and the scenario stay."""
        fresh = State(self.scenario)
        for name in EVIDENCE:
            setattr(self, name, getattr(fresh, name))

    def _add(self, sent: Snapshot, names: str) -> None:
        """Outputs and probes without any resource are of the source at hand; the configuration stays."""
        if self.snapshot is None or self.diagnosis is None:
            return
        where = self.diagnosis.source
        self._judge_with(bound(self.snapshot, Sent(tuple(sent.observations)), where))
        self.notice = f"{names}: evidence for {where.typed or where.name} now, beside {self.opened}; the question was judged again."

    def _judge_with(self, snapshot: Snapshot) -> None:
        """Judge again with more evidence; where that breaks us, the evidence stays as it was."""
        before = self.snapshot
        self.snapshot = snapshot
        try:
            self.ask()
        except Exception:
            self.snapshot = before
            raise

    def loose(self) -> tuple[Loose, ...]:
        """Pasted tables of Azure of which somebody must say whose they are."""
        return loose_tables(self.snapshot, self.source) if self.snapshot is not None else ()

    def own(self, position: int, owner: str, rows: int) -> None:
        """Say whose a pasted table is and how many rows Azure showed, and judge again. Raises InputError as `owned` does."""
        if self.snapshot is None:
            raise InputError("There is no evidence yet.", remedy="Choose a case or load evidence first.")
        self.snapshot = owned(self.snapshot, position, owner, rows)
        self.ask()
        self.notice = f"The table is that of {owner.rpartition('/')[2]} now, and the question was judged again."

    def take(self, snapshot: Snapshot, opened: str) -> None:
        """Make this the evidence, offer the sources and instances it holds, and keep no older answer."""
        sources, targets = list(_sources(snapshot)), _targets(snapshot)
        fits = choices_for(snapshot)
        self.snapshot, self.opened, self.case = snapshot, opened, ""
        self.error, self.notice, self.diagnosis, self.at = "", "", None, ""
        self.sources, self.targets, self.endpoint, self.all_networks = sources, targets, "auto", False
        self.asking, self.said, self.fits, self.live = Asking(), {}, fits, False
        self.machines = sum(len(snapshot.of_type(kind)) for kind in MACHINES)
        self.source = self.source if self.source in sources else (sources[0] if sources else "")
        self.target = targets[0] if targets else ""

    def question(self, source: str, target: str, endpoint: str) -> None:
        """Another question to the same evidence, answered at once. A pasted connection string gives its server only."""
        self.source, self.endpoint = source.strip(), endpoint if endpoint in ENDPOINTS else "auto"
        self.target, self.notice = server_of(target), ""
        if self.target != target.strip():
            self.notice = "The server name was taken from what you pasted; nothing else of it was kept."
        self.ask()

    def ask(self) -> None:
        """Answer the question at hand and walk as far as the evidence leads; no older answer stays beside an error."""
        self.error, self.diagnosis, self.at = "", None, ""
        if self.snapshot is None or not self.source or not self.target:
            self.error = "Choose a case or upload files, then a source and an instance."
            return
        try:
            self.diagnosis = diagnose(self.snapshot, self.source, self.target, self.endpoint)
        except (InputError, MissingEvidence) as error:
            self.error = str(error)
            return
        self.to_the_end()

    def request(self, place: str) -> None:
        """What to send to the person at a place, for the instance's full name. Raises InputError without an answer."""
        if place and (self.diagnosis is None or self.snapshot is None):
            raise InputError("There is no question yet.", remedy="Choose a case or load evidence first.")
        named = next((name for name in (self.target, *self.targets) if "." in name), self.target)
        self.asking.choose(place, named)

    def paste(self, text: str, place: str = "") -> None:
        """Take what came back as evidence of the source at hand, or of another place, and judge again.

        A resource that az printed as JSON takes the place of its older state. Raises InputError for a paste in which nothing
        is recognised, for a place that is not in the evidence, and where there is no question yet.
        """
        if self.diagnosis is None or self.snapshot is None:
            raise InputError("There is no question yet.", remedy="Choose a case or load evidence first.")
        where = find_source(Network(self.snapshot), place) if place else self.diagnosis.source
        sent = read_sent(text, "pasted here")
        if any(one.get("format") == PASTE for one in sent.observations) or not sent.found:
            self.asking.read(text, self.snapshot, self.diagnosis.target.id)
        self._judge_with(bound(self.snapshot, sent, where))
        self.notice = f"The paste is evidence for {where.typed or where.name} now, and the question was judged again."

    def answer(self, answer_id: str) -> None:
        """Answer the question at hand; an answer that leads to a scenario chooses it. Raises InputError where nothing is asked."""
        there = self.talk.answer(answer_id)
        if there:
            self.choose_scenario(there)
            self.notice = (
                f"Your answers lead to: {all_scenarios()[there].title}. Load evidence, or choose one of its built-in cases; "
                f"its own notebook is {there}.ipynb."
            )

    def error_text(self, text: str) -> None:
        """Read a pasted error or connection string. Raises InputError for an empty one."""
        self.talk.paste(text)
        if self.talk.read is not None and self.talk.read.target and self.snapshot is not None:
            self.target = self.talk.read.target
            self.ask()

    def tree(self) -> Scenario:
        """The decision tree of the diagnosis at hand."""
        known = all_scenarios()
        found = known.get(self.diagnosis.scenario) if self.diagnosis is not None else None
        return found or known["vnet-peering"]

    def taken(self) -> list[Taken]:
        """Every step on the way, the end of each tree with no outcome: the scenario, then where it disagrees with a test."""
        if self.diagnosis is None:
            return []
        walk, found = start(self.tree()), []
        while not walk.step.is_end:
            result = outcome(walk.step, self.diagnosis)
            found.append(Taken(walk.step, result))
            walk = walk.advance(result)
        return [*found, Taken(walk.step, None), *taken(self.diagnosis, self.said)]

    def visits(self) -> list[tuple[str, Verdict | None]]:
        """Ids and outcomes of every step on the way."""
        return [(one.step.id, one.verdict) for one in self.taken()]

    def visit(self, step: str) -> None:
        """Go to a step on the way. Raises InputError for a step that the way does not touch."""
        if step not in [at for at, _ in self.visits()]:
            raise InputError("That step is not on the way through this tree.", remedy="Choose one of the steps shown.")
        self.at = step

    def say(self, step: str, answer: str) -> None:
        """Answer the question of a step on the way ("" takes the answer back). Raises InputError for what it does not ask."""
        asked = next((one.step for one in self.taken() if one.step.id == step and one.step.asks), None)
        if asked is None or answer not in {"", *(one.id for one in asked.answers)}:
            raise InputError("That is no answer to a question on the way.", remedy="Choose one of those shown.")
        self.said = {**{at: one for at, one in self.said.items() if at != step}, **({step: answer} if answer else {})}
        self.to_the_end()

    def here(self) -> Taken | None:
        """The step on the screen."""
        return next((one for one in self.taken() if one.step.id == self.at), None)

    def to_the_end(self) -> None:
        """On to where the walk ends."""
        steps = self.taken()
        self.at = steps[-1].step.id if steps else ""


def _sources(snapshot: Snapshot) -> Iterator[str]:
    """What a question may start from, in the words the question takes."""
    network = Network(snapshot)
    for kinds in (MACHINES, (NICS,)):
        yield from sorted(str(raw.get("name", "")) for kind in kinds for raw in snapshot.of_type(kind))
    slots = (str(raw.get("id", "")) for raw in snapshot.of_type(SLOTS))
    yield from sorted(network.web_app(at).shown for at in slots if at)
    for raw in each(snapshot.of_type(VNETS), "Listing subnets"):
        vnet = network.vnet(str(raw.get("id", "")))
        yield from (f"{vnet.name}/{subnet.name}" for subnet in vnet.subnets)
    gateways = [network.gateway(str(raw.get("id", ""))) for raw in snapshot.of_type(GATEWAYS)]
    yield from (f"p2s:{gateway.name}" for gateway in gateways if gateway.pool_prefixes)
    yield from (f"onprem:{raw.get('name')}" for raw in snapshot.of_type(LOCAL_NETWORKS))
    yield from (f"er:{gateway.name}=" for gateway in gateways if gateway.kind == "expressroute")
    yield "internet"


def _targets(snapshot: Snapshot) -> list[str]:
    return [one.fqdn or one.name for one in Network(snapshot).instances()]
