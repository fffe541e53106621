"""The collector: an estate in few questions, then reads by name where they matter, side by side and resumable."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.azure.arm import Arm, ReadFailed
from mi_workbook.evidence.azure.graph import OPERATION, Graph, Place, Question, questions
from mi_workbook.evidence.azure.holding import SAVED, SAVING, Holding, key
from mi_workbook.evidence.azure.kinds import version_of, whole_with
from mi_workbook.evidence.azure.reads import Read, carry_out, computed_reads, is_live, later_reads, state_reads
from mi_workbook.evidence.azure.watcher import ask_next_hop
from mi_workbook.evidence.snapshot import Snapshot, type_of

WORKERS = 8
# What learns routes from others: they are worth asking for wherever it stands.
LEARNERS = ("microsoft.network/virtualnetworkgateways", "microsoft.network/virtualhubs/bgpconnections")
SAVE_EVERY = 1.0  # seconds at least; the first time at once
SAVE_SHARE = 0.1  # of the time, at most, goes into saving
Progress = Callable[[str, int, int], None]
Task = tuple[str, Callable[[], None]]


class Collector:
    """Reads an estate into a holding.

    Args:
        arm: Resource Manager.
        credential: the one the Arm has.
        holding: where everything goes.
        progress: told what is being read, how many reads are done, and of how many; called from this thread.
        save: given a snapshot from time to time, so that a crash loses little.
        scope: path | everything, as it is written into the snapshot.
    """

    def __init__(
        self, arm: Arm, credential: Any, holding: Holding, *, progress: Progress = lambda what, n, m: None,
        save: Callable[[Snapshot], None] | None = None, scope: str = "everything",
    ) -> None:  # fmt: skip
        self.arm, self.holding, self.scope = arm, holding, scope
        self._graph, self._progress, self._save = Graph(arm, credential), progress, save
        self._next_save, self._saved_version, self.unsaved = 0.0, 0, False

    def snapshot(self, *, unfinished: bool = False) -> Snapshot:
        """What was read so far. unfinished: with what it takes to go on with it."""
        self.holding.requests = self.arm.pace.requests
        return self.holding.snapshot(self.scope, unfinished=unfinished or bool(self.arm.pace.over))

    def base(self, subscriptions: Sequence[str] = ()) -> None:
        """The whole estate as Resource Graph has it, and what the account may read of it.

        subscriptions: ids; none means every one that the account can see.
        """
        given = tuple(dict.fromkeys(_subscription(one) for one in subscriptions))
        self._run([("subscriptions", self._subscriptions)])
        self.holding.subscriptions = given or self.holding.subscriptions
        asked: list[Task] = [
            (f"permissions on {one}", partial(self._permissions, one)) for one in self.holding.subscriptions
        ]
        if self.holding.goes_on:  # what may be taken over depends on them
            self._run(asked)
            self.holding.go_on()
            asked = []
        asked += [(f"Resource Graph, {q.name}", partial(self._ask, q)) for q in questions()]
        if self.holding.subscriptions:
            self._run(asked)

    def live(self, ids: Iterable[str], *, computed: bool = False, again: bool = False) -> int:
        """Read resources by name, those not read or tried yet, or all of them `again`; how many reads that took.

        computed: read what Azure computed about them instead of their state.
        """
        if computed:
            return self._read((read for held in self._held(ids) for read in computed_reads(held)), again)
        return self._read((read for one in ids for read in state_reads(one)), again)

    def later(self, ids: Iterable[str]) -> int:
        """Read the lists that settle names and repairs of these resources; how many reads that took."""
        return self._read(read for held in self._held(ids) for read in later_reads(held))

    def next_hop(self, nic_id: str, destination: str) -> None:
        """Ask Network Watcher where packets of a network interface for an address go."""
        ask = partial(ask_next_hop, self.arm, self.holding, nic_id, destination)
        self._run([(f"next hop to {destination}", ask)])

    def _held(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        found = (self.holding.get(one) for one in ids)
        return [one for one in found if one is not None]

    def _read(self, wanted: Iterable[Read], again: bool = False) -> int:
        reads = {key(read.path): read for read in wanted}
        known = self.holding.done | self.holding.tried
        due = [read for at, read in reads.items() if again or at not in known]
        self.holding.tried |= {key(read.path) for read in due}
        self._run([(_words(read), partial(carry_out, self.arm, self.holding, read)) for read in due])
        return len(due)

    def everything(self) -> None:
        """State of every resource that has one, then what gateways and Route Servers learned.

        Effective routes of each network interface are left to a path: they are computed here anyway, and each takes Azure
        seconds.
        """
        held = [str(one.get("id", "")) for one in self.snapshot().resources if is_live(type_of(one))]
        self.live(held)
        self.later(held)
        held = [str(one.get("id", "")) for one in self.snapshot().resources]
        self.live([one for one in held if type_of({"id": one}).lower() in LEARNERS], computed=True)

    def _subscriptions(self) -> None:
        """Those that the account sees; where the list breaks off, those that came, and that there may be more."""
        operation = "Microsoft.Resources/subscriptions/read"
        try:
            rows, failed = self.arm.pages("/subscriptions", version_of("subscriptions")), None
        except ReadFailed as error:
            rows, failed = list(error.rows), error
        found = [str(row.get("subscriptionId", "")) for row in rows]
        if failed is None and not all(map(_is_subscription, found)):
            failed = ReadFailed(200, "UnknownShape", "The id of a subscription is no id.")
        self.holding.subscriptions = tuple(sorted({one.lower() for one in found if _is_subscription(one)}))
        if failed is not None:
            self.holding.fail("/subscriptions", operation, failed, _all_kinds())
            return
        self.holding.visible = frozenset(self.holding.subscriptions)
        self.holding.mended("/subscriptions", operation)

    def _permissions(self, subscription: str) -> None:
        scope, operation = f"/subscriptions/{subscription}", "Microsoft.Authorization/permissions/read"
        path = f"{scope}/providers/Microsoft.Authorization/permissions"
        try:
            self.holding.granted[subscription] = list(self.arm.pages(path, version_of("microsoft.authorization")))
        except ReadFailed as failed:
            self.holding.fail(scope, operation, failed, ())
            return
        finally:
            self.holding.asked.add(subscription)
        self.holding.mended(scope, operation)

    def _ask(self, question: Question) -> None:
        scope = f"/providers/Microsoft.ResourceGraph/{question.name}"
        try:
            self._graph.ask(question, self.holding.subscriptions, self.holding.places, self._took)
        except ReadFailed as failed:
            kinds = [kind for one in question.kinds for kind in whole_with(one)]
            self.holding.fail(scope, OPERATION, failed, kinds)
            return
        self.holding.whole[question.name] = question
        self.holding.mended(scope, OPERATION)

    def _took(self, rows: list[dict[str, Any]], name: str, place: Place) -> None:
        for row in rows:
            self.holding.keep_row(row)
        self.holding.reached(name, place)

    def _run(self, tasks: Sequence[Task]) -> None:
        """Side by side. A key stroke that interrupts ends the collection, not what was read."""
        if not tasks:
            return
        with ThreadPoolExecutor(min(WORKERS, len(tasks)), thread_name_prefix="collect") as pool:
            waiting: dict[Future[None], str] = {pool.submit(task): name for name, task in tasks}
            self._progress(tasks[0][0], 0, len(tasks))
            done = told = 0
            while waiting:
                try:
                    ready, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                except KeyboardInterrupt:
                    self.arm.pace.stop()
                    continue
                for one in ready:
                    what = waiting.pop(one)
                    done += 1
                    self._crashed(what, one.exception())
                if ready or self.holding.version != told:
                    told = self.holding.version
                    self._progress(self._now_reading(waiting), done, len(tasks))
                self._save_now_and_then()

    def _now_reading(self, waiting: Mapping[Future[None], str]) -> str:
        """What is read now; of a question with many pages also how much came so far."""
        what = next(iter(waiting.values()), "done")
        return f"{what}: {self.holding.count:,} resources so far" if what.startswith("Resource Graph") else what

    def _crashed(self, what: str, error: BaseException | None) -> None:
        """A crash of ours in one read: the others go on, and nothing reads as absent. Only the kind of error is kept."""
        if error is not None:
            failed = ReadFailed(0, "Crash", f"The collector failed with {type(error).__name__}. Please report it.")
            self.holding.fail(what, "collect/read", failed, _all_kinds())

    def _save_now_and_then(self) -> None:
        """The first time as soon as anything was read, and what may be read of it; later ones leave time for reading."""
        start = time.monotonic()
        if (
            self._save is not None
            and start >= self._next_save
            and self.holding.version != self._saved_version
            and self.holding.settled
        ):
            self._saved_version = self.holding.version
            self._try_to_save(self._save)
            end = time.monotonic()
            self._next_save = end + max(SAVE_EVERY, (end - start) / SAVE_SHARE)

    def _try_to_save(self, save: Callable[[Snapshot], None]) -> None:
        """A save that fails ends nothing: it is a problem, and is tried again."""
        self.unsaved = False
        self.holding.mended(SAVED, SAVING)
        try:
            save(self.snapshot(unfinished=True))
        except Exception as error:  # whatever keeps it from being saved, what was read goes on to be read
            text = f"What was read could not be saved in between ({_reason(error)})."
            self.holding.fail(SAVED, SAVING, ReadFailed(0, "NotSaved", text), ())
            self.unsaved = True

    def finish(self) -> Snapshot:
        """All that was read, after a last try to save it where that failed before."""
        if self.unsaved and self._save is not None:
            self._try_to_save(self._save)
        return self.snapshot()


def _all_kinds() -> list[str]:
    return [kind for question in questions() for one in question.kinds for kind in whole_with(one)]


def _reason(error: Exception) -> str:
    """The system's words for what it refused; of any other error only the kind, since its text may hold anything."""
    if isinstance(error, InputError):
        return str(error)
    return error.strerror or "the system refused" if isinstance(error, OSError) else type(error).__name__


def _is_subscription(text: str) -> bool:
    return bool(text) and all(c.isalnum() or c == "-" for c in text)


def _subscription(text: str) -> str:
    """The id of a subscription, given bare or as /subscriptions/<id>."""
    found = text.strip().strip("/").rpartition("/")[2].lower()
    if not _is_subscription(found):
        raise InputError(
            f"'{text[:60]}' is not the id of a subscription.", remedy="az account list -o table shows them."
        )
    return found


def _words(read: Read) -> str:
    """Kind and name, without the provider's namespace."""
    return read.path.rpartition("/providers/")[2].partition("/")[2]
