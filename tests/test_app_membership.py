"""A site names its network after the ground for that is gone; then nothing is called reachable."""

import pytest

from mi_workbook.cases import case
from mi_workbook.core.finding import Change, Diagnosis
from mi_workbook.core.verdict import Verdict
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import from_document

SOUND = case("app-service-plan-sound")
GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-app/providers/Microsoft.Web"
APP, PLAN = f"{GROUP}/sites/app-orders", f"{GROUP}/serverfarms/plan-orders"


def asked(*changes: Change) -> Diagnosis:
    """The sound case with these changes."""
    return diagnose(SOUND.snapshot().changed(list(changes)), SOUND.source, SOUND.target)


def tiers(plan: object, site: object) -> Diagnosis:
    """The sound case with these tiers of the plan and of the site."""
    return asked(Change(PLAN, "/sku", {"name": "X", "tier": plan, "capacity": 2}), Change(APP, "/properties/sku", site))


@pytest.mark.parametrize("tier", ["Free", "Shared", "Dynamic", "SHARED"])
def test_tier_without_integration_cuts_the_path(tier: str) -> None:
    """Source: the older document, 'Getting started': scaled to an unsupported plan, apps lose their connections."""
    found = tiers(tier, None)
    assert found.verdict is Verdict.BLOCKED
    assert found.root_cause == "app-tier"


def test_tier_that_only_the_site_tells_counts() -> None:
    """Where the plan was not collected the site's own word is all there is."""
    whole = SOUND.snapshot().changed([Change(APP, "/properties/sku", "Free")])
    doc = whole.to_dict()
    doc["resources"] = [one for one in doc["resources"] if one["id"] != PLAN]
    found = diagnose(from_document(doc), SOUND.source, SOUND.target)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, "app-tier")


@pytest.mark.parametrize(("plan", "site"), [("Shared", "PremiumV3"), ("PremiumV3", "Shared")])
def test_plan_and_site_that_differ_are_unknown(plan: str, site: str) -> None:
    """One of the two is older, and nothing says which: the next test is named."""
    found = tiers(plan, site)
    assert found.verdict is Verdict.UNKNOWN
    assert any("tcpping" in gap.how for gap in found.gaps)


@pytest.mark.parametrize("tier", ["", "Crystal", None, 7, ["Shared"]])
def test_tier_nobody_knows_is_unknown(tier: object) -> None:
    """A tier that is not in any list proves nothing either way; the site's own word, where there is one, does."""
    found = tiers(tier, None)
    assert found.verdict is Verdict.UNKNOWN
    assert any("az appservice plan show" in gap.how for gap in found.gaps)
    assert tiers(tier, "PremiumV3").verdict is Verdict.REACHABLE


@pytest.mark.parametrize("name", ["app-service-plan-sound", "app-gateway-sound", "app-service-tier"])
def test_tier_that_was_not_collected_is_unknown(name: str) -> None:
    """A site keeps its setting when its plan is scaled down, so without any tier in the evidence nothing is sure."""
    one = case(name)
    doc = one.snapshot().to_dict()
    doc["resources"] = [each for each in doc["resources"] if each["type"].lower() != "microsoft.web/serverfarms"]
    for each in doc["resources"]:
        each["properties"].pop("sku", None)
    found = diagnose(from_document(doc), one.source, one.target)
    assert found.verdict is Verdict.UNKNOWN
    assert any("az appservice plan show" in gap.how for gap in found.gaps)


@pytest.mark.parametrize(
    "name", ["app-service-delegation", "app-service-no-link", "app-service-other-region", "app-service-compose",
             "app-gateway-cert-expired"],
)  # fmt: skip
def test_sign_that_the_app_is_not_in_its_network_is_a_question(name: str) -> None:
    """Each gap says what to try from the app itself."""
    one = case(name)
    found = diagnose(one.snapshot(), one.source, one.target)
    assert found.verdict is Verdict.UNKNOWN
    assert any("WEBSITE_PRIVATE_IP" in gap.how and "tcpping" in gap.how for gap in found.gaps)


def test_what_azure_blocks_comes_before_the_doubt() -> None:
    """A rule that denies is found although the app may not even be in its network."""
    one = case("app-service-outbound-denied")
    snapshot = one.snapshot().changed([Change(APP, "/location", "North Europe")])
    found = diagnose(snapshot, one.source, one.target)
    assert (found.verdict, found.root_cause) == (Verdict.BLOCKED, one.root_cause)
    assert "swift-region" in {f.fault for f in found.findings}


@pytest.mark.parametrize("image", ["DOCKER|contoso.azurecr.io/orders:1", "NODE|20-lts", "COMPOSE", "", None, 7])
def test_app_of_one_container_or_of_code_is_not_taken_for_a_compose_file(image: object) -> None:
    """Only apps made of several containers have no VNet integration."""
    assert asked(Change(APP, "/properties/siteConfig", {"linuxFxVersion": image})).verdict is Verdict.REACHABLE


@pytest.mark.parametrize(
    ("collected", "ended"),
    [("2024-05-01T23:59:59Z", False), ("2024-05-02T00:00:01Z", True), ("2020-01-01T08:00:00Z", False)],
)
def test_certificate_counts_on_the_day_the_evidence_was_collected(collected: str, ended: bool) -> None:
    """On its last day it still holds; evidence of before its end is not judged by today's date."""
    one = case("app-gateway-cert-expired")
    doc = one.snapshot().to_dict() | {"collected_at": collected}
    found = diagnose(from_document(doc), one.source, one.target)
    assert any("certificate" in gap.why for gap in found.gaps) is ended
