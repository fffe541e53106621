"""Resources of an ARM template: an export's parameters, variables and references replaced by the values they stand for.

Source: Resource Manager, "Template functions"; "Export template" (names become parameters with the name as default value,
resources of other groups become parameters that end in `_externalid`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mi_workbook.core.errors import InputError
from mi_workbook.evidence.secrets import is_secret

NO_SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
NO_GROUP = "~"  # before a name that stands for a resource group; no group's own name may hold it
GROUP = "/resourceGroups/{}"
PORTAL = re.compile(r"ExportedTemplate-([\w().-]+?)(?: ?\(\d+\))?(?:\.zip)?(?=[\\/:]|$)")
TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+)|([A-Za-z_]\w*)|([(),.\[\]]))")
DEEPEST = 40
IDLE = frozenset({"dependson", "apiversion", "comments", "condition", "scale", "copy", "resources", "tags", "identity"})
HOW = "Export with az group export --skip-all-params, or send the output of 'az network vnet show' and the like with -o json."
Row = dict[str, Any]


class Unresolved(Exception):
    """An expression whose value the template does not hold; the text is the expression."""


@dataclass(frozen=True, slots=True)
class Given:
    """What expressions refer to. group: the id of the resource group, or of the place that stands for it."""

    group: str
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]


def is_template(value: Any) -> bool:
    """True for a deployment template (of a resource group, a subscription, a tenant)."""
    return isinstance(value, dict) and "eploymenttemplate.json" in str(value.get("$schema", "")).lower()


def is_parameters(value: Any) -> bool:
    """True for the file of parameters that lies beside a template."""
    return isinstance(value, dict) and "deploymentparameters.json" in str(value.get("$schema", "")).lower()


def resources(name: str, template: Row, values: Mapping[str, Any] | None = None) -> tuple[list[Row], list[Row]]:
    """The resources of a template, with ids made from type and name, and a problem for each that could not be read.

    name: the file. values: parameters by name, that go before the defaults of the template. A resource with a value that the
    template does not hold is left out whole, so that it counts as not seen; secrets are the exception, nobody needs them.
    Raises InputError for what is no resource, and for a name that is no value.
    """
    given = Given(group_of(name), _parameters(template, values or {}), _mapping(template, "variables"))
    found: list[Row] = []
    problems: list[Row] = []
    for row, unread in _rows(name, template.get("resources"), given, "", ""):
        if unread:
            problems.append(_problem(name, row, unread))
        else:
            found.append(row)
    return found, problems


def group_of(name: str) -> str:
    """The id that stands for the resource group of a template, another one for each file.

    The portal names the group in the file that it gives to download; the subscription no template says. Commands show what
    stands for either as a placeholder (`network/resource_id.unfilled`).
    """
    named = PORTAL.search(name)
    parts = [re.sub(r"\.\w+$", "", part) for part in re.split(r"[\\/:]", name.replace("'", "")) if part]
    return NO_SUBSCRIPTION + GROUP.format(
        named[1] if named else NO_GROUP + (re.sub(r"[^\w.-]+", "-", "-".join(parts[-2:])) or "template")
    )


def placed(name: str, rows: list[Row], ids: Iterable[str]) -> list[Row]:
    """The rows of an export of the portal with their real ids, where the other evidence names one subscription with its group.

    ids: those that the other evidence holds. Two groups of one name in two subscriptions leave it open.
    """
    own = group_of(name)
    if not PORTAL.search(name):
        return rows
    ending = own.removeprefix(NO_SUBSCRIPTION).lower() + "/"
    real = {one[: one.lower().index(ending) + len(ending) - 1] for one in ids if ending in one.lower()}
    if len({one.lower() for one in real}) != 1:
        return rows
    found: list[Row] = json.loads(
        json.dumps(rows).replace(json.dumps(own)[1:-1] + "/", json.dumps(real.pop())[1:-1] + "/")
    )
    return found


def _mapping(template: Row, member: str) -> dict[str, Any]:
    value = template.get(member)
    return {str(key).lower(): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def _parameters(template: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    declared = _mapping(template, "parameters")
    defaults = {
        key: one["defaultValue"] for key, one in declared.items() if isinstance(one, dict) and "defaultValue" in one
    }
    return {**defaults, **{key.lower(): value for key, value in values.items() if value is not None}}


def parameter_values(value: Row) -> dict[str, Any]:
    """The values of a file of parameters."""
    given = value.get("parameters")
    items = given.items() if isinstance(given, dict) else ()
    return {str(key): one["value"] for key, one in items if isinstance(one, dict) and one.get("value") is not None}


def _problem(name: str, row: Row, unread: list[str]) -> Row:
    return {
        "scope": str(row["id"]), "operation": f"{row['type']}/read", "kinds": [str(row["type"])], "status": None, "code": "NoValue",
        "message": f"{name}: {row['name']} was left out, because the template holds no value for {', '.join(unread[:3])}. {HOW}",
    }  # fmt: skip


def _rows(name: str, listed: Any, given: Given, parent: str, parent_type: str) -> Iterator[tuple[Row, list[str]]]:
    items = listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ()
    for position, raw in enumerate(items):
        at = f"/resources/{position}"
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("name"), str):
            raise InputError("A template resource needs type and name.", file=name, place=at, remedy=HOW)
        if _value_or(raw.get("condition"), given, True) in (False, "false", "False"):
            continue
        whole_name = _value_or(raw["name"], given, None)
        if not isinstance(whole_name, str) or "copy" in raw:
            what = (
                "The name is an expression without a value."
                if "copy" not in raw
                else "It stands for several resources (copy)."
            )
            raise InputError(what, file=name, place=f"{at}/name", remedy=HOW)
        kind = f"{parent_type}/{raw['type']}" if parent and "/" not in raw["type"] else raw["type"]
        full = f"{parent}/{whole_name}" if parent and "/" not in whole_name else whole_name
        unread: list[str] = []
        row = {key: _read(inner, given, key, unread) for key, inner in raw.items() if key.lower() not in IDLE}
        row = {"id": resource_id(given.group, kind, full.split("/")), **row, "name": full.split("/")[-1], "type": kind}
        yield row, unread
        yield from _rows(name, raw.get("resources"), given, full, kind)


def resource_id(group: str, kind: str, names: list[str]) -> str:
    """The id of a resource in a group."""
    provider, *kinds = kind.split("/")
    tail = "/".join(f"{one}/{name}" for one, name in zip(kinds, names, strict=False))
    return f"{group}/providers/{provider}/{tail}"


def _value_or(value: Any, given: Given, otherwise: Any) -> Any:
    try:
        return evaluate(value, given)
    except Unresolved:
        return otherwise


def _read(value: Any, given: Given, name: str, unread: list[str]) -> Any:
    """The value with its expressions replaced; those without a value are noted and read as null."""
    if isinstance(value, list):
        return [_read(one, given, name, unread) for one in value]
    if isinstance(value, dict):
        return {
            key: _read(inner, given, str(key), unread)
            for key, inner in value.items()
            if str(key) != "copy" or _copied(unread)
        }
    try:
        return evaluate(value, given)
    except Unresolved as error:
        if not is_secret(name) and name != "location":
            unread.append(f"{name} ({str(error)[:80]})")
        return None


def _copied(unread: list[str]) -> bool:
    unread.append("copy")
    return False


def evaluate(value: Any, given: Given, depth: int = 0) -> Any:
    """The value of a text that may be an expression. Raises Unresolved where the template does not hold it."""
    if not isinstance(value, str) or not value.startswith("[") or not value.endswith("]"):
        return value
    if value.startswith("[["):
        return value[1:]
    reader = _Expression(value[1:-1], given, depth)
    return reader.whole()


class _Expression:
    """One expression, read from left to right."""

    def __init__(self, text: str, given: Given, depth: int) -> None:
        if depth > DEEPEST:
            raise Unresolved(text)
        self.text, self.given, self.depth = text, given, depth
        self.tokens = [match.groups() for match in TOKEN.finditer(text)]
        self.at = 0

    def whole(self) -> Any:
        found = self._value()
        if self.at != len(self.tokens):
            raise Unresolved(self.text)
        return found

    def _sign(self, sign: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][3] == sign:
            self.at += 1
            return True
        return False

    def _value(self) -> Any:
        if self.at >= len(self.tokens):
            raise Unresolved(self.text)
        text, number, word, _ = self.tokens[self.at]
        self.at += 1
        if text is not None:
            return text[1:-1].replace("''", "'")
        if number is not None:
            return int(number)
        if word is None or not self._sign("("):
            raise Unresolved(self.text)
        found = self._call(word, self._arguments())
        while self.at < len(self.tokens) and self.tokens[self.at][3] in {".", "["}:
            found = self._inside(found)
        return found

    def _arguments(self) -> list[Any]:
        found: list[Any] = []
        while not self._sign(")"):
            found.append(self._value())
            if not self._sign(",") and (self.at >= len(self.tokens) or self.tokens[self.at][3] != ")"):
                raise Unresolved(self.text)
        return found

    def _inside(self, holder: Any) -> Any:
        if self._sign("."):
            step: Any = self.tokens[self.at][2] if self.at < len(self.tokens) else None
            self.at += 1
        else:
            self._sign("[")
            step = self._value()
            if not self._sign("]"):
                raise Unresolved(self.text)
        try:
            return holder[step]
        except (KeyError, IndexError, TypeError):
            raise Unresolved(self.text) from None

    def _call(self, name: str, arguments: list[Any]) -> Any:
        low = name.lower()
        if low in {"parameters", "variables"} and len(arguments) == 1:
            held = self.given.parameters if low == "parameters" else self.given.variables
            if str(arguments[0]).lower() not in held:
                raise Unresolved(self.text)
            return self._deep(held[str(arguments[0]).lower()])
        if low not in FUNCTIONS and low != "resourceid":
            raise Unresolved(self.text)
        try:
            if low == "resourceid":
                return _resource_id(self.given.group, arguments)
            return FUNCTIONS[low](arguments)
        except (IndexError, TypeError, ValueError, KeyError):
            raise Unresolved(self.text) from None

    def _deep(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._deep(one) for one in value]
        if isinstance(value, dict):
            return {key: self._deep(one) for key, one in value.items()}
        return evaluate(value, self.given, self.depth + 1)


def _concat(arguments: list[Any]) -> Any:
    if arguments and all(isinstance(one, list) for one in arguments):
        return [item for one in arguments for item in one]
    return "".join(_as_text(one) for one in arguments)


def _as_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError
    return str(value)


def _format(arguments: list[Any]) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: _as_text(arguments[1 + int(match[1])]), arguments[0])


def _resource_id(group: str, arguments: list[Any]) -> str:
    """resourceId([subscription], [group], type, name...): the type is the first argument with a provider in it."""
    position = next(at for at, one in enumerate(arguments) if "/" in one)
    names = [part for one in arguments[position + 1 :] for part in _as_text(one).split("/")]
    kind = arguments[position]
    if position or len(names) != kind.count("/"):
        raise ValueError  # of another group or subscription: one of the two is not named, so that the id would be wrong
    return resource_id(group, kind, names)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "concat": _concat,
    "format": _format,
    "tolower": lambda given: _as_text(given[0]).lower(),
    "toupper": lambda given: _as_text(given[0]).upper(),
    "string": lambda given: _as_text(given[0]),
    "int": lambda given: int(given[0]),
    "replace": lambda given: _as_text(given[0]).replace(given[1], given[2]),
    "createarray": lambda given: given,
    "first": lambda given: given[0][0],
    "last": lambda given: given[0][-1],
    "true": lambda given: True,
    "false": lambda given: False,
    "null": lambda given: None,
}
