"""Pictures as a browser draws them: no word leaves its box, no two words meet, no name is cut, in light of every built-in case."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import find_chromium

from mi_workbook.cases import all_cases, case
from mi_workbook.diagnosis.diagnose import diagnose
from mi_workbook.evidence.snapshot import Snapshot, from_document
from mi_workbook.views.topology import picture, to_svg

pytestmark = pytest.mark.browser
# What is wrong with the drawing, in words. The sign in the ring (size 20) stands over what is behind it on purpose.
FLAWS = """() => {
  const svg = document.querySelector("svg"), whole = svg.viewBox.baseVal, found = [];
  const boxes = [...svg.querySelectorAll("rect")].map((one) => one.getBBox());
  const texts = [...svg.querySelectorAll("text")].filter((one) => one.getAttribute("font-size") !== "20")
    .map((one) => ({ words: one.textContent, box: one.getBBox() }));
  for (const { words, box } of texts) {
    const right = box.x + box.width, bottom = box.y + box.height, middle = box.y + box.height / 2;
    if (box.x < 0 || right > whole.width || bottom > whole.height) found.push(`leaves the picture: ${words}`);
    for (const one of boxes) {
      const inside = box.x + 2 >= one.x && box.x + 2 <= one.x + one.width && middle >= one.y && middle <= one.y + one.height;
      if (inside && (right > one.x + one.width - 2 || bottom > one.y + one.height)) found.push(`leaves its box: ${words}`);
    }
    if (words.includes("…")) found.push(`cut: ${words}`);
  }
  texts.forEach((one, at) => texts.slice(at + 1).forEach((other) => {
    const a = one.box, b = other.box;
    const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
    const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
    if (across > 1 && down > 3) found.push(`meet: ${one.words} | ${other.words}`);
  }));
  return found;
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """An empty page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page()
        browser.close()


def flaws(page: Any, snapshot: Snapshot, source: str, target: str, *, whole: bool = False) -> list[str]:
    """What is wrong with the picture of this question."""
    drawn = picture(snapshot, diagnose(snapshot, source, target), all_networks=whole)
    assert drawn is not None
    page.set_content(to_svg(drawn))
    assert page.locator("svg text").count() > 5
    found: list[str] = page.evaluate(FLAWS)
    return found


def test_every_case_is_drawn_without_a_flaw(page: Any) -> None:
    """All labels of all built-in cases are whole, and in their places."""
    found = {one.id: flaws(page, one.snapshot(), one.source, one.target) for one in all_cases()}
    assert {case_id: wrong for case_id, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("networks", [5, 50, 300])
@pytest.mark.parametrize("whole", [False, True])
def test_estates_with_long_names_stay_legible(page: Any, networks: int, whole: bool) -> None:
    """Long names are cut in their middle and nothing else: their ends, which tell them apart, stay."""
    document = case("peering-one-sided").snapshot().to_dict()
    pattern = next(one for one in document["resources"] if one["name"] == "vnet-app")
    for number in range(networks - 2):
        name = f"vnet-spoke-production-west-europe-{number:03}"
        text = json.dumps(pattern).replace("vnet-app", name).replace("10.1.", f"10.{20 + number % 200}.")
        one = json.loads(text)
        if number % 3:
            one["properties"]["virtualNetworkPeerings"] = []
        document["resources"].append(one)
    found = flaws(page, from_document(copy.deepcopy(document)), "vm-app", "mi-orders", whole=whole)
    assert [one for one in found if not one.startswith("cut: vnet-spoke")] == []
    shown = [one for one in found if one.startswith("cut: ")]
    assert len(set(shown)) == len(shown) > 0
    assert len(shown) == networks - 2 or not whole


def test_what_is_said_of_a_link_is_never_cut(page: Any) -> None:
    """With names too long for the gap each side keeps its state, on a line of its own, and nothing meets the break."""
    text = json.dumps(case("peering-one-sided").snapshot().to_dict())
    for name in ("vnet-app", "vnet-data"):
        text = text.replace(name, f"{name}-landing-zone-westeurope-production-shared")
    found = flaws(page, from_document(json.loads(text)), "vm-app", "mi-orders")
    assert found and all(one.startswith("cut: vnet-") and one.endswith("shared") for one in found), found
    words = page.locator("svg text").all_text_contents()
    assert "Initiated" in words and "no peering" in words
