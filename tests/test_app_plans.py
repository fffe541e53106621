"""Planning, choosing and managing an app's way into a network, before anything is done in Azure."""

import ipaddress
import re

import pytest

from mi_workbook.cases import all_cases, case
from mi_workbook.core.errors import InputError, MissingEvidence
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis import operations
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.planner import check, features, propose, sizes, taken
from mi_workbook.evidence.snapshot import Snapshot
from mi_workbook.guide.features import questionnaire, rank, read, unanswered
from mi_workbook.views.app_plans import features_table, operation_table, overlaps_table, proposal_table

MI = "mi-orders.a1b2c3d4e5f6.database.windows.net"
HUB = case("app-gateway-peered-sound").snapshot()
SUBNET = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app/providers/Microsoft.Network/"
    "virtualNetworks/vnet-app/subnets/snet-web"
)


@pytest.mark.parametrize("feature", features())
@pytest.mark.parametrize("one", [c for c in all_cases() if c.id in {"app-gateway-sound", "on-premises-sound", "hub-gateway-sound"}],
                         ids=lambda c: c.id)  # fmt: skip
def test_proposed_blocks_are_free_aligned_and_large_enough(one: object, feature: str) -> None:
    """Nothing that is proposed overlaps anything collected or named by the user, by a count of its own."""
    snapshot = one.snapshot()  # type: ignore[attr-defined]
    extra = [("10.2.0.0/16", "branch office"), ("192.168.1.0/24", "home LAN")]
    vnet = (
        next(r["name"] for r in snapshot.resources if r["type"].endswith("virtualNetworks"))
        if feature == "private-endpoint"
        else ""
    )
    found = propose(snapshot, feature, extra=extra, vnet=vnet)
    used = [ipaddress.ip_network(t.text) for t in taken(snapshot, extra)]
    assert found.blocks
    by_part = {block.part: ipaddress.ip_network(block.cidr) for block in found.blocks}
    for size in (s for s in sizes() if s.feature == feature and s.part in by_part):
        block = by_part[size.part]
        assert block.is_private and block.prefixlen <= size.length
        if not size.inside:
            assert not any(block.overlaps(other) for other in used)
        elif size.inside in by_part:
            assert block.subnet_of(by_part[size.inside])  # type: ignore[arg-type]
    inner = [by_part[s.part] for s in sizes() if s.feature == feature and s.inside and s.part in by_part]
    assert not any(a.overlaps(b) for i, a in enumerate(inner) for b in inner[i + 1 :])
    assert check(snapshot, feature, {part: str(block) for part, block in by_part.items() if not vnet}, extra) == ()


def test_subnet_in_an_existing_vnet_takes_the_first_gap() -> None:
    """In a VNet with subnets the new one lies in its space and beside them, and grows with the instances."""
    snapshot = case("app-service-healthy").snapshot()
    (block,) = propose(snapshot, "regional", vnet="vnet-app", instances=60).blocks
    net = ipaddress.ip_network(block.cidr)
    assert net.subnet_of(ipaddress.ip_network("10.1.0.0/16"))  # type: ignore[arg-type]
    assert net.num_addresses >= 2 * 60 + 5
    for other in ("10.1.1.0/24", "10.1.2.0/26"):
        assert not net.overlaps(ipaddress.ip_network(other))


def test_wanted_blocks_are_judged() -> None:
    """Overlap with a VNet, a home LAN, a public pool, a subnet outside of its VNet, and blocks that are too small."""
    says = [one.says for one in check(
        HUB, "gateway",
        {"vnet": "10.0.128.0/17", "gateway-subnet": "10.3.0.0/30", "client-pool": "51.10.0.0/24"},
        [("51.10.0.0/16", "branch")],
    )]  # fmt: skip
    for words in ("VNet vnet-data", "smaller than /29", "does not lie in", "not in 10.0.0.0/8", "branch"):
        assert any(words in one for one in says), words
    assert "✗" in overlaps_table(check(HUB, "gateway", {"client-pool": "10.9.0.0/24"})).to_markdown()


def test_unseen_networks_are_named() -> None:
    """Where VNets were not collected whole, the proposal says so; what Azure cannot show it says always."""
    bare = propose(Snapshot(HUB.resources), "regional").unchecked
    assert any("virtualNetworks" in one for one in bare)
    whole = propose(HUB, "regional")
    assert not any("virtualNetworks" in one for one in whole.unchecked) and whole.unchecked
    assert "Not checked" in proposal_table(whole).to_html()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"feature": "teleport"}, "no feature"),
        ({"feature": "regional", "vnet": "vnet-nowhere"}, "not one VNet"),
        ({"feature": "regional", "extra": [("10.0.0.0/33", "office")]}, "office"),
        ({"feature": "regional", "extra": [("<b>", "")]}, "IPv4 block"),
        ({"feature": "regional", "within": "10.1.0.1/16"}, "IPv4 block"),
        ({"feature": "regional", "within": "10.0.0.0/16"}, "is free"),
        ({"feature": "regional", "vnet": "vnet-data", "instances": 10**9}, "is free"),
    ],
)
def test_bad_input_to_the_planner_is_told(arguments: dict[str, object], words: str) -> None:
    """Unknown names, malformed ranges and wishes that cannot be met are bad input with a remedy."""
    with pytest.raises(InputError, match=words) as caught:
        propose(HUB, **arguments)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_every_answer_says_something_and_every_feature_can_win() -> None:
    """Each feature comes first for some answers, so none is there for nothing; exclusions carry their reason."""
    found, questions = questionnaire()
    winners = {
        "regional": {"region": "same", "count": "some", "network": "vnet", "policy": "no"},
        "gateway": {"region": "classic", "policy": "no", "life": "short", "system": "windows", "network": "vnet", "count": "some"},
        "hybrid": {"network": "none", "count": "one", "traffic": "sql", "policy": "no"},
        "environment": {"count": "estate", "traffic": "inbound"},
        "private-endpoint": {"network": "separate", "traffic": "sql", "policy": "no"},
        "public": {"tier": "free", "policy": "yes"},
    }  # fmt: skip
    assert set(winners) == {one.id for one in found}
    for feature, answers in winners.items():
        first = rank(answers)[0]
        assert (first.feature.id, first.excluded) == (feature, ()), feature
        assert first.speaks_for
    assert len(unanswered({})) == len(questions) >= 6
    assert all(one.limits and one.costs and one.seed and one.source for one in found)


def test_excluded_features_come_last_with_their_reason() -> None:
    """A Linux app that must last: the gateway kind is out, for both reasons."""
    last = rank({"system": "linux", "life": "long"})[-1]
    assert last.feature.id == "gateway" and len(last.excluded) == 2
    assert "2027" in features_table({"life": "long"}).to_markdown()


@pytest.mark.parametrize("answers", [{"moon": "yes"}, {"region": "mars"}])
def test_unknown_answers_are_refused(answers: dict[str, str]) -> None:
    """A question or an option that does not exist is bad input that lists the known ones."""
    with pytest.raises(InputError, match="Known"):
        rank(answers)


def test_broken_questionnaire_names_its_mistakes() -> None:
    """A questionnaire that points at a feature it does not have is refused."""
    text = '[[feature]]\nid="a"\ntitle="t"\nwhat="w"\nlimits=[]\ncosts=[]\nseed="s"\nsource="s"\n'
    text += '[[question]]\nid="q"\ntext="t"\n[[question.option]]\nid="o"\ntext="t"\neffects=[{feature="b", says="x"}]\n'
    with pytest.raises(InputError, match="q/o: feature b"):
        read(text, "x.toml")
    with pytest.raises(InputError, match=re.escape("x.toml")):
        read("[[feature", "x.toml")


def test_disconnect_shows_who_loses_the_path() -> None:
    """The app loses its path on the model, the evidence stays as it was, and the command names the app."""
    snapshot = case("app-service-healthy").snapshot()
    found = operations.disconnect(snapshot, "app-orders", MI)
    assert [one.app for one in found.effects if one.loses] == ["app-orders"]
    assert "app-orders" in found.headline and "vnet-integration remove" in found.az[0]
    assert diagnose(snapshot, "app-orders", MI).verdict is Verdict.REACHABLE
    assert "loses its path" in operation_table(found).to_html()


def test_connect_gives_an_app_its_path() -> None:
    """An app without integration gets a path when it is joined to a subnet that has one."""
    snapshot = case("app-service-not-integrated").snapshot()
    found = operations.connect(snapshot, "app-orders", SUBNET, MI)
    assert [one.app for one in found.effects if one.gains] == ["app-orders"]
    with pytest.raises(InputError, match="no subnet"):
        operations.connect(snapshot, "app-orders", SUBNET + "-none", MI)


def test_added_route_mends_what_it_should() -> None:
    """The route that was missing gives the path; a foreign range does not; text that is no range is refused."""
    snapshot = case("app-gateway-route-missing").snapshot()
    assert operations.add_route(snapshot, "app-orders", "10.0.0.0/16", MI).effects[0].gains
    assert not operations.add_route(snapshot, "app-orders", "10.77.0.0/16", MI).effects[0].gains
    for text in ("10.0.0.0/99", "; rm -rf /", ""):
        with pytest.raises(InputError):
            operations.add_route(snapshot, "app-orders", text, MI)


def test_sync_network_warns_of_the_outage_and_shows_what_it_mends() -> None:
    """The out-of-sync app becomes reachable; both statements about restarts are told."""
    found = operations.sync_network(case("app-gateway-out-of-sync").snapshot(), "app-orders", MI)
    assert found.effects[0].gains
    assert operations.OUTAGE in found.warnings and operations.RESTART in found.warnings
    with pytest.raises(InputError, match="gateway-required"):
        operations.sync_network(case("app-service-healthy").snapshot(), "app-orders", MI)


@pytest.mark.parametrize("name", ["app-service-plan-sound", "app-gateway-sound"])
def test_scaling_down_breaks_every_app_of_the_plan(name: str) -> None:
    """Shared has no integration: the app loses its path; Standard changes nothing."""
    snapshot = case(name).snapshot()
    assert operations.scale(snapshot, "plan-orders", "Shared", MI).effects[0].loses
    kept = operations.scale(snapshot, "plan-orders", "Standard", MI)
    assert [(one.loses, one.gains) for one in kept.effects] == [(False, False)]
    with pytest.raises(InputError, match="Known"):
        operations.scale(snapshot, "plan-orders", "Galactic", MI)
    with pytest.raises(InputError, match="not one plan"):
        operations.scale(snapshot, "plan-none", "Standard", MI)


def test_operation_on_an_app_of_unknown_integration_asks_for_it() -> None:
    """Where nobody knows how an app is joined, nothing is promised."""
    bare = Snapshot(case("app-service-not-integrated").snapshot().resources)
    with pytest.raises(MissingEvidence):
        operations.disconnect(bare, "app-orders", MI)
