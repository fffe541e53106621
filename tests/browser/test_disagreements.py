"""A disagreement of configuration and test in a real browser: from the failed test to the one who must act."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.fixtures import browser, shots, voila
from tests.browser.places import SOON, Visit
from tests.test_disagreements import NO_RULES, PROFILES, PROXY, RULES, tnc
from tests.test_loose_tables import portal

__all__ = ["browser", "shots", "voila"]
pytestmark = pytest.mark.browser


def paste(page: Any, text: str, place: str = "") -> None:
    """As a person does: the text into the field, the place chosen, the button."""
    from playwright.sync_api import expect

    page.get_by_label("Paste what came back").fill(text)
    page.get_by_label("It was run at").select_option(value=place)
    page.get_by_role("button", name="Read the paste").click()
    expect(page.get_by_role("note").filter(has_text="is evidence for")).to_be_visible(timeout=SOON)
    expect(page.locator(".miw-screen")).not_to_have_attribute("aria-busy", "true", timeout=SOON)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1024, "dark")])
def test_from_a_failed_test_to_who_must_act(browser: Any, voila: str, shots: Path, width: int, scheme: str) -> None:
    """Each paste moves the end; the step's commands can be copied; an answer counts; nothing overflows, axe finds nothing."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect

    visit = Visit(browser, voila, color_scheme=scheme)
    page = visit.page
    page.set_viewport_size({"width": width, "height": 1000})
    visit.open(PROXY)
    page.get_by_text("Ask the person at the source").click()
    paste(page, tnc(False))
    expect(page.get_by_role("status").filter(has_text="UNKNOWN")).to_be_visible(timeout=SOON)
    steps = page.get_by_role("navigation", name="Steps of the decision tree")
    expect(steps.get_by_text("The configuration lets it through, and the test failed")).to_be_visible()
    expect(page.locator(".mi-step h2")).to_have_text("Which side it is on is still open")
    steps.get_by_role("button", name="Does the machine's own firewall").click()
    expect(page.locator(".mi-step")).to_contain_text("Get-NetFirewallProfile", timeout=SOON)
    visit.shot(shots, f"disagreement-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    result = Axe().run(page, context=".miw-screen")
    page.get_by_role("button", name="Another program on the same machine").press("Enter")
    expect(page.locator(".mi-step")).to_contain_text("Must act: Owner of the source machine", timeout=SOON)
    paste(page, PROFILES + NO_RULES)
    expect(page.locator(".mi-step h2")).to_have_text("Which side it is on is still open", timeout=SOON)
    paste(page, tnc(True, source="10.0.1.9"), "vnet-data/snet-app")
    expect(page.locator(".mi-step h2")).to_contain_text("It works inside the VNet", timeout=SOON)
    paste(page, PROFILES + RULES)
    expect(page.locator(".mi-step h2")).to_contain_text("own firewall", timeout=SOON)
    visit.shot(shots, f"disagreement-end-{width}-{scheme}")
    visit.close()
    assert [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in result.response["violations"]
            if v["impact"] in {"serious", "critical"}] == []  # fmt: skip


def test_a_table_without_a_name_is_asked_about(browser: Any, voila: str, shots: Path) -> None:
    """The Portal's download: whose it is and how many rows Azure showed, then it is judged by."""
    from playwright.sync_api import expect

    visit = Visit(browser, voila)
    page = visit.page
    visit.open("peering-healthy")
    page.get_by_text("Ask the person at the source").click()
    paste(page, portal())
    expect(page.get_by_text("Not judged by yet")).to_be_visible(timeout=SOON)
    page.get_by_label("It is of").select_option(label="nic-app")
    page.get_by_label("Rows that Azure showed").fill("4")
    visit.shot(shots, "loose-table")
    page.get_by_role("button", name="Judge by this table").click()
    expect(page.get_by_role("note").filter(has_text="nic-app now")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Not judged by yet")).not_to_be_visible()
    visit.close()
