"""Each way in which Azure fails, in the middle of a collection: nothing is lost, nothing is guessed."""

import time
from collections.abc import Callable

import pytest

from mi_workbook.cases import case
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.collecting import Settings, collect_everything, collect_path
from mi_workbook.evidence.azure import arm
from mi_workbook.evidence.azure.holding import Holding
from mi_workbook.evidence.snapshot import from_document
from tests.test_azure.arm_server import FakeCredential, Fault, Handler, _row, refusal
from tests.test_azure.conftest import estate_of

Serve = Callable[..., Settings]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits between attempts."""
    monkeypatch.setattr(arm, "PAUSE", 0.005)


def cut(handler: Handler) -> None:
    """A body that ends early."""
    handler.say(200, {"value": [], "data": [], "properties": {"x": "y" * 200}}, cut=50)


def half_json(handler: Handler) -> None:
    """A whole body that is half a document, as a broken proxy sends it."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "20")
    handler.end_headers()
    handler.wfile.write(b'{"value": [{"id": "/')


def web_page(handler: Handler) -> None:
    """A sign-in page of a proxy."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "13")
    handler.end_headers()
    handler.wfile.write(b"<html></html>")


def empty_object(handler: Handler) -> None:
    """A body of a shape nobody knows."""
    handler.say(200, {})


def slow(handler: Handler) -> None:
    """An answer after the reader has gone."""
    time.sleep(0.5)
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    """A connection that ends without an answer."""
    handler.close_connection = True


def status(code: int, name: str, **headers: str) -> Callable[[Handler], None]:
    """An error of ARM."""
    return lambda handler: handler.say(code, refusal(name), headers)


KINDS = {
    "403": status(403, "AuthorizationFailed"),
    "401": status(401, "ExpiredAuthenticationToken"),
    "404": status(404, "ResourceNotFound"),
    "429": status(429, "TooManyRequests", **{"Retry-After": "0"}),
    "500": status(500, "InternalServerError"),
    "api-version": status(400, "NoRegisteredProviderFound"),
    "redirect": status(302, "Found", Location="https://example.invalid/"),
    "cut": cut, "half": half_json, "html": web_page, "shape": empty_object, "slow": slow, "gone": hang_up,
}  # fmt: skip
PLACES = {
    "/subscriptions$": ["peering-missing"],
    "permissions$": ["peering-missing"],
    "ResourceGraph": ["peering-healthy", "peering-missing"],
    "/virtualNetworks/": ["peering-healthy", "peering-missing"],
    "/managedInstances/": ["peering-missing"],
    "/securityRules|/networkSecurityGroups/": ["peering-healthy"],
    "/privateEndpoints/": ["private-endpoint-healthy"],
    "/privateDnsZones/": ["private-endpoint-stale-record"],
    "/virtualNetworkGateways/": ["hub-gateway-not-used"],
    "/connections/": ["vnet-to-vnet-healthy", "vnet-to-vnet-tunnel-down"],
    "/poll/": ["expressroute-hijack"],
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_failure_anywhere_never_turns_a_verdict(place: str, kind: str, serve: Serve) -> None:
    """Whatever fails wherever, the verdict stays or becomes unknown, and what failed is in the problems."""
    for name in PLACES[place]:
        one = case(name)
        estate = estate_of(one, faults=[Fault(place, KINDS[kind])])
        got = collect_path(FakeCredential(), one.source, one.target, one.endpoint, serve(estate, slow=0.15))
        if got.diagnosis is not None:
            assert got.diagnosis.verdict in {one.verdict, Verdict.UNKNOWN}, name
        hit = [line for line in estate.requests if _fits(place, line)]
        assert not hit or got.snapshot.problems, name
        for problem in got.snapshot.problems:
            assert problem["operation"].lower().endswith(("/read", "/action")) and problem["message"], problem
        assert len(got.gaps) >= bool(got.snapshot.problems) and all(gap.how for gap in got.gaps)


def _fits(place: str, line: str) -> bool:
    import re

    return bool(re.search(place, line, re.IGNORECASE))


@pytest.mark.parametrize("kind", ["429", "500", "gone", "cut"])
def test_failure_that_passes_is_read_again(kind: str, serve: Serve) -> None:
    """What fails once or twice and then works leaves no trace in the evidence."""
    one = case("peering-healthy")
    faults = [Fault("ResourceGraph", KINDS[kind], times=1), Fault("/virtualNetworks/vnet-app", KINDS[kind], times=2)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, faults=faults)))
    assert got.diagnosis and got.diagnosis.verdict == one.verdict
    assert not got.snapshot.problems


def test_everybody_waits_when_azure_throttles(serve: Serve) -> None:
    """After 429 with Retry-After no request of any worker comes before the time is over."""
    one = case("peering-healthy")
    stamps: list[tuple[float, str]] = []

    def throttled(handler: Handler) -> None:
        stamps.append((time.monotonic(), "told"))
        status(429, "TooManyRequests", **{"Retry-After": "1"})(handler)

    def noted(handler: Handler) -> None:
        stamps.append((time.monotonic(), "asked"))
        handler.answer()

    faults = [Fault("/managedInstances/", throttled, times=1), Fault("/managedInstances/", noted)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, faults=faults)))
    assert got.diagnosis and got.diagnosis.verdict == one.verdict
    assert stamps[1][1] == "asked" and stamps[1][0] - stamps[0][0] >= 0.95


def test_quota_of_resource_graph_is_heeded_before_it_is_gone(serve: Serve) -> None:
    """Where the last answer says that nothing is left, the next page waits until the quota is back."""
    one = case("peering-healthy")
    stamps: list[float] = []

    def last_one(handler: Handler) -> None:
        stamps.append(time.monotonic())
        say = handler.say
        quota = {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:01"}
        handler.say = lambda status, body, headers=None, cut=0: say(status, body, {**(headers or {}), **quota})
        handler.answer()

    faults = [Fault("ResourceGraph", last_one)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, page=5, faults=faults)))
    assert got.diagnosis and got.diagnosis.verdict == one.verdict and not got.snapshot.problems
    assert stamps[-1] - stamps[0] >= 0.9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("00:00:05", 5),
        ("01:02:03", 3723),
        ("0", 0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("999999", 86400),
    ],
)
def test_waits_that_azure_asks_for(text: str, expected: float | None) -> None:
    """Seconds or hh:mm:ss; anything else is no wait that can be relied on, and none is absurd."""
    assert arm.seconds(text) == expected


def test_wait_longer_than_the_time_left_is_not_waited_for(serve: Serve) -> None:
    """A Retry-After beyond the bound ends the reads at once, and they are problems."""
    one = case("peering-healthy")
    faults = [Fault("ResourceGraph", status(429, "TooManyRequests", **{"Retry-After": "3600"}))]
    got = collect_path(
        FakeCredential(), one.source, one.target, settings=serve(estate_of(one, faults=faults), seconds=5.0)
    )
    assert any(p["code"] == "TimeIsUp" for p in got.snapshot.problems)
    assert got.diagnosis is None or got.diagnosis.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("page", [1, 3])
def test_pages_of_resource_graph_are_all_read(page: int, serve: Serve) -> None:
    """Small pages give the same evidence as one page."""
    one = case("peering-healthy")
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, page=page)))
    assert got.diagnosis and got.diagnosis.verdict == one.verdict
    assert len({r["id"].lower() for r in got.snapshot.resources}) == len(one.snapshot().resources)


def test_second_page_that_fails_makes_the_kinds_partial(serve: Serve) -> None:
    """The rows of the first page are kept, and nothing of those kinds reads as absent."""
    one = case("peering-missing")
    faults = [Fault("ResourceGraph", KINDS["500"], after=2)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, page=3, faults=faults)))
    assert got.snapshot.resources
    assert got.snapshot.absence("Microsoft.Network/virtualNetworks/virtualNetworkPeerings") == "unproven"
    assert got.diagnosis is None or got.diagnosis.verdict is Verdict.UNKNOWN


def truncated(handler: Handler) -> None:
    """Resource Graph cuts rows off and gives no token, as it does where `id` is not projected."""
    handler.say(200, {"totalRecords": 40, "count": 0, "resultTruncated": "true", "data": [], "facets": []})


def limited(handler: Handler) -> None:
    """Resource Graph looked at a part of the subscriptions."""
    body = {"totalRecords": 0, "count": 0, "resultTruncated": "false", "data": [], "facets": []}
    handler.say(200, body, {"x-ms-tenant-subscription-limit-hit": "true"})


@pytest.mark.parametrize(("do", "code"), [(truncated, "ResultTruncated"), (limited, "SubscriptionLimit")])
def test_answer_that_says_it_is_partial_is_believed(do: Callable[[Handler], None], code: str, serve: Serve) -> None:
    """No claim to be whole for any kind of that question."""
    one = case("peering-healthy")
    got = collect_everything(FakeCredential(), serve(estate_of(one, faults=[Fault("ResourceGraph", do)])))
    assert {p["code"] for p in got.snapshot.problems} == {code}
    assert got.snapshot.complete == frozenset()


def test_resource_graph_that_lags_is_corrected_by_the_read_by_name(serve: Serve) -> None:
    """Resource Graph still says Connected, the read by name says Disconnected: the fresher one decides."""
    one = case("peering-disconnected")
    stale = case("peering-healthy").snapshot()
    estate = estate_of(one)
    estate._rows["Resources"] = sorted((_row(r) for r in stale.resources), key=lambda row: row["id"].lower())
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate))
    assert got.diagnosis and got.diagnosis.verdict is Verdict.BLOCKED
    assert got.diagnosis.root_cause == one.root_cause


def test_rule_that_resource_graph_does_not_show_yet_is_found(serve: Serve) -> None:
    """A deny rule made a minute ago is in no row, and blocks all the same."""
    one = case("same-vnet-mi-nsg")
    estate = estate_of(one)
    rows = [_row(r) for r in case("same-vnet-healthy").snapshot().resources]
    estate._rows["Resources"] = sorted(rows, key=lambda row: row["id"].lower())
    first: list[Verdict] = []
    settings = serve(estate, found=lambda answer: first.append(answer.verdict))
    got = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert first == [Verdict.REACHABLE] and got.diagnosis and got.diagnosis.verdict is Verdict.BLOCKED
    assert got.diagnosis.root_cause == one.root_cause


def test_newer_api_version_is_found_from_the_refusal(serve: Serve) -> None:
    """An api-version that was retired is replaced by the newest stable one that the refusal lists."""
    one = case("peering-healthy")

    def retired(handler: Handler) -> None:
        if "2031-01-01" in handler.path:
            handler.answer()
            return
        text = ("No registered resource provider found for location 'x' and API version '2025-05-01' for type 'virtualNetworks'. "
                "The supported api-versions are '2030-05-01, 2031-01-01, 2032-01-01-preview'.")  # fmt: skip
        handler.say(400, refusal("NoRegisteredProviderFound", text))

    faults = [Fault(r"^\w+ /subscriptions/.*/virtualNetworks/", retired)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, faults=faults)))
    assert got.diagnosis and got.diagnosis.verdict == one.verdict
    assert not got.snapshot.problems


def test_link_to_another_host_is_not_followed(serve: Serve) -> None:
    """A nextLink or Location away from Resource Manager must not get the token."""
    one = case("peering-healthy")
    away = lambda handler: handler.say(200, {"value": [], "nextLink": "https://127.0.0.2:1/x"})  # noqa: E731
    later = lambda handler: handler.say(202, None, {"Location": "https://127.0.0.2:1/x"})  # noqa: E731
    faults = [Fault("/subscriptions$", away), Fault("^POST .*/effective", later)]
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, faults=faults)))
    assert {p["code"] for p in got.snapshot.problems} == {"StrangeLink"}


def test_cancel_keeps_what_was_read_and_resume_goes_on(serve: Serve) -> None:
    """Cancelled after discovery: the snapshot says what was not read, and a second run reads only that."""
    one = case("vnet-to-vnet-healthy")
    estate = estate_of(one)
    settings = serve(estate, cancelled=lambda: len(estate.requests) >= 6)
    cut_off = collect_path(FakeCredential(), one.source, one.target, settings=settings)
    assert cut_off.stopped == "Cancelled" and cut_off.snapshot.resources
    assert {p["code"] for p in cut_off.snapshot.problems} == {"Cancelled"}
    assert cut_off.diagnosis is None or cut_off.diagnosis.verdict in {Verdict.UNKNOWN, one.verdict}
    before = len(estate.requests)
    again = serve(estate, started=from_document(cut_off.snapshot.to_dict()))
    whole = collect_path(FakeCredential(), one.source, one.target, settings=again)
    assert whole.diagnosis and whole.diagnosis.verdict == one.verdict
    assert not whole.snapshot.problems
    read_before = {line for line in estate.requests[:before] if line.startswith("GET") and "/providers/" in line}
    read_after = [line for line in estate.requests[before:] if line in read_before and "Authorization" not in line]
    assert read_after == []


def odd_rows(handler: Handler) -> None:
    """Rows whose members have types that nobody expects."""
    rows = [{"id": 5, "type": ["x"], "properties": "text"}, {"id": None}, {"properties": [1]}, {}]
    handler.say(200, {"totalRecords": 4, "count": 4, "resultTruncated": "false", "data": rows, "facets": []})


def test_crash_in_one_read_is_a_problem_and_the_others_go_on(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the collector never loses what was read, and never reads as absence."""
    one = case("peering-missing")
    monkeypatch.setattr(Holding, "observe", lambda *a: 1 / 0)
    got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one)))
    assert {p["code"] for p in got.snapshot.problems} == {"Crash"} and got.snapshot.resources
    assert got.diagnosis and got.diagnosis.verdict is Verdict.UNKNOWN


def test_rows_of_odd_types_do_not_end_the_collection(serve: Serve) -> None:
    """Whatever Resource Graph sends, there is a snapshot that can be saved and asked."""
    one = case("peering-healthy")
    got = collect_path(
        FakeCredential(),
        one.source,
        one.target,
        settings=serve(estate_of(one, faults=[Fault("ResourceGraph", odd_rows)])),
    )
    assert got.diagnosis is None or got.diagnosis.verdict is Verdict.UNKNOWN


def test_progress_says_what_is_read_and_ends_whole(serve: Serve) -> None:
    """Names of what is being read, n of m, never more than m."""
    told: list[tuple[str, int, int]] = []
    estate = estate_of(case("vnet-to-vnet-healthy"))
    got = collect_everything(FakeCredential(), serve(estate, progress=lambda *one: told.append(one)))
    assert not got.snapshot.problems and got.diagnosis is None
    assert all(0 <= n <= m for _, n, m in told) and any("connections/" in what for what, _, _ in told)
    assert ("done", told[-1][2], told[-1][2]) == told[-1]


def test_snapshot_survives_saving(serve: Serve, tmp_path) -> None:
    """The saved document gives the same verdict, problems and claims included."""
    from mi_workbook.evidence.files import load

    one = case("peering-missing")
    for granted in ([{"actions": ["*"]}], []):
        got = collect_path(FakeCredential(), one.source, one.target, settings=serve(estate_of(one, granted=granted)))
        got.snapshot.save(tmp_path / "estate.json.gz")
        from mi_workbook.diagnosis.diagnose import diagnose

        assert got.diagnosis
        assert diagnose(load(tmp_path / "estate.json.gz"), one.source, one.target).verdict is got.diagnosis.verdict


def test_refusal_is_read_from_the_answers_of_older_clients_too() -> None:
    """Clients of before azure.core.rest (azure-mgmt-resourcegraph 8.0.0) hand over an answer that has text() and no json()."""
    requests = pytest.importorskip("requests")
    from azure.core.pipeline.transport import HttpRequest, RequestsTransportResponse

    answer = requests.Response()
    answer.status_code, answer.encoding = 403, "utf-8"
    answer._content = b'{"error": {"code": "AuthorizationFailed", "message": "The client someone may not."}}'
    older = RequestsTransportResponse(HttpRequest("POST", "https://management.azure.com/"), answer)
    assert not hasattr(older, "json")
    told = arm.failure(older)
    assert (told.status, told.code) == (403, "AuthorizationFailed") and "someone" not in told.message
