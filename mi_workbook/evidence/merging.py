"""The same resource read twice (a list and a show, az and ARM): one with what both say, if they agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mi_workbook.evidence.snapshot import field

Row = dict[str, Any]
# Members of the envelope; every other one lies in `properties`. Source: Resource Manager, "Common resource properties".
ENVELOPE = frozenset({
    "id", "name", "type", "location", "tags", "kind", "managedby", "sku", "plan", "identity", "zones", "etag", "systemdata",
    "extendedlocation", "apiversion", "resourcegroup", "subscriptionid", "tenantid",
})  # fmt: skip
# Members that differ from one read to the next, or only between tools, and decide nothing.
PASSING = frozenset({"etag", "resourcegroup", "subscriptionid", "tenantid", "apiversion", "tags", "tag", "type"})


class Differs(Exception):
    """Two reads of one resource contradict each other; the text is the path of the member."""


def united(one: Row, other: Row) -> Row:
    """One resource from two reads of it: members that one of them leaves out, or has as null, come from the other.

    Either may be ARM's own form or the one without `properties` that az prints. Raises Differs where both have a member
    and its values are not the same.
    """
    if isinstance(field(one, "properties"), dict) or not isinstance(field(other, "properties"), dict):
        return _filled(one, other, "")
    return _filled(other, one, "")


def _filled(base: Row, more: Mapping[str, Any], path: str) -> Row:
    """`base` with what only `more` has."""
    inner = next((name for name in base if name.lower() == "properties" and isinstance(base[name], dict)), "")
    envelope = {name: value for name, value in base.items() if name != inner}
    nested = dict(base[inner]) if inner else {}
    for name, value in _flat(more).items():
        home = nested if inner and name.lower() not in ENVELOPE else envelope
        own = next((mine for mine in home if mine.lower() == name.lower()), name)
        home[own] = _one(home.get(own), value, f"{path}/{name}")
    return {**envelope, inner: nested} if inner else envelope


def _flat(row: Mapping[str, Any]) -> Row:
    """The members as az prints them: those of `properties` beside those of the envelope."""
    inner = field(row, "properties")
    if not isinstance(inner, dict):
        return {name: value for name, value in row.items() if name.lower() != "properties"}
    return {**{name: value for name, value in row.items() if name.lower() != "properties"}, **inner}


def _one(mine: Any, theirs: Any, path: str) -> Any:
    if theirs is None or mine == theirs:
        return mine
    if mine is None:
        return theirs
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return _filled(mine, theirs, path)
    if isinstance(mine, list) and isinstance(theirs, list):
        return _list(mine, theirs, path)
    if isinstance(mine, str) and isinstance(theirs, str) and mine.lower() == theirs.lower():
        return mine
    if path.rsplit("/", 1)[-1].lower() in PASSING:
        return mine
    raise Differs(path)


def _list(mine: list[Any], theirs: list[Any], path: str) -> list[Any]:
    """Elements of the same id or name are one; the order of other elements counts."""
    by_name = {_name(one): one for one in theirs}
    if len(mine) != len(theirs):
        raise Differs(path)
    if "" not in by_name and len(by_name) == len(theirs) and set(by_name) == {_name(one) for one in mine}:
        return [_one(one, by_name[_name(one)], f"{path}/{_name(one)}") for one in mine]
    return [_one(one, other, f"{path}/{at}") for at, (one, other) in enumerate(zip(mine, theirs, strict=True))]


def _name(one: Any) -> str:
    """What an element is called, in lower case; "" for one without a name."""
    if not isinstance(one, dict):
        return ""
    given = field(one, "id") or field(one, "name")
    return given.rstrip("/").lower() if isinstance(given, str) else ""
