"""What a JSON value somebody sent is: a snapshot, a template, a list of resources in the form of any tool, or an output."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.core.progress import each
from mi_workbook.evidence import powershell, template
from mi_workbook.evidence.merging import Differs, united
from mi_workbook.evidence.pasted import observations_of
from mi_workbook.evidence.pastes.route_server_routes import INSTANCES
from mi_workbook.evidence.snapshot import FORMAT, VERSION, Snapshot, field, from_document, type_of
from mi_workbook.evidence.unused import is_known, refused, unused

FORMS = (
    'Accepted: a mi-workbook snapshot, a list of ARM resources, {"value": [...]}, Resource Graph results, output of '
    "'az ... -o json' (several in one file too), of Az PowerShell with '| ConvertTo-Json -Depth 20', an exported ARM template; "
    "as .json, .json.gz, .zip or a folder; and console output as text."
)
NEXT = frozenset({"nextlink", "@odata.nextlink", "skip_token", "skiptoken", "$skiptoken"})


def ids_in(value: Any) -> set[str]:
    """Every text in a JSON value that is the id of a resource."""
    if isinstance(value, str):
        return {value} if value.startswith("/subscriptions/") and "/providers/" in value else set()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(ids_in(inner) for inner in items))


def is_evidence(value: Any) -> bool:
    """True for a snapshot, a template or resources; the JSON of other commands is read with the text around it."""
    if is_known(value) or (
        isinstance(value, dict) and ("resources" in value or isinstance(value.get("observations"), list))
    ):
        return True
    try:
        rows, _ = _rows("", _answered(value))
    except InputError:
        return False
    return any(isinstance(row, dict) and bool(type_of(row) or powershell.is_powershell(row)) for row in rows)


def snapshot_of(name: str, value: Any, text: str, parameters: dict[str, Any]) -> Snapshot:
    """A snapshot of one JSON value.

    name: the file, for messages; text: it as it was written; parameters: values for templates. Raises InputError.
    """
    if isinstance(value, dict) and "format" in value and "resources" in value:
        return _document(name, value)
    if template.is_template(value):
        found, problems = template.resources(name, value, parameters)
        return Snapshot(_checked(name, found, "/resources"), problems=problems)
    if template.is_parameters(value):
        return Snapshot()
    if isinstance(value, dict) and isinstance(value.get("observations"), list) and "id" not in value:
        return Snapshot(observations=_sent(name, value["observations"]))
    if isinstance(value, dict) and any(one in value for one in INSTANCES):  # it has a member "value" that is null
        return Snapshot(observations=observations_of(json.dumps(value), name))
    if is_known(value):
        return Snapshot(observations=[unused(name, value)])
    value = _answered(value)
    rows, pointer = _rows(name, value)
    cut: list[dict[str, Any]] = []
    spelled = any(isinstance(row, dict) and powershell.is_powershell(row) for row in rows)
    if spelled or any(sign in text for sign in powershell.SIGNS):
        rows, cut = _spelled(name, rows)
    named = ("id", "Id", "type")
    if rows and all(isinstance(row, dict) and not any(name in row for name in named) for row in rows):
        pasted = observations_of(json.dumps(value), name)
        if pasted:
            return Snapshot(observations=pasted)
        return Snapshot(observations=[unused(name, value)], problems=refused(name, value))
    return Snapshot(_checked(name, rows, pointer), problems=[*cut, *_unfinished(name, value, rows)])


def _spelled(name: str, rows: list[Any]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Rows as ARM spells them. One that ConvertTo-Json cut off is left out, so that it counts as not seen."""
    kept: list[Any] = []
    problems: list[dict[str, Any]] = []
    for row in rows:
        arm, cut = powershell.as_arm(row) if isinstance(row, dict) else (row, ())
        if not cut:
            kept.append(arm)
            continue
        what = f"{name}: ConvertTo-Json cut it off at {', '.join(cut[:3])}; run the command again with '| ConvertTo-Json -Depth 20'."
        problems.append(_problem(str(arm.get("id") or ""), type_of(arm), "CutOff", what))
    return kept, problems


def _unfinished(name: str, value: Any, rows: list[Any]) -> list[dict[str, Any]]:
    """A list of which Azure says that more pages follow: what is not in it may be on one of those."""
    if not isinstance(value, dict) or isinstance(value.get("id"), str):
        return []
    more = next((str(key) for key in value if key.lower() in NEXT and value[key]), "")
    if not more:
        return []
    kinds = sorted({type_of(row) for row in rows if isinstance(row, dict)} - {""})
    what = f"{name}: more pages follow ({more}), which are not in the file."
    return [_problem("", one, "MorePages", what) for one in kinds]


def _problem(scope: str, kind: str, code: str, message: str) -> dict[str, Any]:
    return {
        "scope": scope,
        "operation": f"{kind}/read",
        "kinds": [kind],
        "status": None,
        "code": code,
        "message": message,
    }


def _answered(value: Any) -> Any:
    """What Azure answered, out of the answers to several requests in one (the portal's batches) and of REST examples.

    Sources: Resource Manager, batch requests of the portal (`responses`: [{`httpStatusCode`, `content`}]);
    azure-rest-api-specs, examples (`responses`: {"200": {`body`}}).
    """
    answers = value.get("responses") if isinstance(value, dict) else None
    if isinstance(answers, dict):
        bodies = [
            one.get("body") for code, one in answers.items() if str(code).startswith("2") and isinstance(one, dict)
        ]
        return next((body for body in bodies if isinstance(body, dict | list)), value)
    if not isinstance(answers, list) or not answers or not all(isinstance(one, dict) for one in answers):
        return value
    found: list[Any] = []
    for one in answers:
        content = one.get("content")
        if one.get("httpStatusCode", 200) in range(200, 300) and isinstance(content, dict):
            listed = content.get("value", content.get("data"))
            found += listed if isinstance(listed, list) else [content]
    return found


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
    for member in (given for given in value if given.lower() in {"value", "data"}):
        listed = value[member]
        if isinstance(listed, list):
            return listed, f"/{member}"
        if (
            isinstance(listed, dict)
            and isinstance(listed.get("columns"), list)
            and isinstance(listed.get("rows"), list)
        ):
            names = [str(column.get("name")) for column in listed["columns"] if isinstance(column, dict)]
            rows = [dict(zip(names, row, strict=False)) for row in listed["rows"] if isinstance(row, list)]
            return rows, f"/{member}/rows"
        if "id" not in value and "Id" not in value:
            raise InputError(f"'{member}' must be a list.", file=name, place=f"/{member}", remedy=FORMS)
    return [value], ""


def _checked(name: str, rows: list[Any], pointer: str) -> list[dict[str, Any]]:
    """The rows, each an object whose known members have the types that ARM gives them; one resource per id."""
    seen: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    for position, row in enumerate(each(rows, "Checking it")):
        at = f"{pointer}/{position}"
        if not isinstance(row, dict):
            raise InputError("An element must be an object.", file=name, place=at, remedy=FORMS)
        _shape(name, at, row)
        resource_id = str(field(row, "id", default="")).rstrip("/").lower()
        if not resource_id or resource_id not in seen:
            seen[resource_id] = len(kept)
            kept.append(row)
        elif kept[seen[resource_id]] != row:
            kept[seen[resource_id]] = both(name, at, "above", kept[seen[resource_id]], row)
    return kept


def checked(name: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources that came another way than as a file, held to the same shape. Raises InputError for one that has another."""
    return _checked(name, list(rows), "")


def both(name: str, at: str, where: str, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """One resource from two reads of it, where they agree."""
    try:
        return united(one, other)
    except Differs as error:
        what = f"Resource {field(other, 'id')} appears twice with different content: the one {where} has another {str(error)[:200]}."
        raise InputError(what, file=name, place=at, remedy="Keep the newer one.") from None


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
