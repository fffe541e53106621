"""The members of a JSON object under pseudonyms: each by the rule for its name, and none without a rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from mi_workbook.evidence.redaction.pseudonyms import Pseudonyms
from mi_workbook.evidence.redaction.stand_in import stand_in
from mi_workbook.evidence.redaction.vocabulary import is_common, is_tag, is_word, read

GONE = "(removed by redaction)"
LOST_TABLE = "Something is said of the route table; it was removed by redaction."
IMAGE = re.compile(r"([A-Za-z]{1,20})\|")
DEEPEST = 40
FREE = ("blanks", "remarks", "sentences")


class Members:
    """Rules of data files, and what they removed: names of members, and how often.

    tables: names of the files, of which the first that knows a member decides. own: rules that come before them.
    """

    def __init__(
        self, given: Pseudonyms, removed: Counter[str], tables: tuple[str, ...], own: Mapping[str, str] | None = None
    ) -> None:
        self._given, self._removed = given, removed
        self._structure = frozenset(name.lower() for table in tables for name in read(table)["structure"])
        self._rules: dict[str, str] = {}
        for table in reversed(tables):
            self._rules |= {name.lower(): rule for rule, names in read(table)["texts"].items() for name in names}
        self._rules |= own or {}
        self._by_rule: dict[str, Callable[[str], str | None]] = {
            "words": given.word, "names": given.name, "hosts": given.host, "ids": given.id, "either": given.either,
            "interfaces": given.interface, "thumbprints": given.hexes, "systems": given.path, "certificates": stand_in,
            "images": _image, "blanks": lambda _: "", "sentences": _sentence, "remarks": _remark,
            "addresses": self._one_address, "filters": given.filter_rule,
        }  # fmt: skip

    def object(self, given: Mapping[str, Any], inside: str = "", depth: int = 0) -> dict[str, Any]:
        """An object with the members that may stay. inside: name of the member it is the value of."""
        kept: dict[str, Any] = {}
        for name, value in _one_range(given).items():
            low = str(name).lower()
            rule, holds = self._rule(low, inside), low in self._structure
            known = bool(rule or holds) and depth <= DEEPEST
            found = self._member(low, value, rule, depth) if known and value is not None else None
            if known and (found is not None or value is None):
                kept[name] = found
            elif value is not None:
                self._removed[str(name)] += 1
        return kept

    def _rule(self, low: str, inside: str) -> str:
        """The rule for the texts of a member, "" where it has none. The name of a size is a word."""
        return "words" if (low, inside) == ("name", "sku") else self._rules.get(low, "")

    def _member(self, low: str, value: Any, rule: str, depth: int) -> Any:
        """The value to keep, None for one that goes. That a list is empty is an answer, and holds nothing to hide."""
        if isinstance(value, Mapping):
            return self.object(value, low, depth + 1) if low in self._structure or not value else None
        if isinstance(value, list):
            return self._list(low, value, rule, depth)
        if isinstance(value, bool | int | float):
            return self._number(rule, value)
        return self._text(rule, str(value))

    def _list(self, low: str, values: list[Any], rule: str, depth: int) -> list[Any] | None:
        """A list without what must go; a list of which nothing is left goes with it, for an empty one is an answer."""
        found: list[Any] = []
        for one in values:
            if rule == "addresses" and isinstance(one, str):
                found += self._addresses(one) or []
            elif one is not None and depth < DEEPEST:
                found.append(self._member(low, one, rule, depth + 1))
        kept = [one for one in found if one is not None]
        self._removed["element of a list"] += len(found) - len(kept)
        return kept if kept or not values else None

    def _number(self, rule: str, value: float) -> float | None:
        """Numbers and flags stay where words would; a number of an autonomous system is replaced."""
        if rule == "systems" and isinstance(value, int):
            return self._given.asn(value)
        return value if rule in ("words", "either") else None

    def _text(self, rule: str, text: str) -> str | None:
        if text.lower().startswith("/subscriptions/"):
            return self._given.id(text)
        found = self._by_rule[rule](text) if rule else None
        if rule in FREE and found != text:
            self._removed["free text"] += 1
        return found

    def _one_address(self, text: str) -> str | None:
        found = self._addresses(text)
        return found[0] if found is not None and len(found) == 1 else None

    def _addresses(self, text: str) -> list[str] | None:
        """One address field; several texts where it is a range, one text where it holds several with commas or blanks.

        Blanks and commas stay where they are: the engine finds fault with some of them.
        """
        if not re.search(r"[,;\s]", text) or is_tag(text):
            return self._given.ranges(text)
        parts = [self._given.ranges(one) if one.strip(" ,;") else [one] for one in re.split(r"([,;\s]+)", text)]
        known = [one[0] for one in parts if one is not None and len(one) == 1]
        return ["".join(known)] if len(known) == len(parts) else None


def _one_range(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """First and last address of a route in one member, as a range, for neither can be replaced without the other."""
    first, last = given.get("startAddress"), given.get("endAddress")
    if not (isinstance(first, str) and isinstance(last, str) and last and "/" not in first):
        return given
    return {**given, "startAddress": f"{first}-{last}", "endAddress": ""}


def _image(text: str) -> str | None:
    """KIND|image of an app: the kind alone."""
    found = IMAGE.match(text)
    return found[0] if found and is_word(found[1]) else None if text else ""


def _remark(text: str) -> str:
    """What a tool says of a hop or step: a word of its own, or that it speaks of Redirect."""
    return text if is_common(text) else "redirect" if "redirect" in text.lower() else ""


def _sentence(text: str) -> str:
    """Free text of which it counts that it is there, and whether it speaks of routes."""
    about_routes = "table" in text.lower() or "route" in text.lower()
    return "" if not text else LOST_TABLE if about_routes else GONE
