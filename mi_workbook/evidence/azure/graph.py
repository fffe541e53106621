"""Azure Resource Graph: whole tables of resources in few requests, and how surely an answer is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mi_workbook.evidence.azure.arm import Arm, ReadFailed, seconds
from mi_workbook.evidence.azure.kinds import known

PAGE = 1000  # rows; the most that one answer holds
BATCH = 200  # subscriptions in one question; "Guidance for throttled requests", section "Grouping queries"
OPERATION = "Microsoft.ResourceGraph/resources/read"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to Resource Graph. name: of `kinds.toml`; kinds: the ARM types that its rows have."""

    name: str
    kinds: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """How far the pages of one question about some subscriptions were read: token of the next page, rows so far, the end."""

    token: str = ""
    rows: int = 0
    whole: bool = False


def questions() -> tuple[Question, ...]:
    """The questions that describe an estate. `id` is projected and sorted by, else there is no second page.

    Source: "Work with large Azure resource data sets", sections "Paging results" and "Skipping records".
    """
    return tuple(_question(name, one["table"], tuple(one["kinds"])) for name, one in known()["graph"].items())


def _question(name: str, table: str, kinds: tuple[str, ...]) -> Question:
    listed = ", ".join(f"'{kind.lower()}'" for kind in kinds)
    columns = "id, name, type, location, kind, sku, properties"
    return Question(name, kinds, f"{table} | where type in~ ({listed}) | project {columns} | order by id asc")


class Graph:
    """Resource Graph of the cloud an Arm reads, through its pipeline and in its pace."""

    def __init__(self, arm: Arm, credential: Any) -> None:
        from azure.mgmt.resourcegraph import ResourceGraphClient

        self._arm = arm
        self._client = ResourceGraphClient(credential, arm.cloud.endpoint, policies=arm.policies, **arm.options)

    def ask(
        self, question: Question, subscriptions: Sequence[str], places: Mapping[str, Place],
        took: Callable[[list[dict[str, Any]], str, Place], None],
    ) -> None:  # fmt: skip
        """Read the rows of a question that were not read yet. Raises ReadFailed; what came before is kept by `took`.

        places: how far an earlier collection came, by `place_name`; took: given the rows of each page, and where that leaves
        the question.
        """
        for start in range(0, len(subscriptions), BATCH):
            batch = list(subscriptions[start : start + BATCH])
            name = place_name(question, batch)
            place = places.get(name, Place())
            if not place.whole:
                self._go_on(question, batch, place, partial(_named, took, name))

    def _go_on(
        self, question: Question, batch: list[str], place: Place, took: Callable[[list[dict[str, Any]], Place], None]
    ) -> None:
        """Read on from a place; from the beginning where Azure does not know it any more, or rows came or went since."""
        if place.token:
            try:
                self._pages(question, batch, place, took)
                return
            except ReadFailed as failed:
                if failed.code != "ResultTruncated" and failed.status not in (400, 404, 410):
                    raise
        self._pages(question, batch, Place(), took)

    def _pages(
        self, question: Question, batch: list[str], place: Place, took: Callable[[list[dict[str, Any]], Place], None]
    ) -> None:
        seen, failed = {place.token}, None
        while failed is None and not place.whole:
            response, headers = self._arm.attempt(partial(self._page, question, batch, place.token))
            self._heed(headers)
            page = response.data
            if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
                raise ReadFailed(200, "UnknownShape", "Resource Graph gave no rows.")
            token = str(response.skip_token or "")
            place = Place(token, place.rows + len(page), not token)
            failed = _wrong(response, headers, place, seen)
            seen.add(token)
            took(page, Place() if failed else place)
        if failed is not None:
            raise failed

    def _page(self, question: Question, subscriptions: list[str], token: str) -> tuple[Any, dict[str, str]]:
        from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

        headers: dict[str, str] = {}
        options = QueryRequestOptions(top=PAGE, skip_token=token or None, result_format="objectArray")
        asked = QueryRequest(subscriptions=subscriptions, query=question.text, options=options)
        response = self._client.resources(asked, raw_response_hook=lambda got: headers.update(_lower(got)))
        return response, headers

    def _heed(self, headers: dict[str, str]) -> None:
        """Wait before the quota is gone, not after. Source: "Guidance for throttled requests", throttling headers."""
        if headers.get("x-ms-user-quota-remaining", "").strip() == "0":
            self._arm.pace.hold(seconds(headers.get("x-ms-user-quota-resets-after")) or 1.0)


def _named(took: Callable[[list[dict[str, Any]], str, Place], None], name: str, page: Any, place: Place) -> None:
    took(page, name, place)


def _wrong(response: Any, headers: Mapping[str, str], place: Place, seen: Collection[str]) -> ReadFailed | None:
    """What an answer says that it left out, None where nothing is."""
    total = int(response.total_records or 0)
    if not place.whole:
        circle = ReadFailed(200, "PagingLoop", "The pages of Resource Graph lead in a circle.")
        return circle if place.token in seen else None
    if str(response.result_truncated).lower() == "true" or place.rows < total:
        return ReadFailed(200, "ResultTruncated", f"Resource Graph gave {place.rows} of {total} rows.")
    if headers.get("x-ms-tenant-subscription-limit-hit", "").lower() == "true":
        return ReadFailed(200, "SubscriptionLimit", "Resource Graph looked at the first 10,000 subscriptions only.")
    return None


def place_name(question: Question, subscriptions: Sequence[str]) -> str:
    """The name under which the place in a question about some subscriptions is kept."""
    asked = hashlib.sha256("\n".join([question.text, *subscriptions]).encode()).hexdigest()
    return f"{question.name}-{asked[:16]}"


def _lower(got: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in got.http_response.headers.items()}
