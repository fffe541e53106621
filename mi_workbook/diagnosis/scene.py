"""What the looks at a disagreement share: the question, its ways, the tests and outputs of the source. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mi_workbook.core.ranges import NOTHING, Ranges
from mi_workbook.core.trace import Decision, Trace
from mi_workbook.evidence.pastes.paste import Reading
from mi_workbook.network.instance import NORMAL_PORT, PUBLIC_PORT
from mi_workbook.network.network import Network
from mi_workbook.network.reading import ipv4
from mi_workbook.network.resource_id import last
from mi_workbook.network.tested import OPEN, Answer, Test, answer_at, connection_tests, is_by_server, is_from
from mi_workbook.reach.question import Question
from mi_workbook.reach.settled import same_target

NAME_LOOKS = frozenset({"system-names", "resolvectl-query", "nameresolver", "probe-dns"})
AZURE_DNS = "168.63.129.16"


@dataclass(frozen=True)
class Scene:
    """ways: traces by the configuration alone. readings: outputs that were pasted for the source."""

    network: Network
    question: Question
    ways: tuple[Trace, ...]
    readings: tuple[Reading, ...]

    @property
    def in_app(self) -> bool:
        """True where the source is a web app or a slot of one."""
        return "/microsoft.web/sites/" in self.question.at.lower()

    @property
    def of_nic(self) -> Ranges:
        """Every address of the source's interface, those besides the primary one among them; none for other sources."""
        if "/networkinterfaces/" not in self.question.at.lower():
            return NOTHING
        return Ranges.of(span for one in self.network.nic(self.question.at).configurations for span in one.address)

    @cached_property
    def host(self) -> str:
        """The server name of the endpoint in question, in lower case."""
        instance = self.question.instance
        return (instance.public_fqdn if self.question.endpoint == "public" else instance.fqdn).lower()

    @cached_property
    def port(self) -> int:
        """The port that is connected to first."""
        return PUBLIC_PORT if self.question.endpoint == "public" else NORMAL_PORT

    @cached_property
    def destination(self) -> Ranges:
        """Addresses of the endpoint, empty where they are not in the evidence."""
        if self.question.endpoint == "public":
            return NOTHING
        return Ranges.of(span for trace in self.ways if trace.direction == "forward" for span in trace.flow.destination)

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        """Connections tried from the source to this endpoint, the oldest first; names that had no address there among them."""
        found = connection_tests(self.network.snapshot, self.question.places)
        ours = [test for test in found if same_target(test, self.destination, frozenset({self.host}))]
        return tuple(sorted(ours, key=lambda test: test.at))

    @cached_property
    def test(self) -> Test | None:
        """The latest test of the port in question; of two of the same time the one that failed."""
        fitting = [test for test in self.tests if test.port in {self.port, 0}] or list(self.tests)
        if not fitting:
            return None
        last_at = fitting[-1].at
        latest = [test for test in fitting if test.at == last_at]
        return next((test for test in reversed(latest) if test.result not in OPEN), latest[-1])

    @cached_property
    def answer(self) -> Answer | None:
        """The address that the name had at the source."""
        return answer_at(self.network.snapshot, self.question.places, self.host)

    def rows(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """Rows of the outputs of these kinds."""
        yield from (row for one in self.readings if one.kind in kinds for row in one.rows)

    def observed(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """Values of probes from the source, of these kinds."""
        for one in self.network.snapshot.observations:
            value = one.get("value")
            if one.get("kind") in kinds and is_from(one, self.question.places) and isinstance(value, dict):
                yield value

    def answers(self, *, by_server: bool) -> dict[str, set[str]]:
        """Addresses that the name had at the source, by the server that was asked ("" for the source's own).

        by_server: what DNS servers said; else what the machine itself got, by a look at the name where there was one, else
        by a connection test.
        """
        named: dict[str, set[str]] = {}
        tried: dict[str, set[str]] = {}
        for one in self.network.snapshot.observations:
            if is_from(one, self.question.places) and is_by_server(one) is by_server:
                server = AZURE_DNS if AZURE_DNS in _servers(one) else ""
                alone = self.network.snapshot.observed(())
                alone.observations = (one,)
                told = answer_at(alone, self.question.places, self.host)
                if told is not None:
                    found = named if by_server or one.get("kind") in NAME_LOOKS else tried
                    found.setdefault(server, set()).add(told.address)
        return named or tried

    def decisions(self, kind: str) -> list[Decision]:
        """Decisions of a kind, both ways, by the configuration alone."""
        return [decision for trace in self.ways for decision in trace.decisions if decision.kind == kind]

    def is_endpoint(self, address: str) -> bool:
        """True for an address of the endpoint."""
        found = ipv4((address,))
        return bool(found) and bool(self.destination) and self.destination.covers(found)

    def asked(self) -> Iterator[tuple[str, str]]:
        """Values for commands, by name: what is not known is left out."""
        question = self.question
        yield "host", self.host
        yield "port", str(self.port)
        yield "mi", question.instance.id
        since = self.network.snapshot.collected_at
        yield from [("since", since)] if since else []
        yield from [("subscription", part)] if (part := _part(question.instance.id, "subscriptions")) else []
        if "/networkinterfaces/" in question.at.lower():
            yield "nic", question.at
            machine = self.network.nic(question.at).vm_id
            yield from [("vm", machine)] if machine else []


def _part(resource_id: str, name: str) -> str:
    parts = resource_id.split("/")
    lower = [part.lower() for part in parts]
    at = lower.index(name) + 1 if name in lower else len(parts)
    return parts[at] if at < len(parts) else ""


def _servers(observation: dict[str, Any]) -> set[str]:
    value = observation.get("value")
    rows: Iterable[Any] = value if isinstance(value, list) else [value]
    return {str(row.get("server") or "").partition("#")[0] for row in rows if isinstance(row, dict)}


def names(ids: Sequence[str]) -> str:
    """Short names of resources."""
    return ", ".join(dict.fromkeys(last(one) or one for one in ids))
