"""What was seen at the source, set beside what Azure's configuration says; where they disagree the next test is named. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.finding import AtSource, Beside, Told
from mi_workbook.core.ranges import Ranges
from mi_workbook.core.trace import Cause, Decision, Trace
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.attribution import OWNERS, is_loose
from mi_workbook.diagnosis.client_routes import ClientRoutes, judge_client
from mi_workbook.diagnosis.looks import disagreement, looks
from mi_workbook.diagnosis.pasted_answers import conclude
from mi_workbook.diagnosis.pasted_facts import Conclusion, Facts, facts_of
from mi_workbook.diagnosis.scene import Scene
from mi_workbook.evidence.explain import Explanation, explained
from mi_workbook.evidence.pasted import FORMAT
from mi_workbook.evidence.pastes.as_machine import tables_of
from mi_workbook.evidence.pastes.formats import FORMATS
from mi_workbook.evidence.pastes.paste import Line, Reading
from mi_workbook.evidence.pastes.recognise import Pastes
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.network.network import Network
from mi_workbook.network.resource_id import last
from mi_workbook.network.tested import OPEN, Test, answer_at, connection_tests, is_from
from mi_workbook.reach.path import round_trips, stop, verdict
from mi_workbook.reach.question import Question
from mi_workbook.reach.resolution import as_seen
from mi_workbook.reach.settled import OF_THE_NAME, by_another, next_test, same_target

TITLES = {parser.KIND: parser.TITLE for parser in FORMATS}
WEIGHT_OF = {Verdict.REACHABLE: "open", Verdict.BLOCKED: "blocked", Verdict.UNKNOWN: "hint"}
PLACE_OF = {"clients": "client", "site": "on-premises", "express": "on-premises", "inside": "azure-vm"}
COMPARE_NAMES = "At the source: its hosts file and its DNS servers; ask 168.63.129.16 from a VM of the VNet for the name, and compare."
AGAIN = "Collect the configuration again, test again from the same place, and compare the times of both."
WHOSE = (
    "Say whose it is and how many rows Azure showed (on the screen, or diagnose --table-of NAME=ROWS); or send it as JSON, with the "
    "command above it that names the interface or gateway."
)
AT_THE_SOURCE = "The same test at the source itself; or ask with the machine that tested as the source."
SHOWN_LINES = 3
# An open port says nothing against these: what is wrong is the name or port as it was typed.
AS_TYPED = OF_THE_NAME - {Cause.INSTANCE_NOT_READY}


def configuration_alone(network: Network, question: Question) -> Network:
    """The network without what was seen at the source; tables that Azure itself showed stay."""
    snapshot = network.snapshot.observed(())
    snapshot.observations = tuple(
        one for one in snapshot.observations if one.get("kind") in OWNERS or not is_from(one, question.places)
    )
    return Network(snapshot)


def at_source(network: Network, question: Question, alone: Question | None, ways: Sequence[Trace]) -> AtSource:
    """Both sides of each matter, and everything that pasted outputs of the source tell.

    alone, ways: the question and its traces as the configuration alone gives them.
    """
    readings, files = _readings(network.snapshot, question.places)
    routes = _client_routes(network, question, readings)
    beside = [*_names(network, question, alone, ways), *_routes(routes, ways), *_connections(network, question, ways)]
    told = [*_concluded(readings, _facts(network, question), _place(question), files)]
    told += [_of_routes(routes)] if routes is not None else []
    told += _of_probes(network.snapshot, question.places)
    told += [*_read_in_part(readings, files), *_unused(network.snapshot, question.places)]
    apart = disagreement(tuple(beside))
    if not apart:
        return AtSource(tuple(beside), tuple(told))
    scene = Scene(network, question, tuple(ways), tuple(readings))
    return AtSource(tuple(beside), tuple(told), apart, looks(scene), tuple(scene.asked()))


def _of_probes(snapshot: Snapshot, places: frozenset[str]) -> list[Told]:
    """What probes tell; the probing itself is loaded only where there are any."""
    if not any(str(one.get("kind", "")).startswith("probe-") and is_from(one, places) for one in snapshot.observations):
        return []
    from mi_workbook.diagnosis.recorded_probes import told_by_probes

    return list(told_by_probes(snapshot, places))


Spans = dict[tuple[int, int], list[str]]


def _readings(snapshot: Snapshot, places: frozenset[str]) -> tuple[list[Reading], Spans]:
    """Pasted outputs of the source as they were read, and the files by the lines they stand in."""
    found: list[Reading] = []
    files: Spans = {}
    for one in snapshot.observations:
        value, kind = one.get("value"), str(one.get("kind", ""))
        pasted = one.get("format") == FORMAT and kind in TITLES and is_from(one, places)
        if not pasted or not isinstance(value, list):
            continue
        span, left = _span(one.get("lines")), tuple(_lines(one.get("not_understood")))
        rows, notes = tuple(row for row in value if isinstance(row, dict)), tuple(map(str, one.get("notes") or ()))
        about, whole = str(one.get("about") or ""), one.get("whole") is True
        found.append(Reading(kind, TITLES[kind], rows, left, notes, whole, about, span))
        files.setdefault(span, []).append(str(one.get("file", "")))
    return found, files


def _span(value: Any) -> tuple[int, int]:
    """First and last line, zeros where the observation does not tell them."""
    known = isinstance(value, list) and len(value) == 2 and all(isinstance(one, int) for one in value)
    return (value[0], value[1]) if known else (0, 0)


def _lines(value: Any) -> Iterator[Line]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("line"), int):
            yield Line(one["line"], str(one.get("text", "")))


def _concluded(readings: Sequence[Reading], facts: Facts | None, place: str, files: Spans) -> Iterator[Told]:
    """What they show together. A snapshot from elsewhere may hold rows of another shape: that is said, and stops nothing."""
    try:
        found = conclude(readings, facts, place)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        yield Told("none", "The outputs in this evidence have rows of a shape that is not known.", "Nothing.", "Anything.",
                   "Send the outputs themselves.", (), "")  # fmt: skip
        return
    yield from (_told(one, files) for one in found)


def _facts(network: Network, question: Question) -> Facts | None:
    try:
        return facts_of(network, question.instance.id)
    except MissingEvidence:
        return None


def _place(question: Question) -> str:
    """The place as conclusions take it; of an app without a known system, none."""
    if "/microsoft.web/sites/" not in question.at.lower():
        return PLACE_OF.get(question.origin.kind, "")
    app = question.origin.integration.app if question.origin.integration is not None else None
    if app is None or app.linux is None:
        return ""
    return "app-service-linux" if app.linux else "app-service-windows"


def _client_routes(network: Network, question: Question, readings: Sequence[Reading]) -> ClientRoutes | None:
    """What pasted tables of a point-to-site client show; None for other sources and without a table."""
    if question.origin.kind != "clients" or question.endpoint != "vnet-local" or not tables_of(readings):
        return None
    try:
        return judge_client(network, question.instance.id, question.origin.gateways[0].id, readings)
    except MissingEvidence:
        return None


def _names(network: Network, question: Question, alone: Question | None, ways: Sequence[Trace]) -> Iterator[Beside]:
    """The address the name has there, or that it has none."""
    own = next((d for d in _decisions(ways) if d.kind == "name"), None)
    says = own.why if own is not None else "No DNS record that Azure keeps decides it."
    seen = answer_at(network.snapshot, question.places, question.instance.fqdn)
    if seen is not None and question.endpoint != "public":
        found = as_seen(network, question.instance, seen)
        known = alone is not None and (own is None or own.result is Verdict.REACHABLE)
        agree = alone is not None and (found.decision.result, found.endpoint) == (Verdict.REACHABLE, alone.endpoint)
        yield Beside(
            "name", says, found.decision.why, agree if known else None, COMPARE_NAMES if known and not agree else ""
        )
    for test in connection_tests(network.snapshot, question.places):
        if not test.port and test.host == question.instance.fqdn.lower():
            known = own is None or own.result is Verdict.REACHABLE
            yield Beside("name", says, f"{test.host} has no address there.", False if known else None, next_test(test))
            return


def _routes(routes: ClientRoutes | None, ways: Sequence[Trace]) -> Iterator[Beside]:
    """The routes that the gateway gives its clients, and those of the client itself."""
    if routes is None:
        return
    own = next((d for d in _decisions(ways) if d.kind in {"client", "peering"}), None)
    first = routes.conclusions[0]
    held = [f"{one.vnet}: {', '.join(one.routes) or 'no route'} ({one.held} of it)" for one in routes.entries]
    says = own.why if own is not None else "The gateway's routes for its clients are not in the evidence."
    agree = None
    if own is not None and Verdict.UNKNOWN not in {own.result, routes.verdict}:
        agree = own.result is routes.verdict
    yield Beside("routes", says, " ".join([first.says, *held]), agree, "" if agree else first.how)


def _connections(network: Network, question: Question, ways: Sequence[Trace]) -> Iterator[Beside]:
    """The last test of each port of the instance, and what the configuration does with that port."""
    instance, snapshot = question.instance, network.snapshot
    names = frozenset({(instance.public_fqdn if question.endpoint == "public" else instance.fqdn).lower()})
    tests: dict[tuple[str, int], Test] = {}
    for test in connection_tests(snapshot, question.places):
        fits = any(same_target(test, trace.flow.destination, names) for trace in ways)
        if test.port and fits:
            tests[test.host, test.port] = test
    for test in tests.values():
        port = Ranges(((test.port, test.port),))
        trips = [trace for trip in round_trips(ways) for trace in trip if trip[0].flow.ports.meets(port)]
        if trips:
            other = any(by_another(test, one.flow.source, question.at) for one in trips if one.direction == "forward")
            yield _connection(test, verdict(trips), stop(trips), other)


def _connection(test: Test, judged: Verdict, stopped: Decision | None, by_other: bool) -> Beside:
    opened = test.result in OPEN
    when = f" at {test.at}" if test.at else ""
    seen = f"TCP {test.host or test.address}:{test.port}: {test.result}{when}"
    says = f"{judged.value}: {stopped.why}" if stopped is not None else f"{judged.value}: nothing in Azure stops it."
    if by_other:
        seen += f", sent from {test.source}, which is no address of the source"
        return Beside("connection", says, seen, None, AT_THE_SOURCE)
    if judged is Verdict.UNKNOWN:
        return Beside("connection", says, seen, None, "" if opened else next_test(test))
    if opened and stopped is not None and stopped.cause in AS_TYPED:
        return Beside("connection", says, seen, None)
    agree = opened is (judged is Verdict.REACHABLE)
    return Beside("connection", says, seen, agree, "" if agree else AGAIN if opened else next_test(test))


def _decisions(ways: Iterable[Trace]) -> Iterator[Decision]:
    yield from (decision for trace in ways for decision in trace.decisions)


def told_of(pastes: Pastes, place: str = "") -> tuple[Told, ...]:
    """What outputs of tools tell by themselves, without evidence of Azure. Raises InputError for a place that is none."""
    return tuple(_told(one, {}) for one in conclude(pastes.readings, None, place))


def _told(one: Conclusion, files: Spans) -> Told:
    where = "; ".join(dict.fromkeys(_where(file, span) for span in one.lines for file in files.get(span, ())))
    suspects = tuple(dict.fromkeys(suspect.fault for suspect in one.suspects))
    return Told(one.weight, one.says, one.proves, one.does_not_prove, one.next_test, suspects, where)


def _where(file: str, span: tuple[int, int]) -> str:
    return f"{file}, lines {span[0]} to {span[1]}" if span[1] else file


def _of_routes(routes: ClientRoutes) -> Told:
    """All that the client's table shows, as one answer."""
    faults = tuple(dict.fromkeys(one.fault for one in routes.conclusions if one.fault))
    return Told(
        WEIGHT_OF[routes.verdict], " ".join(one.says for one in routes.conclusions),
        "Which interface the client sends packets for the instance to.",
        "That the tunnel carries them, and what the client's firewall does.", routes.conclusions[0].how, faults, "",
    )  # fmt: skip


def _read_in_part(readings: Sequence[Reading], files: Spans) -> Iterator[Told]:
    """What was sent and could not be read whole: it is shown, not dropped."""
    for one in readings:
        if one.whole and not one.left:
            continue
        lines = "; ".join(f"line {line.number}: {line.text}" for line in one.left[:SHOWN_LINES])
        says = f"{one.title} was read in part only. {' '.join(one.notes)} {lines}".strip()
        where = "; ".join(_where(file, one.span) for file in files.get(one.span, ()))
        yield Told(
            "none", says, "What was read of it.", "Anything by what is missing.", "Send the whole output.", (), where
        )


def _unused(snapshot: Snapshot, places: frozenset[str]) -> Iterator[Told]:
    """Tables of Azure that were not judged by, and lines of no format."""
    for one in snapshot.observations:
        if not is_from(one, places) and one.get("kind") != "not-understood":
            continue
        file = str(one.get("file", ""))
        if is_loose(one):
            whole = one.get("complete") is True
            why = "whose it is cannot be told" if whole else "nothing shows that it ends there"
            yield Told("none", f"A table of {one['kind']} was not used: {why}.", "Nothing here.", "Any route.",
                       WHOSE, (), file)  # fmt: skip
        elif one.get("kind") in OWNERS and one.get("format") == FORMAT:
            notes = " ".join(str(note) for note in one.get("notes") or ())
            says = (
                f"A table of {one['kind']} is judged by as that of {last(str(one.get('about', '')))}. {notes}".strip()
            )
            yield Told(
                "hint", says, "The routes in force when Azure showed it.", "That they are in force now.", "", (), file
            )
        elif one.get("kind") == "not-understood" and one.get("format") == FORMAT:
            yield from _of_left(list(_lines(one.get("value"))), file)


def _of_left(lines: Sequence[Line], file: str) -> Iterator[Told]:
    """Lines of no format: what driver errors and connection strings among them say, or that nobody understood them."""
    found = explained("\n".join(line.text for line in lines))
    if found is not None:
        yield from _explained(found, file)
    else:
        shown = "; ".join(f"line {line.number}: {line.text}" for line in lines[:SHOWN_LINES])
        says = (
            f"Lines of no output that is known, {len(lines)} in all: {shown}"
            if lines
            else "Nothing in it is recognised."
        )
        yield Told("none", says, "Nothing.", "Anything.", "", (), file)


def _explained(found: Explanation, file: str) -> Iterator[Told]:
    for string, findings in found.strings:
        faults = tuple(dict.fromkeys(one.fault for one in findings if one.severity != "info"))
        yield Told("hint", f"A connection string names the server {string.target or '(none)'}.", "What the application asks for.",
                   "That it is the string in use.", "Ask with it: mi-workbook explain, and diagnose --to.", faults, file)  # fmt: skip
    error = found.error
    if error is not None and error.understood:
        suspects = tuple(dict.fromkeys(one.fault for one in error.suspects))
        following = error.tests[0].does if error.tests else ""
        yield Told("hint", f"An error text: {error.title}", error.proves, error.rules_out, following, suspects, file)
