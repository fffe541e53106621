// What was found and what mends it, each with commands to copy.

function commandBox(title, lines) {
  if (!lines.length) return null;
  const text = lines.join("\n");
  return h("div", { class: "mi-command" },
    h("div", { class: "mi-tools" }, h("b", {}, title), copyButton("Copy", () => text, title)),
    h("pre", { tabindex: "0", role: "region", "aria-label": title }, text));
}

function repairView(part, depth) {
  if (!part.items.length && part.sign === "·") return null; // nothing was found, so there is nothing to prove
  return h("section", { class: "mi-repair" },
    h("h3", {}, part.items.length ? "What was found, and its repair" : "Repair"),
    part.proof ? h("p", {}, h("b", {}, `${part.sign} ${part.proof}`)) : null,
    part.items.map((one) => findingView(one, depth)));
}

function findingView(one, depth) {
  return h("article", { class: one.root ? "mi-card root" : "mi-card" },
    h("h4", {}, one.root ? "Root cause: " : "Also found: ", one.title),
    h("p", {}, one.says),
    h("p", {}, h("b", {}, "What to do: "), one.does, " ", h("span", { class: "mi-tag" }, one.safety)),
    commandBox("Azure CLI", one.az),
    depth === "engineer" && one.evidence.length ? fold("Evidence", h("ul", { class: "mi-evidence" }, one.evidence.map(([document, pointer, value]) =>
      h("li", {}, h("code", {}, `${document} ${pointer}`), " = ", h("code", {}, value))))) : null,
    one.portal.length || one.powershell.length || one.undo ? fold("Portal, PowerShell, undo",
      one.portal.length ? h("ol", {}, one.portal.map((line) => h("li", {}, line))) : null,
      commandBox("PowerShell", one.powershell),
      one.undo ? h("p", {}, h("b", {}, "Undo: "), one.undo) : null) : null,
    h("p", { class: "mi-small" }, `${one.code}. Sources: ${one.sources.join("; ")}`));
}
