"""Every way in which Azure or this machine fails after a part was read: nothing is lost, nothing is guessed, all is named."""

import errno
import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.cases import Case, case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Collected, Settings, collect_path
from mi_workbook.evidence.azure import arm, collect
from mi_workbook.evidence.files import load
from mi_workbook.evidence.snapshot import Snapshot, from_document
from tests.test_azure.arm_server import FakeCredential, Fault, Handler, refusal
from tests.test_azure.conftest import estate_of
from tests.test_azure.test_failures import cut, hang_up, web_page

Serve = Callable[..., Settings]
ACCOUNT = "first.last@contoso.example"
SECONDS = 60.0
PARTS = (0.15, 0.4, 0.7)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits between attempts."""
    monkeypatch.setattr(arm, "PAUSE", 0.005)


def forbidden(handler: Handler) -> None:
    """A refusal as Resource Manager words it: it names the account."""
    action = "Microsoft.Network/virtualNetworks/read"
    handler.say(403, refusal("AuthorizationFailed", (
        f"The client '{ACCOUNT}' with object id '6f0c0f4e-1111-2222-3333-444444444444' does not have authorization to perform "
        f"action '{action}' over scope '{handler.plain}' or the scope is invalid.")))  # fmt: skip


def expired(handler: Handler) -> None:
    """A token that ran out, with the challenge that Resource Manager sends along."""
    told = 'Bearer authorization_uri="https://login.windows.net/x", error="invalid_token", error_description="expired"'
    handler.say(
        401, refusal("ExpiredAuthenticationToken", "The access token expiry is past."), {"WWW-Authenticate": told}
    )


def throttled(handler: Handler) -> None:
    """Too many requests, with the time to wait."""
    handler.say(429, refusal("TooManyRequests"), {"Retry-After": "0"})


def throttled_bare(handler: Handler) -> None:
    """Too many requests, without a word on how long."""
    handler.say(429, refusal("SubscriptionRequestsThrottled"))


def unavailable(handler: Handler) -> None:
    """The service is not there."""
    handler.say(503, refusal("ServiceUnavailable"))


def silent(handler: Handler) -> None:
    """No answer while anybody waits."""
    time.sleep(0.4)
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """The connection is torn down (RST), as a firewall in between does it."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def outdated(handler: Handler) -> None:
    """An api-version that is served no more, and none that is."""
    handler.say(400, refusal("InvalidApiVersionParameter", "The api-version '2025-05-01' is invalid."))


def missing(handler: Handler) -> None:
    """A child that is not there."""
    handler.say(404, refusal("ResourceNotFound", f"The Resource '{handler.plain}' was not found."))


def never_ready(handler: Handler) -> None:
    """Promised for later, for ever."""
    handler.say(202, None, {"Location": f"{handler.server.url}{handler.path}", "Retry-After": "0"})


def on_later_pages(do: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """Only a page that is not the first goes wrong."""

    def judged(handler: Handler) -> None:
        token = json.loads(handler.body).get("options", {}).get("$skipToken") if handler.body else None
        (do if token or "$skiptoken" in handler.query else Handler.answer)(handler)

    return judged


def circle(handler: Handler) -> None:
    """A page that leads to itself."""
    say = handler.say

    def turned(status: int, body: Any, headers: Any = None, cut: int = 0) -> None:
        if isinstance(body, dict) and "data" in body:
            body = {**body, "$skipToken": "0", "totalRecords": 10_000}
        elif isinstance(body, dict) and "value" in body:
            body = {**body, "nextLink": f"{handler.server.url}{handler.path}"}
        say(status, body, headers, cut)

    handler.say = turned  # type: ignore[method-assign]
    handler.answer()


@dataclass
class Kind:
    """A way to fail. at: which requests (of those after the first); says: in the advice of a gap that it leaves."""

    do: Callable[[Handler], None]
    codes: set[str]
    says: str
    at: str = ".*"
    operation: str = ""


CHILDREN = "^GET .*/(virtualNetworkLinks|A|config/web|dnsAliases|privateDnsZoneGroups|virtualNetworkConnections)$"
KINDS = {
    "403": Kind(forbidden, {"AuthorizationFailed"}, "Ask for the action"),
    "401": Kind(expired, {"ExpiredAuthenticationToken", "SignIn"}, "Sign in again"),
    "429": Kind(throttled, {"TooManyRequests"}, "ollect again"),
    "429 without Retry-After": Kind(throttled_bare, {"SubscriptionRequestsThrottled"}, "ollect again"),
    "503": Kind(unavailable, {"ServiceUnavailable"}, "ollect again"),
    "silence": Kind(silent, {"Timeout"}, "ollect again"),
    "no answer": Kind(hang_up, {"NoAnswer"}, "ollect again"),
    "reset": Kind(reset, {"NoAnswer"}, "ollect again"),
    "cut body": Kind(cut, {"TruncatedBody", "NoAnswer"}, "ollect again"),
    "not JSON": Kind(web_page, {"TruncatedBody", "UnknownShape"}, "ollect again"),
    "half page": Kind(on_later_pages(unavailable), {"ServiceUnavailable"}, "ollect again"),
    "pages in a circle": Kind(circle, {"PagingLoop"}, "ollect again"),
    "api-version": Kind(outdated, {"InvalidApiVersionParameter"}, "az rest --method|Cloud Shell"),
    "404": Kind(missing, {"ResourceNotFound"}, "az rest --method", CHILDREN),
    "202 for ever": Kind(never_ready, {"NotReady"}, "ollect again", "^POST .*/providers/Microsoft.Network/|/poll/"),
}  # fmt: skip
# Blocked by something absent, by something present, by a state; reachable; and each with children, actions or both.
CASES = ("peering-missing", "peering-healthy", "vnet-to-vnet-tunnel-down", "private-endpoint-stale-record",
         "hub-gateway-not-used", "expressroute-hijack", "app-gateway-sound")  # fmt: skip


@pytest.fixture(scope="module")
def counted() -> dict[str, int]:
    """How many requests the whole collection of a case takes."""
    return {}


def collected(one: Case, settings: Settings) -> Collected:
    """The path of a case."""
    return collect_path(FakeCredential(), one.source, one.target, one.endpoint, settings)


# Where it begins, as a part of all requests: each kind at each place, and in each case at one of them.
PLACES = [(kind, name, PARTS[(k + n) % 3]) for k, kind in enumerate(KINDS) for n, name in enumerate(CASES)]


@pytest.mark.parametrize(("kind", "name", "part"), PLACES)
def test_failure_in_the_middle(kind: str, name: str, part: float, counted: dict[str, int], serve: Serve) -> None:
    """From some request on everything of that kind fails: what came stays, what failed is a problem and a gap with the
    action it takes, and the verdict is that of the whole collection or unknown.
    """
    one, how = case(name), KINDS[kind]
    if name not in counted:
        whole = estate_of(one, page=4)
        full = collected(one, serve(whole))
        assert full.diagnosis is not None and full.diagnosis.verdict == one.verdict
        counted[name] = len(whole.requests)
    hits: list[str] = []

    def failing(handler: Handler) -> None:
        hits.append(f"{handler.command} {handler.plain}")
        how.do(handler)

    first = max(2, int(counted[name] * part))
    estate = estate_of(one, page=4, faults=[Fault(".*", Handler.answer, times=first), Fault(how.at, failing)])
    with pytest.MonkeyPatch.context() as patience:
        patience.setattr(arm, "ACTION_SECONDS", 0.3 if kind == "202 for ever" else 60.0)
        got = collected(one, serve(estate, seconds=SECONDS, slow=0.15 if kind == "silence" else 10.0))
    lost = {at for at in estate.given if got.snapshot.get(at) is None}
    assert not lost
    assert got.diagnosis is None or got.diagnosis.verdict in {one.verdict, Verdict.UNKNOWN}
    assert got.diagnosis is not None or got.trouble is not None
    check_named(got, how, bool(hits))
    assert ACCOUNT not in json.dumps(got.snapshot.to_dict())
    again = from_document(json.loads(json.dumps(got.snapshot.to_dict())))
    assert {p["code"] for p in again.problems} == {p["code"] for p in got.snapshot.problems}
    estate.faults.clear()
    mended = collected(one, serve(estate, started=again))
    assert mended.diagnosis is not None and mended.diagnosis.verdict == one.verdict


class Expiring(FakeCredential):
    """Tokens for a minute, and after some of them no further one: the sign-in itself ran out."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good = good

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token, or the error of azure-identity, which names the account."""
        from azure.core.credentials import AccessToken
        from azure.core.exceptions import ClientAuthenticationError

        self.good -= 1
        if self.good < 0:
            raise ClientAuthenticationError(f"AADSTS700082: the refresh token of {ACCOUNT} has expired")
        return AccessToken(self.token, int(time.time()) + 60)


@pytest.mark.parametrize("good", [3, 6, 10])
def test_sign_in_that_cannot_be_renewed(good: int, serve: Serve) -> None:
    """Half way no new token comes: what was read stays, and the user is told to sign in again."""
    one = case("vnet-to-vnet-tunnel-down")
    estate = estate_of(one, page=4)
    got = collect_path(Expiring(good), one.source, one.target, one.endpoint, serve(estate, seconds=SECONDS))
    assert estate.given and not {at for at in estate.given if got.snapshot.get(at) is None}
    assert got.diagnosis is None or got.diagnosis.verdict in {one.verdict, Verdict.UNKNOWN}
    check_named(got, Kind(expired, {"SignIn"}, "Sign in again"), True)
    assert got.snapshot.problems and ACCOUNT not in json.dumps(got.snapshot.to_dict())
    again = collected(one, serve(estate, started=got.snapshot))
    assert again.diagnosis is not None and again.diagnosis.verdict == one.verdict and not again.snapshot.problems


def test_disk_that_is_full_ends_nothing(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving fails in the middle: reading goes on, the older file stays, and once there is space again it is no problem."""
    one, out = case("vnet-to-vnet-tunnel-down"), tmp_path / "estate.json"
    monkeypatch.setattr(collect, "SAVE_EVERY", 0.0)
    out.write_text("{}")
    full = True

    def save(held: Snapshot) -> None:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device", str(out))
        held.save(out)

    got = collected(one, serve(estate_of(one, page=4), save=save))
    assert got.diagnosis is not None and got.diagnosis.verdict == one.verdict
    check_named(got, Kind(expired, {"NotSaved"}, "Free space", operation="mi-workbook/collection/write"), True)
    assert any("No space left on device" in gap.why for gap in got.gaps) and out.read_text() == "{}"
    full = False
    again = collected(one, serve(estate_of(one, page=4), save=save, started=got.snapshot))
    assert not again.snapshot.problems
    assert not collected(one, serve(estate_of(one), save=save)).snapshot.problems and load(out).resources


def check_named(got: Collected, how: Kind, hit: bool) -> None:
    """Each failure is a problem with a code and words, and each problem is in a gap that names its action and what to do."""
    for problem in got.snapshot.problems:
        assert problem["code"] in how.codes, problem
        named = re.search(r"/(read|action)$", problem["operation"]) or problem["operation"] == how.operation
        assert problem["message"] and named, problem
    for gap in got.gaps:
        operation = gap.missing.split()[0]
        assert re.search(how.says, gap.how) and (how.operation or operation in gap.how), gap
    assert {gap.missing.split()[0] for gap in got.gaps} == {problem["operation"] for problem in got.snapshot.problems}
    assert not got.snapshot.problems or hit
