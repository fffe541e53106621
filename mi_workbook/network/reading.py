"""Reading ARM objects: members of `properties`, whatever case or flattening the tool that wrote them used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mi_workbook.core.errors import MissingEvidence
from mi_workbook.core.evidence import Evidence, Gap
from mi_workbook.core.ranges import Ranges, prefix
from mi_workbook.evidence.snapshot import field, props
from mi_workbook.network.resource_id import shell_word


class Reading:
    """One ARM object at an address. Values of an unexpected type read as absent, never as something else.

    Args:
        document: id of the resource the object lies in.
        pointer: JSON pointer of the object inside that document, "" for the document itself.
        raw: the object.
    """

    __slots__ = ("_spelled", "document", "members", "pointer", "raw")

    def __init__(self, document: str, pointer: str, raw: dict[str, Any]) -> None:
        self.document, self.pointer, self.raw = document, pointer, raw
        self.members = props(raw)
        self._spelled: dict[str, str] | None = None

    @property
    def id(self) -> str:
        """The object's own ARM id, "" where it has none."""
        return _text(field(self.raw, "id"))

    @property
    def name(self) -> str:
        """The object's name, from its id where no name is given."""
        return _text(field(self.raw, "name")) or self.id.rstrip("/").rsplit("/", 1)[-1]

    def get(self, *names: str) -> Any:
        """The first of these members that is present, else None: exact spelling first, then any case."""
        for name in names:
            if name in self.members:
                return self.members[name]
        there = (self._spelling(name) for name in names)
        return next((self.members[one] for one in there if one is not None), None)

    def _spelling(self, name: str) -> str | None:
        """How a member is spelled here; most that are asked for are absent, so the members are gone through once only."""
        if name in self.members:
            return name
        if self._spelled is None:
            self._spelled = {one.lower(): one for one in reversed(self.members)}
        return self._spelled.get(name.lower())

    def text(self, *names: str) -> str:
        """A string member, "" where absent."""
        return _text(self.get(*names))

    def word(self, name: str, *known: str) -> str:
        """A member of an enumeration in lower case, "" where absent.

        known: the words that Azure documents, in lower case. Raises MissingEvidence for any other: what it means cannot be told.
        """
        text = self.text(name).lower()
        if text and text not in known:
            how = f"az resource show --ids {shell_word(self.id or self.document)} -o json, and read the reference of {name} for this word."
            why = f"Its value {self.text(name)[:40]!r} is not among those documented when this was written ({', '.join(known)})."
            raise MissingEvidence(Gap(f"What {name} of {self.name} means", why, how))
        return text

    def flag(self, name: str) -> bool | None:
        """A boolean member, also as the text that tables and exports write; None where absent or of another type."""
        value = self.get(name)
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value.strip().lower())
        return value if isinstance(value, bool) else None

    def texts(self, *names: str) -> tuple[str, ...]:
        """A list of strings; a single string counts as a list of one; singular and plural members are united."""
        found: list[str] = []
        for name in names:
            value = self.get(name)
            items = value if isinstance(value, list) else [value]
            found += [item for item in items if isinstance(item, str) and item and item not in found]
        return tuple(found)

    def reference(self, name: str) -> str:
        """The id inside a member of the form {"id": ...}."""
        value = self.get(name)
        return _text(field(value, "id")) if isinstance(value, dict) else ""

    def references(self, name: str) -> tuple[str, ...]:
        """The ids of a list of {"id": ...}."""
        return tuple(_text(field(item, "id")) for _, item in self.items(name))

    def prefixes(self, name: str) -> tuple[str, ...]:
        """addressPrefixes inside a member such as addressSpace, or what a pool allocated there."""
        value = self.get(name)
        inner = Reading(self.document, self.at(name), value if isinstance(value, dict) else {})
        return inner.texts("addressPrefixes") or inner.allocated()

    def allocated(self) -> tuple[str, ...]:
        """Prefixes that a pool of an IP address manager gave. Source: Subnets REST API, IpamPoolPrefixAllocation."""
        return tuple(
            text for one in self.children("ipamPoolPrefixAllocations") for text in one.texts("allocatedAddressPrefixes")
        )

    def items(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Position and object of each element of a list member."""
        value = self.get(name)
        for position, item in enumerate(value if isinstance(value, list) else []):
            if isinstance(item, dict):
                yield position, item

    def children(self, name: str) -> Iterator[Reading]:
        """Elements of a list member, each at its own pointer."""
        where = self.at(name)
        for position, item in self.items(name):
            yield Reading(self.document, f"{where}/{position}", item)

    def at(self, name: str) -> str:
        """JSON pointer of a member."""
        inside = "/properties" if self.members is not self.raw else ""
        return f"{self.pointer}{inside}/{self._spelling(name) or name}"

    def evidence(self, name: str) -> Evidence:
        """The member as evidence; its value is None where it is absent."""
        return Evidence(self.document, self.at(name), self.get(name))

    def whole(self) -> Evidence:
        """The object's name as evidence that it exists."""
        return Evidence(self.document, self.pointer or "/", self.name)


def associated(reading: Reading, member: str) -> str:
    """The id of what is associated, "" for nothing; an id that stands for no resource where only its id was not read."""
    given = reading.get(member)
    unread = isinstance(given, dict) and not reading.reference(member)
    return f"{reading.id or reading.name}/{member}" if unread else reading.reference(member)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def ipv4(texts: tuple[str, ...]) -> Ranges:
    """IPv4 addresses of prefixes; texts that are no prefix are left out."""
    spans: list[tuple[int, int]] = []
    for text in texts:
        try:
            spans += prefix(text)
        except ValueError:
            continue
    return Ranges.of(spans)
