"""The members of a JSON object under pseudonyms: each by the rule for its name, and none without a rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from mi_workbook.evidence.redaction.pseudonyms import Pseudonyms
from mi_workbook.evidence.redaction.stand_in import stand_in
from mi_workbook.evidence.redaction.vocabulary import is_common, is_word, read

GONE = "(removed by redaction)"
LOST_TABLE = "Something is said of the route table; it was removed by redaction."
IMAGE = re.compile(r"([A-Za-z]{1,20})\|")
DEEPEST = 40
FREE = ("blanks", "remarks", "sentences")


@cache
def _rules(table: str) -> tuple[frozenset[str], dict[str, str]]:
    """Names of members that hold others, and the rule of each that holds texts."""
    data = read(table)
    structure = frozenset(name.lower() for name in data["structure"])
    return structure, {name.lower(): rule for rule, names in data["texts"].items() for name in names}


class Members:
    """What is kept of objects, and what was removed: names of members, and how often.

    tables: data files with rules, the first that knows a name decides. own: rules for names that come before them.
    """

    def __init__(self, given: Pseudonyms, removed: Counter[str]) -> None:
        self._given, self._removed = given, removed
        self._by_rule: dict[str, Callable[[str], str | None]] = {
            "words": given.word, "names": given.name, "hosts": given.host, "ids": given.id, "either": given.either,
            "interfaces": given.interface, "thumbprints": given.hexes, "systems": given.path, "certificates": stand_in,
            "flags": given.flags, "images": _image, "blanks": lambda _: "", "sentences": _sentence, "remarks": _remark,
        }  # fmt: skip

    def object(self, given: Mapping[str, Any], tables: tuple[str, ...], own: Mapping[str, str], inside: str = "",
               depth: int = 0) -> dict[str, Any]:  # fmt: skip
        """An object with the members that may stay. inside: name of the member it is the value of."""
        kept: dict[str, Any] = {}
        for name, value in self._one_prefix(given).items():
            found = self._member(str(name), value, tables, own, inside, depth)
            if found is None and value is not None:
                self._removed[str(name)] += 1
            elif found is not None or _rule(str(name), tables, own, inside) or _holds(str(name), tables):
                kept[name] = found
        return kept

    def _member(
        self, name: str, value: Any, tables: tuple[str, ...], own: Mapping[str, str], inside: str, depth: int
    ) -> Any:
        """The value to keep, None for one that goes. That a list is empty is an answer, and holds nothing to hide."""
        rule, holds = _rule(name, tables, own, inside), _holds(name, tables)
        if depth > DEEPEST or not (rule or holds):
            return None
        if isinstance(value, Mapping):
            return self.object(value, tables, own, name.lower(), depth + 1) if holds or not value else None
        if isinstance(value, list):
            return self._list(name, value, tables, own, inside, depth, rule)
        if isinstance(value, bool | int | float):
            return self._number(rule, value)
        return self._text(rule, str(value)) if value is not None else None

    def _one_prefix(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """First and last address of a route in one member, as a range, for neither can be replaced without the other."""
        first, last = given.get("startAddress"), given.get("endAddress")
        if not (isinstance(first, str) and isinstance(last, str) and last and "/" not in first):
            return given
        return {**given, "startAddress": f"{first}-{last}", "endAddress": ""}

    def _list(self, name: str, values: list[Any], tables: tuple[str, ...], own: Mapping[str, str], inside: str,
              depth: int, rule: str) -> list[Any] | None:  # fmt: skip
        """A list without what must go; a list of which nothing is left goes with it, for an empty one is an answer."""
        found: list[Any] = []
        for one in values:
            if rule == "addresses" and isinstance(one, str):
                found += self._addresses(one) or []
            else:
                found.append(self._member(name, one, tables, own, inside, depth + 1))
        kept = [one for one in found if one is not None]
        return kept if kept or not values else None

    def _number(self, rule: str, value: float) -> float | None:
        """Numbers and flags stay where words would; a number of an autonomous system is replaced."""
        if rule == "systems" and isinstance(value, int):
            return self._given.asn(value)
        return value if rule in ("words", "either") else None

    def _text(self, rule: str, text: str) -> str | None:
        if text.lower().startswith("/subscriptions/"):
            return self._given.id(text)
        if rule == "addresses":
            found = self._addresses(text)
            return found[0] if found is not None and len(found) == 1 else None
        found = self._by_rule[rule](text) if rule else None
        if rule in FREE and found != text:
            self._removed["free text"] += 1
        return found

    def _addresses(self, text: str) -> list[str] | None:
        """One address field; several texts where it is a range, one text where it holds several with commas."""
        if "," not in text and ";" not in text:
            return self._given.ranges(text.strip()) if text.strip() == text else self._spaced(text)
        return self._spaced(text)

    def _spaced(self, text: str) -> list[str] | None:
        """Blanks and commas stay where they are: the engine finds fault with some of them."""
        parts = [self._given.ranges(one) if one.strip(" ,;") else [one] for one in re.split(r"([,;\s]+)", text)]
        known = [one for one in parts if one is not None and len(one) == 1]
        return ["".join(one[0] for one in known)] if len(known) == len(parts) else None


def _holds(name: str, tables: tuple[str, ...]) -> bool:
    return any(name.lower() in _rules(table)[0] for table in tables)


def _rule(name: str, tables: tuple[str, ...], own: Mapping[str, str], inside: str) -> str:
    """The rule for the texts of a member, "" where it has none."""
    low = name.lower()
    if (low, inside) == ("name", "sku"):
        return "words"
    return own.get(low) or next((found for table in tables if (found := _rules(table)[1].get(low, ""))), "")


def _image(text: str) -> str | None:
    """KIND|image of an app: the kind alone."""
    found = IMAGE.match(text)
    return found[0] if found and is_word(found[1]) else None


def _remark(text: str) -> str:
    """What a tool says of a hop or step: a word of its own, or that it speaks of Redirect."""
    return text if is_common(text) else "redirect" if "redirect" in text.lower() else ""


def _sentence(text: str) -> str:
    """Free text of which it counts that it is there, and whether it speaks of routes."""
    about_routes = "table" in text.lower() or "route" in text.lower()
    return "" if not text else LOST_TABLE if about_routes else GONE
