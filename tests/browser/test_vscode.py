"""The screen in a page like the one VS Code shows outputs in: no variables of Jupyter, a transparent body, a theme of its own.

VS Code itself is not run: this is the module and style sheet that it loads, on a page with what its webview sets (Webview API
guide, "Theming webview content"; the default styles of its webview), joined to a session in Python.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from mi_workbook.workbook.session import Session, start
from tests.browser.fixtures import browser, shots
from tests.browser.places import SOON, WIDTHS, choose, example_of, serious, walk_to_the_end

__all__ = ["browser", "shots"]
pytestmark = pytest.mark.browser
THEMES = {
    "vscode-dark": ("#1f1f1f", "#cccccc", "dark"), "vscode-light": ("#ffffff", "#3b3b3b", "light"),
    "vscode-high-contrast": ("#000000", "#ffffff", "dark"), "vscode-high-contrast-light": ("#ffffff", "#292929", "light"),
}  # fmt: skip
STYLES = """html { background: BACK; } body { background-color: transparent; color: var(--vscode-editor-foreground);
  --vscode-editor-foreground: INK; --vscode-textPreformat-foreground: #d0d0d0; --vscode-textPreformat-background: #2b2b2b;
  font-family: sans-serif; font-size: 13px; margin: 0; padding: 0 20px; }
code { color: var(--vscode-textPreformat-foreground); background-color: var(--vscode-textPreformat-background); padding: 1px 3px; }
thead, tr, td, th { border: none; } table { border-collapse: collapse; }"""
# The model that a widget gets, joined to Python; and what VS Code does with a link to a blob that is pressed.
JOIN = """async (code) => {
  const heard = {}, values = await python(null);
  const model = { get: (name) => values.traits[name], set() {}, save_changes() {}, off() {},
    on: (name, hear) => { (heard[name] ??= []).push(hear); },
    send: (message) => python(message).then((now) => {
      values.traits = now.traits;
      for (const hear of heard["change:screen"] || []) hear();
      for (const one of now.sent) for (const hear of heard["msg:custom"] || []) hear(one);
    }) };
  window.saved = {};
  document.addEventListener("click", async (event) => {
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement && node.href.startsWith("blob:"));
    if (!link) return;
    event.preventDefault();
    window.saved[link.download] = await (await fetch(link.href)).text();
  });
  const module = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  module.default.render({ model, el: document.querySelector("main") });
}"""


def shown(browser: Any, kind: str, scheme: str) -> tuple[Any, Session, list[str]]:
    """A session on a page with this theme of VS Code, while the system prefers another scheme; and what the page asked for."""
    back, ink, _ = THEMES[kind]
    session = start()
    sent: list[dict[str, Any]] = []
    session.send = lambda content, buffers=None: sent.append(content)

    def python(message: dict[str, Any] | None) -> dict[str, Any]:
        if message is not None:
            session.act(message)
        given, sent[:] = list(sent), []
        return {"traits": {"screen": session.screen, "limit": session.limit, "working": {}}, "sent": given}

    page = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=scheme).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.expose_function("python", python)
    page.set_content(
        f"<html lang=en><title>x</title><body class='{kind}' data-vscode-theme-kind='{kind}'><main></main></body></html>"
    )
    page.add_style_tag(content=STYLES.replace("BACK", back).replace("INK", ink))
    page.add_style_tag(content=Session._css)
    page.evaluate(JOIN, Session._esm)
    return page, session, asked


@pytest.mark.parametrize("kind", list(THEMES))
def test_legible_in_every_kind_of_theme(browser: Any, shots: Path, kind: str) -> None:
    """The palette follows VS Code's theme, not the system's; nothing is serious for axe, contrast included; nothing is fetched."""
    wanted = THEMES[kind][2]
    page, _, asked = shown(browser, kind, "light" if wanted == "dark" else "dark")
    one = example_of("vnet-peering")
    choose(page, one)
    assert page.locator(".miw-screen").get_attribute("data-theme") == wanted
    assert walk_to_the_end(page, one) > 1
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate(WIDTHS)
    found = serious(page)
    page.screenshot(path=shots / f"{kind}.png", full_page=True)
    page.context.close()
    assert found == [] and [url for url in asked if not url.startswith(("blob:", "data:"))] == []


def test_another_theme_is_followed_and_a_report_is_saved(browser: Any) -> None:
    """Changing the theme changes the palette at once; a report goes the way that VS Code takes for links to blobs."""
    from playwright.sync_api import expect

    page, session, _ = shown(browser, "vscode-dark", "dark")
    choose(page, example_of("same-vnet"))
    page.evaluate("document.body.dataset.vscodeThemeKind = 'vscode-light'")
    expect(page.locator(".miw-screen")).to_have_attribute("data-theme", "light", timeout=SOON)
    for name, word in (("Download report.html", "BLOCKED"), ("Save session", "mi-workbook/session")):
        page.get_by_role("button", name=name).click()
        page.wait_for_function(
            "(word) => Object.values(window.saved).some((text) => text.includes(word))", arg=word, timeout=SOON
        )
    assert set(page.evaluate("window.saved")) == {"report.html", "session.json"}
    assert json.loads(page.evaluate("window.saved['session.json']"))["source"] == session.state.source
    page.context.close()
