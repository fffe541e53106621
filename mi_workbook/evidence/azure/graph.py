"""Azure Resource Graph: whole tables of resources in few requests, and how surely an answer is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
class Rows:
    """What came. failed: why it is not whole, None where it is."""

    rows: tuple[dict[str, Any], ...]
    failed: ReadFailed | None


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
        self, question: Question, subscriptions: Sequence[str], read: Callable[[int, int], None] = lambda n, m: None
    ) -> Rows:
        """All rows of a question. read: told how many rows of how many were read. Never raises for a failed read."""
        rows: list[dict[str, Any]] = []
        try:
            for start in range(0, len(subscriptions), BATCH):
                for page, total in self._pages(question, list(subscriptions[start : start + BATCH])):
                    rows += page
                    read(len(rows), total)
        except ReadFailed as failed:
            return Rows(tuple(rows), failed)
        return Rows(tuple(rows), None)

    def _pages(self, question: Question, subscriptions: list[str]) -> Iterator[tuple[list[dict[str, Any]], int]]:
        token, seen, count = "", set[str](), 0
        while True:
            response, headers = self._arm.attempt(partial(self._page, question, subscriptions, token))
            self._heed(headers)
            page = response.data
            if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
                raise ReadFailed(200, "UnknownShape", "Resource Graph gave no rows.")
            count += len(page)
            yield page, int(response.total_records or 0)
            token = str(response.skip_token or "")
            if not token:
                break
            if token in seen:
                raise ReadFailed(200, "PagingLoop", "The pages of Resource Graph lead in a circle.")
            seen.add(token)
        if str(response.result_truncated).lower() == "true" or count < int(response.total_records or 0):
            raise ReadFailed(200, "ResultTruncated", f"Resource Graph gave {count} of {response.total_records} rows.")
        if headers.get("x-ms-tenant-subscription-limit-hit", "").lower() == "true":
            raise ReadFailed(200, "SubscriptionLimit", "Resource Graph looked at the first 10,000 subscriptions only.")

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


def _lower(got: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in got.http_response.headers.items()}
