// What every page of the workbook has: the theme, choices, files dropped on it, and words of error.

/** Light or dark as the page behind the screen is; in an app of its own, as the system asks.
    VS Code names the kind of its theme on the body, whose background is transparent (Webview API guide, "Theming webview content"). */
function followTheme(root) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const look = () => {
    const body = document.body;
    if ("voila" in body.dataset) body.classList.toggle("miw-night", system.matches);
    let dark = body.classList.contains("miw-night") || body.dataset.jpThemeLight === "false";
    const kind = body.dataset.vscodeThemeKind;
    if (kind) dark = kind === "vscode-dark" || kind === "vscode-high-contrast";
    else if (!("jpThemeLight" in body.dataset) && !("voila" in body.dataset)) dark = isDark(getComputedStyle(body).backgroundColor) ?? system.matches;
    root.dataset.theme = dark ? "dark" : "light";
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind", "class"] });
  system.addEventListener("change", look);
  look();
  return () => { watch.disconnect(); system.removeEventListener("change", look); };
}

const NARROW = 1000; // pixels below which the picture and the steps do not fit beside each other
const SLIM = 700; // below which evidence and question do not either

/** Marks the screen as narrow or slim by its own width: beside a file list it is narrower than the window. */
function watchWidth(root) {
  const watch = new ResizeObserver(() => {
    root.classList.toggle("narrow", root.clientWidth < NARROW);
    root.classList.toggle("slim", root.clientWidth < SLIM);
  });
  watch.observe(root);
  return () => watch.disconnect();
}

/** Keys that are pressed here are no commands of the notebook around it. JupyterLab asks the focused element itself first. */
function keepKeys(root) {
  root.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", "true"));
}

function isDark(colour) {
  const [red, green, blue, alpha] = (colour.match(/[\d.]+/g) || []).map(Number);
  return alpha === 0 || red === undefined ? undefined : 0.3 * red + 0.59 * green + 0.11 * blue < 128;
}

function options(list, chosen) {
  return list.map(([label, value]) => h("option", { value, selected: value === chosen }, label));
}

function dropView({ give, limit, say }) {
  const input = h("input", { type: "file", multiple: true, accept: ".json,.gz,.zip,.txt", class: "mi-hidden", tabindex: "-1", "aria-hidden": "true" });
  const zone = h("button", { type: "button", class: "mi-drop", "data-key": "drop" },
    h("b", {}, "Drop evidence files here"), " or press to choose them: JSON of az, Resource Graph or a snapshot, gz, zip; several at once; or a saved session");
  const take = async (list) => {
    const files = Array.from(list);
    if (!files.length) return;
    if (files.reduce((sum, file) => sum + file.size, 0) > limit()) {
      say("Too large to send to the notebook.");
      zone.textContent = "Too large to send to the notebook: use mi-workbook diagnose FILE, or drop fewer files.";
      return;
    }
    await give(files);
  };
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    zone.classList.remove("over");
    take(event.dataTransfer.files);
  });
  zone.addEventListener("click", () => input.click());
  input.addEventListener("change", () => { take(input.files).then(() => { input.value = ""; }); });
  return h("div", {}, zone, input);
}

function messageView(values) {
  return [
    values.error ? h("p", { role: "alert", class: "mi-alert", tabindex: "-1" }, h("b", {}, "! "), values.error) : null,
    values.notice ? h("p", { role: "note", class: "mi-note" }, values.notice) : null,
  ];
}
