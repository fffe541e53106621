"""Reading Azure Resource Manager: azure-core's own pipeline, bounded in time, heeding throttling, and only ever reading.

Bodies are kept as they came, so nothing that a model of some SDK version does not know gets lost.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from mi_workbook.evidence.azure.clouds import Cloud
from mi_workbook.evidence.secrets import scrub_text

ATTEMPTS = 4
PAUSE = 0.2  # seconds; doubled with each attempt where Azure does not say how long to wait
MOST_PAGES = 2000
ACTION_SECONDS = 180.0  # for one answer that was promised for later; Azure's own take up to about a minute
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
UNKNOWN_VERSION = frozenset({"noregisteredproviderfound", "invalidapiversionparameter", "unsupportedapiversion"})
Got = TypeVar("Got")


class ReadFailed(Exception):
    """A read that gave nothing. status: of HTTP, 0 where there was no answer; code: Azure's, or ours; no server text of
    a refusal is kept, because it names the account; rows: of a list, those that came before it broke off."""

    def __init__(self, status: int, code: str, message: str, *, wait: float | None = None) -> None:
        self.status, self.code, self.message, self.wait = status, code, message, wait
        self.rows: tuple[dict[str, Any], ...] = ()
        super().__init__(f"{code}: {message}")


class Pace:
    """When the next request may go: the time there is, a cancel, and what Azure asked to wait for.

    seconds: for the whole collection; cancelled: asked before each request and while waiting.
    """

    def __init__(self, seconds: float = 600.0, cancelled: Callable[[], bool] = lambda: False) -> None:
        self._end = time.monotonic() + seconds
        self._asked, self._stopped = cancelled, threading.Event()
        self._lock, self._not_before = threading.Lock(), 0.0
        self.requests = 0

    def stop(self) -> None:
        """No further request."""
        self._stopped.set()

    @property
    def left(self) -> float:
        """Seconds until the end, 0 where it is over."""
        return max(0.0, self._end - time.monotonic())

    @property
    def over(self) -> str:
        """Why no request may follow: Cancelled, TimeIsUp, or "" where one may."""
        if self._stopped.is_set() or self._asked():
            return "Cancelled"
        return "" if self.left else "TimeIsUp"

    def hold(self, seconds: float) -> None:
        """Every worker waits this long: Azure counts the requests of the account, not of a connection."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + max(0.0, seconds))

    def turn(self) -> None:
        """Wait for the turn of one request. Raises ReadFailed where it does not come."""
        while True:
            why = self.over
            wait = self._not_before - time.monotonic()
            if not why and wait > self.left:
                why = "TimeIsUp"
            if why:
                words = {"Cancelled": "The collection was cancelled.", "TimeIsUp": "The time for the collection is up."}
                raise ReadFailed(0, why, f"{words[why]} This was not read.")
            if wait <= 0:
                break
            self._stopped.wait(min(wait, 0.1))
        with self._lock:
            self.requests += 1


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of Resource Manager: HTTP status, headers in lower case, JSON body."""

    status: int
    headers: dict[str, str]
    body: Any


def policies(credential: Any, cloud: Cloud) -> list[Any]:
    """The pipeline for every client. Left out on purpose: retries (ours heed the time that is left and a cancel),
    redirects (a token must not follow one), and automatic registration of resource providers (it writes)."""
    from azure.core.pipeline.policies import (
        BearerTokenCredentialPolicy,
        ContentDecodePolicy,
        CustomHookPolicy,
        RequestIdPolicy,
        UserAgentPolicy,
    )

    bearer = BearerTokenCredentialPolicy(credential, cloud.scope)
    return [RequestIdPolicy(), UserAgentPolicy("mi-workbook"), ContentDecodePolicy(), bearer, CustomHookPolicy()]


class Arm:
    """Resource Manager of one cloud. Threads may share it.

    Args:
        credential: of azure-identity; its tokens stay in memory.
        pace: bounds of the collection.
        slow: seconds without a byte after which an answer counts as lost.
        verify: True, or the path of a certificate authority.
    """

    def __init__(
        self, credential: Any, cloud: Cloud, pace: Pace, *, slow: float = 30.0, verify: bool | str = True
    ) -> None:
        from azure.mgmt.core import ARMPipelineClient

        self.cloud, self.pace = cloud, pace
        self.options: dict[str, Any] = {
            "connection_verify": verify,
            "connection_timeout": min(slow, 10.0),
            "read_timeout": slow,
        }
        self.policies = policies(credential, cloud)
        self._client: Any = ARMPipelineClient(cloud.endpoint, policies=self.policies, **self.options)
        self._versions: dict[str, str] = {}

    def get(self, path: str, version: str) -> Any:
        """The body of a GET. Raises ReadFailed."""
        return self._versioned("GET", path, version).body

    def pages(self, path: str, version: str) -> list[dict[str, Any]]:
        """Every element of a list, through all of its pages. Raises ReadFailed with its `rows` where a page is missing."""
        body = self.get(path, version)
        if isinstance(body, list):  # lists of Microsoft.Web come bare
            return _objects(body)
        rows, seen = _objects(_member(body, "value")), set[str]()
        try:
            while link := str(_member(body, "nextLink", missing=None) or ""):
                if link in seen or len(seen) > MOST_PAGES:
                    raise ReadFailed(200, "PagingLoop", "The pages of the list lead in a circle.")
                seen.add(link)
                body = self.attempt(partial(self._send, "GET", self._own(link))).body
                rows += _objects(_member(body, "value"))
        except ReadFailed as failed:
            failed.rows = tuple(rows)
            raise
        return rows

    def action(self, path: str, version: str, body: Any = None) -> Any:
        """The body of a POST that reads and may be answered later (202 and Location). Raises ReadFailed.

        Source: azure-resource-manager "Track asynchronous Azure operations".
        """
        answer, end = self._versioned("POST", path, version, body), time.monotonic() + ACTION_SECONDS
        while answer.status == 202:
            where = answer.headers.get("location") or answer.headers.get("azure-asyncoperation", "")
            if not where:
                raise ReadFailed(202, "NoLocation", "The answer was promised without saying where it will be.")
            told = seconds(answer.headers.get("retry-after"))
            wait = 1.0 if told is None else max(told, PAUSE)
            if wait > self.pace.left or time.monotonic() + wait > end:
                raise ReadFailed(202, "NotReady", "Azure promised the answer for later, and it was not ready in time.")
            _sleep(self.pace, wait)
            answer = self.attempt(partial(self._send, "GET", self._own(where)))
        return answer.body

    def attempt(self, once: Callable[[], Got]) -> Got:
        """One read, tried again where that may help. Raises ReadFailed."""
        for number in range(1, ATTEMPTS + 1):
            self.pace.turn()
            try:
                return _translated(once)
            except ReadFailed as failed:
                again = failed.status in RETRIED or failed.code in ("NoAnswer", "TruncatedBody")
                if not again or number == ATTEMPTS:
                    raise
                wait = failed.wait if failed.wait is not None else PAUSE * 2**number
            if wait > self.pace.left:
                raise ReadFailed(429, "TimeIsUp", "Azure asked to wait longer than there is time.")
            self.pace.hold(wait)
        raise AssertionError("the last attempt returns or raises")

    def _versioned(self, method: str, path: str, version: str, body: Any = None) -> Answer:
        """The answer in this api-version, else in the newest stable one that the refusal offers."""
        known = self._versions.get(version + _kind(path), version)
        try:
            return self.attempt(lambda: self._send(method, self._url(path, known), body))
        except ReadFailed as failed:
            offered = _offered(failed)
            if failed.code.lower() not in UNKNOWN_VERSION or not offered:
                raise
        answer = self.attempt(lambda: self._send(method, self._url(path, offered), body))
        self._versions[version + _kind(path)] = offered
        return answer

    def _url(self, path: str, version: str) -> str:
        from urllib.parse import quote

        sign = "&" if "?" in path else "?"
        return f"{self.cloud.endpoint}{quote(path, safe='/?&=$%.()-_@*')}{sign}api-version={version}"

    def _own(self, url: str) -> str:
        """The address, where it is Resource Manager's own. Any other must not see the token."""
        here, there = urlsplit(self.cloud.endpoint), urlsplit(str(url))
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise ReadFailed(200, "StrangeLink", "The answer leads away from Resource Manager, and was not followed.")
        return str(url)

    def _send(self, method: str, url: str, body: Any = None) -> Answer:
        from azure.core.rest import HttpRequest

        response = self._client.send_request(HttpRequest(method, url, json=body))
        if response.status_code >= 300:
            raise failure(response)
        try:
            found = response.json() if response.status_code != 202 else None
        except ValueError:
            raise ReadFailed(response.status_code, "TruncatedBody", "The answer broke off or is not JSON.") from None
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, found)


def failure(response: Any) -> ReadFailed:
    """What an answer of 300 and above means, in words. A refusal's own text names the account, so it is not kept."""
    status = int(response.status_code)
    try:
        body = json.loads(response.text())  # older clients hand over a kind of answer that has no json()
    except Exception:  # a body that cannot be read does not change what the status says
        body = {}
    error = body.get("error", body) if isinstance(body, dict) else {}
    error = error if isinstance(error, dict) else {}
    code = re.sub(r"[^\w.-]", "", str(error.get("code") or error.get("Code") or f"Http{status}"))[:80]
    text = scrub_text(str(error.get("message") or error.get("Message") or ""))[:600]
    words = {
        401: "The sign-in was not accepted.",
        403: "The account may not read this.",
        429: "Azure throttled the reads.",
    }
    wait = seconds(response.headers.get("Retry-After") or response.headers.get("x-ms-user-quota-resets-after"))
    return ReadFailed(status, code, words.get(status, text or f"Azure answered {status}."), wait=wait)


def seconds(text: Any) -> float | None:
    """Seconds of a header in seconds or hh:mm:ss, None for any other form; never more than a day."""
    found = re.fullmatch(r"(?:(\d{1,3}):(\d{1,2}):)?(\d{1,6}(?:\.\d+)?)", str(text or "").strip())
    if not found:
        return None
    return min(float(found[1] or 0) * 3600 + float(found[2] or 0) * 60 + float(found[3]), 86400.0)


def _translated(once: Callable[[], Got]) -> Got:
    """A read with the SDK's errors told in our words; their texts may hold what was sent."""
    from azure.core import exceptions as known

    try:
        return once()
    except known.ClientAuthenticationError:
        raise ReadFailed(401, "SignIn", "The sign-in was refused or has run out.") from None
    except (known.IncompleteReadError, known.DecodeError):
        raise ReadFailed(0, "TruncatedBody", "The answer broke off or is not JSON.") from None
    except known.HttpResponseError as error:
        if error.response is None:
            raise ReadFailed(0, "NoAnswer", "There was no answer.") from None
        raise failure(error.response) from None
    except (known.ServiceRequestError, known.ServiceResponseError) as error:
        slow = isinstance(error, known.ServiceRequestTimeoutError | known.ServiceResponseTimeoutError)
        words = "No answer came in time." if slow else "The connection failed or broke off."
        raise ReadFailed(0, "Timeout" if slow else "NoAnswer", words) from None
    except (known.DeserializationError, known.AzureError):
        raise ReadFailed(200, "UnknownShape", "The answer has a form that the Azure libraries do not know.") from None


def _offered(failed: ReadFailed) -> str:
    """The newest stable api-version that the text of a refusal lists, "" where it lists none."""
    return max(re.findall(r"\b20\d\d-\d\d-\d\d\b(?!-)", failed.message.rpartition("supported")[2]), default="")


def _kind(path: str) -> str:
    return "/".join(path.lower().rpartition("/providers/")[2].split("?")[0].split("/")[:2])


def _sleep(pace: Pace, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not pace.over and time.monotonic() < end:
        time.sleep(min(0.1, max(0.0, end - time.monotonic())))


def _member(body: Any, name: str, **default: Any) -> Any:
    if isinstance(body, dict) and (name in body or "missing" in default):
        return body.get(name, default.get("missing"))
    raise ReadFailed(200, "UnknownShape", f"The answer holds no '{name}'.")


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ReadFailed(200, "UnknownShape", "The answer is not a list of objects.")
    return list(value)
