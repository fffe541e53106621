"""Reading evidence from files: every form a customer may send, merged into one Snapshot; bad input is named."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.pasted import FORMAT as PASTE
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.secrets import clean
from mi_workbook.evidence.sent import Sent, read_sent
from mi_workbook.evidence.snapshot import FORMAT, VERSION, Snapshot, field, from_document, type_of

LIMIT = 1 << 30
FORMS = (
    'Accepted: a mi-workbook snapshot, a list of ARM resources, {"value": [...]}, Resource Graph results, output of '
    "'az ... -o json', an ARM template with concrete values; as .json, .json.gz, .zip or a folder; and console output as text."
)
JSON_NAMES = (".json", ".json.gz")
TEXT_NAMES = (".txt", ".log", ".out", ".csv", ".xml", ".ovpn", ".md")
NO_RESOURCE_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/template/providers/"


def load(*paths: str | os.PathLike[str]) -> Snapshot:
    """One snapshot of several files, folders or archives.

    Raises InputError naming file, place and remedy.
    """
    return load_bytes(item for path in paths for item in _files(Path(path)))


def load_bytes(items: Iterable[tuple[str, bytes]]) -> Snapshot:
    """One snapshot of named contents (uploads); archives among them are opened."""
    with _without_collector():
        parts = [_read(name, data) for given, content in items for name, data in _opened(given, content)]
        if not parts:
            raise InputError("No JSON file was found.", remedy=FORMS)
        return parts[0][1] if len(parts) == 1 else _merged(parts)


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
        known = bool(observations_of(_text(name, data), name))
    except InputError:
        known = False
    note = {"kind": "not-understood", "about": "", "at": "", "format": PASTE, "file": name, "value": []}
    return data if known else json.dumps({"observations": [note]}).encode()


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
    """The text, also as PowerShell writes it (UTF-16, byte order marks)."""
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    plain = "utf-16-le" if data[1:2] == b"\x00" else "utf-8"
    encoding = next((found for mark, found in marks.items() if data.startswith(mark)), plain)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"It is not {encoding} text.", file=name, place=f"byte {error.start}", remedy="Save it as UTF-8."
        ) from None


def _read(name: str, data: bytes) -> tuple[str, Snapshot]:
    text = _text(name, data)
    if not text.strip():
        raise InputError("The file is empty.", file=name, remedy="Run the command again and save its output.")
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        sent = Sent() if text.lstrip()[:1] in {"{", "["} else read_sent(text, name)
        if sent.found:
            return name, Snapshot(_checked(name, list(sent.resources), ""), observations=sent.observations)
        cut = " The file ends early." if error.pos >= len(text.rstrip()) - 1 else ""
        place = f"line {error.lineno}, column {error.colno}"
        what = f"It is not valid JSON: {error.msg}.{cut}"
        if text.lstrip()[:1] not in {"{", "["}:
            what += " Nor is it the output of a command that is known here."
        raise InputError(what, file=name, place=place, remedy=FORMS) from None
    except (RecursionError, ValueError):
        raise InputError("It is nested too deeply or holds absurd numbers.", file=name, remedy=FORMS) from None
    return name, _snapshot(name, clean(value, text))


def _no_number(word: str) -> Any:
    """NaN and Infinity are no JSON, though many writers produce them."""
    raise ValueError(word)


def _snapshot(name: str, value: Any) -> Snapshot:
    if isinstance(value, dict) and "format" in value and "resources" in value:
        return _document(name, value)
    if isinstance(value, dict) and "deploymentTemplate" in str(value.get("$schema", "")):
        return Snapshot(_checked(name, list(_template(name, value.get("resources"))), "/resources"))
    if isinstance(value, dict) and isinstance(value.get("observations"), list) and "id" not in value:
        return Snapshot(observations=_sent(name, value["observations"]))
    rows, pointer = _rows(name, value)
    named = ("id", "Id", "type")
    if rows and all(isinstance(row, dict) and not any(name in row for name in named) for row in rows):
        pasted = observations_of(json.dumps(value), name)
        if pasted:
            return Snapshot(observations=pasted)
        found = {"kind": "unrecognised", "about": "", "at": "", "format": "json", "value": value}
        return Snapshot(observations=[found])
    return Snapshot(_checked(name, rows, pointer))


def _sent(name: str, observations: list[Any]) -> list[dict[str, Any]]:
    """What a probe wrote, sent as a file of its own: it speaks of the client of the question."""
    for position, item in enumerate(observations):
        if not isinstance(item, dict):
            raise InputError(
                "An observation must be an object.", file=name, place=f"/observations/{position}", remedy=FORMS
            )
    return [{"from": "client", **item} for item in observations]


def _document(name: str, value: dict[str, Any]) -> Snapshot:
    if value["format"] != FORMAT or value.get("version") != VERSION:
        what = f"Format {str(value['format'])[:40]!r} version {str(value.get('version'))[:10]!r} is not known."
        raise InputError(what, file=name, place="/format", remedy=f"This version reads {FORMAT} version {VERSION}.")
    for member in ("resources", "observations", "problems"):
        if not isinstance(value.get(member, []), list):
            raise InputError(f"'{member}' must be a list.", file=name, place=f"/{member}", remedy=FORMS)
        for position, item in enumerate(value.get(member, [])):
            if not isinstance(item, dict):
                raise InputError(
                    f"An element of '{member}' must be an object.",
                    file=name,
                    place=f"/{member}/{position}",
                    remedy=FORMS,
                )
    _checked(name, value.get("resources") or [], "/resources")
    return from_document(value)


def _rows(name: str, value: Any) -> tuple[list[Any], str]:
    """The resources of any accepted list form."""
    if isinstance(value, list):
        return value, ""
    if not isinstance(value, dict):
        raise InputError("It holds no object or list.", file=name, remedy=FORMS)
    if isinstance(value.get("value"), list):
        return value["value"], "/value"
    data = value.get("data")
    if isinstance(data, list):
        return data, "/data"
    if isinstance(data, dict) and isinstance(data.get("columns"), list) and isinstance(data.get("rows"), list):
        names = [str(column.get("name")) for column in data["columns"] if isinstance(column, dict)]
        return [dict(zip(names, row, strict=False)) for row in data["rows"] if isinstance(row, list)], "/data/rows"
    for member in ("value", "data"):
        if member in value and "id" not in value:
            raise InputError(f"'{member}' must be a list.", file=name, place=f"/{member}", remedy=FORMS)
    return [value], ""


def _checked(name: str, rows: list[Any], pointer: str) -> list[dict[str, Any]]:
    """The rows, each an object whose known members have the types that ARM gives them; one resource per id."""
    seen: dict[str, dict[str, Any]] = {}
    kept: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        at = f"{pointer}/{position}"
        if not isinstance(row, dict):
            raise InputError("An element must be an object.", file=name, place=at, remedy=FORMS)
        _shape(name, at, row)
        resource_id = str(field(row, "id", default="")).rstrip("/").lower()
        if resource_id and resource_id in seen:
            if seen[resource_id] != row:
                _twice(name, at, resource_id)
            continue
        seen[resource_id] = row
        kept.append(row)
    return kept


def checked(name: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources that came another way than as a file, held to the same shape. Raises InputError for one that has another."""
    return _checked(name, list(rows), "")


def _twice(name: str, at: str, resource_id: str) -> None:
    what = f"Resource {resource_id} appears twice with different content."
    raise InputError(what, file=name, place=at, remedy="Keep the newer one.")


def _shape(name: str, at: str, row: dict[str, Any]) -> None:
    if not isinstance(row.get("id", ""), str | type(None)):
        raise InputError("'id' must be a string.", file=name, place=f"{at}/id", remedy=FORMS)
    inner = row.get("properties")
    if inner is not None and not isinstance(inner, dict):
        raise InputError("'properties' must be an object.", file=name, place=f"{at}/properties", remedy=FORMS)
    if not type_of(row).lower().startswith("microsoft.network/"):
        return
    for member in (
        "subnets",
        "virtualNetworkPeerings",
        "securityRules",
        "defaultSecurityRules",
        "routes",
        "ipConfigurations",
    ):
        value = (inner or {}).get(member)
        if value is not None and not (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
            raise InputError(
                f"'{member}' must be a list of objects.", file=name, place=f"{at}/properties/{member}", remedy=FORMS
            )


def _template(name: str, resources: Any, parent: str = "", parent_type: str = "") -> Iterator[dict[str, Any]]:
    """Resources of an ARM template whose values are concrete, with ids made from type and name."""
    for position, raw in enumerate(resources if isinstance(resources, list) else []):
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("name"), str):
            raise InputError(
                "A template resource needs type and name.", file=name, place=f"/resources/{position}", remedy=FORMS
            )
        if raw["name"].startswith("["):
            raise InputError("The name is an expression, not a value.", file=name, place=f"/resources/{position}/name",
                             remedy="Export with az group export --skip-all-params, or send 'az resource list' output.")  # fmt: skip
        kind = f"{parent_type}/{raw['type']}" if parent and "/" not in raw["type"] else raw["type"]
        names = raw["name"].split("/") if not parent or "/" in raw["name"] else [*parent.split("/"), raw["name"]]
        provider, *kinds = kind.split("/")
        tail = "/".join(f"{k}/{n}" for k, n in zip(kinds, names, strict=False))
        yield {"id": f"{NO_RESOURCE_GROUP}{provider}/{tail}", **raw, "name": names[-1], "type": kind}
        yield from _template(name, raw.get("resources"), "/".join(names), kind)


def _merged(parts: list[tuple[str, Snapshot]]) -> Snapshot:
    """Several snapshots as one: claimed complete is what any part claims; equal resources count once."""
    kept: dict[str, tuple[str, dict[str, Any]]] = {}
    loose: list[dict[str, Any]] = []
    for name, part in parts:
        for resource in part.resources:
            at = str(field(resource, "id", default="")).rstrip("/").lower()
            if at and at in kept and kept[at][1] != resource:
                raise InputError(
                    f"Resource {at} differs from the one in {kept[at][0]}.", file=name, remedy="Keep the newer file."
                )
            if at:
                kept.setdefault(at, (name, resource))
            else:
                loose.append(resource)
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
