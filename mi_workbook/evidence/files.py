"""Reading evidence from files: every form a customer may send, merged into one Snapshot; bad input is named."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.progress import each, report
from mi_workbook.evidence import template
from mi_workbook.evidence.encodings import text_of
from mi_workbook.evidence.forms import FORMS, both, ids_in, is_evidence, snapshot_of
from mi_workbook.evidence.json_text import documents, no_number
from mi_workbook.evidence.pasted import FORMAT as PASTE
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.secrets import clean
from mi_workbook.evidence.snapshot import Snapshot, field

LIMIT = 1 << 30
JSON_NAMES = (".json", ".json.gz")
# What people send instead of JSON, and what to do about it.
OTHERS = (
    (re.compile(r"^(?:- )?[a-z]\w+:(?: .*)?\n(?:.*\n){0,400}? *id: /subscriptions/", re.MULTILINE), "It looks like YAML: run it with -o json."),
    (re.compile(r"^\w+ +: .*\n(?:.*\n){0,400}?Id +: /subscriptions/", re.MULTILINE),
     "It looks like PowerShell's list: end the command with '| ConvertTo-Json -Depth 20'."),
    (re.compile(r"^(?:Name|Location|AddressPrefix\w*|ResourceGroup)\s{2,}\w+.*\n-{2,}\s+-{2,}", re.MULTILINE),
     "It looks like a table, which leaves most of it out: run it with -o json."),
)  # fmt: skip
PARAMETERS, SCHEMA_NEAR = "deploymentParameters.json", 400
BEGINNING = 40_000
TEXT_NAMES = (".txt", ".log", ".out", ".csv", ".xml", ".ovpn", ".md")


def load(*paths: str | os.PathLike[str]) -> Snapshot:
    """One snapshot of several files, folders or archives.

    Raises InputError naming file, place and remedy.
    """
    return load_bytes(item for path in paths for item in _files(Path(path)))


def load_bytes(items: Iterable[tuple[str, bytes]]) -> Snapshot:
    """One snapshot of named contents (uploads); archives among them are opened."""
    with _without_collector():
        texts = [(name, _text(name, data)) for given, content in items for name, data in _opened(given, content)]
        values = _parameters(texts)
        parts = [_read(name, text, values.get(_place(name), {})) for name, text in texts]
        if not parts:
            raise InputError("No JSON file was found.", remedy=FORMS)
        return parts[0][1] if len(parts) == 1 else _merged(_placed(parts))


def _place(name: str) -> str:
    """The folder or archive a file lies in."""
    return re.split(r"[\\/:][^\\/:]*$", name)[0] if re.search(r"[\\/:]", name) else ""


def _parameters(texts: list[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """The values of the file of parameters that the portal packs beside an exported template, by the place they lie in.

    Two such files in one place would mix: none of them counts.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, text in texts:
        if PARAMETERS in text[:SCHEMA_NEAR]:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                continue  # named when the file itself is read
            if template.is_parameters(value):
                found.setdefault(_place(name), []).append(template.parameter_values(clean(value, text)))
    return {place: values[0] for place, values in found.items() if len(values) == 1}


def _placed(parts: list[tuple[str, Snapshot]]) -> list[tuple[str, Snapshot]]:
    """The parts, where an export of the portal has the real ids of its group if the others show them."""
    if not any(template.PORTAL.search(name) for name, _ in parts):
        return parts
    ids = [ids_in([*part.resources, *part.observations]) for _, part in parts]
    return [
        (name, Snapshot(template.placed(name, list(part.resources), set().union(*ids[:at], *ids[at + 1 :])),
                        observations=part.observations, problems=part.problems))
        if template.PORTAL.search(name) and not part.source else (name, part)
        for at, (name, part) in enumerate(parts)
    ]  # fmt: skip


@contextmanager
def _without_collector() -> Iterator[None]:
    """No garbage collection while a document is read: it makes objects only, and looking at them halves the speed."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if _is_evidence(p.name) and p.is_file()):
            yield from ((name, _if_known(name, data)) for name, data in _files(file))
        return
    try:
        if path.stat().st_size > LIMIT:
            raise InputError(
                "The file is larger than 1 GiB.",
                file=str(path),
                remedy="Split it, or leave out what is not on the path.",
            )
        yield str(path), path.read_bytes()
    except OSError as error:
        raise InputError(f"It cannot be read: {error.strerror}.", file=str(path), remedy="Check the path.") from None


def _is_evidence(name: str) -> bool:
    return name.lower().endswith(JSON_NAMES + TEXT_NAMES)


def _if_known(name: str, data: bytes) -> bytes:
    """A text among other files, or where nothing in it is recognised a note that it was there: it is no bad input."""
    if name.rstrip("'\"").lower().endswith(JSON_NAMES):
        return data
    try:
        text = _text(name, data)
        known = _holds_documents(text) or bool(observations_of(text, name))
    except InputError:
        known = False
    note = {"kind": "not-understood", "about": "", "at": "", "format": PASTE, "file": name, "value": []}
    return data if known else json.dumps({"observations": [note]}).encode()


def _holds_documents(text: str) -> bool:
    """True for a text with resources in it, as copied from a console."""
    try:
        return any(is_evidence(one.value) for one in documents(text).found)
    except (RecursionError, ValueError):
        return True  # named when the file itself is read


def _opened(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file itself, or what its archive holds; never more than the limit is unpacked."""
    if data[:2] == b"\x1f\x8b":
        yield from _opened(name.removesuffix(".gz"), _bounded(name, gzip.GzipFile(fileobj=io.BytesIO(data))))
    elif data[:4] == b"PK\x03\x04":
        yield from _zip(name, data)
    else:
        yield name, data


def _zip(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.infolist() if _is_evidence(m.filename)]
            if sum(m.file_size for m in members) > LIMIT:
                raise InputError("It unpacks to more than 1 GiB.", file=name, remedy="Send the JSON files that matter.")
            for member in members:
                with archive.open(member) as stream:
                    inner = f"{name}:{member.filename!r}"
                    yield from _opened(inner, _if_known(inner, _bounded(name, stream)))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise InputError(f"The archive is damaged or locked ({error}).", file=name, remedy="Make it again.") from None


def _bounded(name: str, stream: Any) -> bytes:
    try:
        data: bytes = stream.read(LIMIT + 1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(f"The archive is damaged ({error}).", file=name, remedy="Make it again.") from None
    if len(data) > LIMIT:
        raise InputError("It unpacks to more than 1 GiB.", file=name, remedy="Send the JSON files that matter.")
    return data


def _text(name: str, data: bytes) -> str:
    try:
        return text_of(data)
    except UnicodeDecodeError as error:
        raise InputError(
            f"It is not {error.encoding} text.", file=name, place=f"byte {error.start}", remedy="Save it as UTF-8."
        ) from None


def _read(name: str, text: str, parameters: dict[str, Any]) -> tuple[str, Snapshot]:
    report(f"Reading {name.rpartition('/')[2]}")
    if not text.strip():
        raise InputError("The file is empty.", file=name, remedy="Run the command again and save its output.")
    try:
        value = json.loads(text, parse_constant=no_number)
    except json.JSONDecodeError as error:
        return name, _of_text(name, text, error, parameters)
    except (RecursionError, ValueError):
        raise InputError("It is nested too deeply or holds absurd numbers.", file=name, remedy=FORMS) from None
    report("Looking for secrets in it")
    return name, snapshot_of(name, clean(value, text), text, parameters)


def _of_text(name: str, text: str, error: json.JSONDecodeError, parameters: dict[str, Any]) -> Snapshot:
    """Console output, with the JSON documents in it. The error is that of reading all of it as one."""
    try:
        read = documents(text)
    except (RecursionError, ValueError):
        raise InputError("It is nested too deeply or holds absurd numbers.", file=name, remedy=FORMS) from None
    taken = [one for one in read.found if is_evidence(one.value)]
    if read.broken and (taken or text.lstrip()[:1] in {"{", "["}):
        raise _not_json(name, read.text, read.broken)
    parts = [(name, snapshot_of(name, clean(one.value, text), text, parameters)) for one in taken]
    pasted = [] if text.lstrip()[:1] in {"{", "["} and not read.found else observations_of(read.without(taken), name)
    if pasted:
        parts.append((name, Snapshot(observations=pasted)))
    if not parts:
        raise _not_json(name, text, error)
    return parts[0][1] if len(parts) == 1 else _merged(parts)


def _not_json(name: str, text: str, error: json.JSONDecodeError) -> InputError:
    cut = " The file ends early." if error.pos >= len(text.rstrip()) - 1 else ""
    what = f"It is not valid JSON: {error.msg}.{cut}"
    if text.lstrip()[:1] not in {"{", "["}:
        what += " Nor is it the output of a command that is known here."
        what += next((f" {hint}" for shape, hint in OTHERS if shape.search(text[:BEGINNING])), "")
    return InputError(what, file=name, place=f"line {error.lineno}, column {error.colno}", remedy=FORMS)


def _merged(parts: list[tuple[str, Snapshot]]) -> Snapshot:
    """Several snapshots as one: claimed complete is what any part claims; equal resources count once."""
    kept: dict[str, tuple[str, dict[str, Any]]] = {}
    loose: list[dict[str, Any]] = []
    for name, part in parts:
        for resource in each(part.resources, "Putting the files together"):
            at = str(field(resource, "id", default="")).rstrip("/").lower()
            if not at:
                loose.append(resource)
            elif at not in kept:
                kept[at] = (name, resource)
            elif kept[at][1] != resource:
                kept[at] = (kept[at][0], both(name, "", f"in {kept[at][0]}", kept[at][1], resource))
    claims = [part.complete for _, part in parts]
    complete = None if None in claims else frozenset(kind for claim in claims for kind in claim or ())
    first = next((part for _, part in parts if part.collected_at), parts[0][1])
    extra: dict[str, Any] = {}
    source: dict[str, Any] = {"files": [name for name, _ in parts]}
    for _, part in parts:
        extra |= part.extra
    if complete:
        source["complete"] = sorted(complete)
    return Snapshot(
        [*(resource for _, resource in kept.values()), *loose],
        observations=[o for _, part in parts for o in part.observations],
        problems=[p for _, part in parts for p in part.problems],
        source=source, collected_at=first.collected_at, cloud=first.cloud, extra=extra, complete=complete,
    )  # fmt: skip
