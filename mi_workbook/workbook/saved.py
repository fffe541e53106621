"""Session file: evidence, question, position and reading depth of one walk, as one JSON document.

`{"format": "mi-workbook/session", "version": 1, "snapshot": {a snapshot document} or null where questions were answered
without evidence, "opened", "source", "target", "endpoint", "depth", "scenario", "step", "said": {step: answer}, "unstated": true where the evidence
says nothing of how complete it is, "talk": [walks with their answers]}`. The verdict is not kept: it is computed again when
the file is opened.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.files import load_bytes
from mi_workbook.evidence.snapshot import FORMAT as SNAPSHOT
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.workbook.state import DEPTHS, State
from mi_workbook.workbook.talking import Talk

FORMAT = "mi-workbook/session"
VERSION = 1
TEXTS = ("opened", "source", "target", "endpoint", "depth", "scenario", "step")
REMEDY = "Open a file that 'Save session' wrote, or drop the evidence itself."
HEAD = 200  # bytes in which the format stands


def is_session(data: bytes) -> bool:
    """True where a file claims to be a session, whole or not."""
    return FORMAT.encode() in data[:HEAD]


def save(state: State) -> str:
    """The document. Raises InputError where there is neither evidence nor an answer yet."""
    talk = state.talk.to_list()
    if state.snapshot is None and not any(walk["answered"] for walk in talk):
        raise InputError(
            "There is nothing to save yet.", remedy="Answer a question, choose a case or load evidence first."
        )
    document = {
        "format": FORMAT, "version": VERSION, "opened": state.opened, "source": state.source, "target": state.target,
        "endpoint": state.endpoint, "depth": state.depth, "scenario": state.scenario,
        "step": state.at, "said": state.said, "talk": talk,
        "unstated": state.snapshot is not None and _unstated(state.snapshot),
        "snapshot": state.snapshot.to_dict() if state.snapshot is not None else None,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False)  # indented it takes six times as long


def resume(state: State, name: str, data: bytes) -> None:
    """Put a saved session on the screen: same evidence, question, step and depth.

    Raises InputError for a file that is cut off, of another version or of the wrong shape; the state stays as it was.
    """
    document = _read(name, data)
    found = State()
    if document["snapshot"] is not None:
        found.take(_snapshot(name, document), document["opened"] or name)
    found.scenario, found.depth = document["scenario"], document["depth"] or DEPTHS[0]
    found.choose_scenario(found.scenario)
    if found.depth not in DEPTHS:
        raise InputError("The reading depth is not known.", file=name, place="/depth", remedy=REMEDY)
    if found.snapshot is not None and document["source"] and document["target"]:
        found.question(document["source"], document["target"], document["endpoint"])
    for step, answer in document["said"].items():
        with suppress(InputError):  # questions may change between versions; the evidence is whole without them
            found.say(step, answer)
    if document["step"] in [at for at, _ in found.visits()]:
        found.visit(document["step"])
    try:
        found.talk.restore(document["talk"])
    except InputError as error:  # questions may change between versions; evidence and verdict are whole without them
        if found.snapshot is None:
            raise
        found.talk, found.notice = Talk(), str(error)
    for member in State.__slots__:
        setattr(state, member, getattr(found, member))


def _read(name: str, data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError("The session file is cut off or damaged.", file=name, remedy=REMEDY) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError("It is not a session file.", file=name, place="/format", remedy=REMEDY)
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        raise InputError(
            f"Version {str(document.get('version'))[:10]!r} is not known.", file=name, place="/version",
            remedy=f"This version reads session files of version {VERSION}.",
        )  # fmt: skip
    for member in TEXTS:
        if not isinstance(document.setdefault(member, ""), str):
            raise InputError(f"'{member}' must be a text.", file=name, place=f"/{member}", remedy=REMEDY)
    said = document.setdefault("said", {})
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        raise InputError("'said' must be an object of texts.", file=name, place="/said", remedy=REMEDY)
    if not isinstance(document.setdefault("talk", []), list):
        raise InputError("'talk' must be a list.", file=name, place="/talk", remedy=REMEDY)
    answers_only = "snapshot" in document and document["snapshot"] is None and document["talk"]
    if not isinstance(document.get("snapshot"), dict) and not answers_only:
        raise InputError("It holds no evidence.", file=name, place="/snapshot", remedy=REMEDY)
    return document


def _unstated(held: Snapshot) -> bool:
    """True where the evidence makes no claim of completeness; its document would claim to be partial."""
    return held.complete == frozenset() and "complete" not in held.source


def _snapshot(name: str, document: dict[str, Any]) -> Snapshot:
    """The evidence, through the same door as any file."""
    inner = document["snapshot"]
    if inner.get("format") != SNAPSHOT or not isinstance(inner.get("resources"), list):
        raise InputError("Its evidence is not a snapshot.", file=name, place="/snapshot", remedy=REMEDY)
    held = load_bytes([(f"{name}:snapshot", json.dumps(inner).encode())])
    if document.get("unstated") is not True:
        return held
    source = {member: value for member, value in held.source.items() if member != "complete"}
    return Snapshot(
        held.resources, observations=held.observations, problems=held.problems, source=source,
        collected_at=held.collected_at, cloud=held.cloud, extra=held.extra, complete=frozenset(),
    )  # fmt: skip
