// Practice: the evidence of a broken estate, a choice of causes, and then why.

function practiceView(values, { send }) {
  const { practice } = values;
  if (!practice) {
    return h("p", {}, h("button", { type: "button", class: "mi-quiet", "data-key": "practice", onclick: () => send({ do: "practice", value: "begin" }) },
      "Practise: find the cause yourself"));
  }
  const { marked } = practice;
  const pick = ([title, id]) => h("label", { class: "mi-choice" },
    h("input", { type: "radio", name: "mi-cause", value: id, checked: practice.chosen === id, disabled: !!marked, "data-key": `cause-${id}` }), " ", title);
  const form = h("form", {}, h("fieldset", {}, h("legend", {}, "What is the cause?"), practice.choices.map(pick)),
    marked ? null : h("button", { type: "submit", class: "mi-main", "data-key": "mark" }, "That is it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (chosen) send({ do: "mark", value: chosen.value });
  });
  return h("section", { "aria-label": "Practice", class: "mi-card" },
    h("h2", { tabindex: "-1", "data-head": true }, `Practice ${practice.number} of ${practice.of}: ${practice.source} does not reach ${practice.target}`),
    h("p", { class: "mi-small" }, `Look at the tables, then name the cause. Right so far: ${practice.right} of ${practice.done}.`),
    practice.tables.map((table) => fold(table.title, tableView(table))),
    form, marked ? markedView(marked) : null,
    h("div", { class: "mi-tools" },
      h("button", { type: "button", "data-key": "practice-next", onclick: () => send({ do: "practice", value: "next" }) }, "Next exercise"),
      marked ? h("button", { type: "button", "data-key": "practice-open", onclick: () => send({ do: "case", value: marked.case }) }, "Open this case below") : null,
      h("button", { type: "button", class: "mi-quiet", "data-key": "practice-close", onclick: () => send({ do: "practice", value: "close" }) }, "Close")));
}

function markedView(marked) {
  const frame = h("div", { class: "mi-picture" });
  if (marked.svg) frame.append(new DOMParser().parseFromString(marked.svg, "image/svg+xml").documentElement);
  return h("div", { role: "status" },
    h("p", { class: `mi-result ${marked.right ? "reachable" : "blocked"}` }, h("b", {}, marked.right ? "✓ Right. " : "✗ Not this. "), `The cause: ${marked.title}.`),
    h("p", {}, marked.why), marked.not_chosen ? h("p", {}, marked.not_chosen) : null,
    h("p", { class: "mi-small" }, `${marked.case_title}. ${marked.story}`),
    marked.evidence.map(([document, pointer, value]) => h("p", { class: "mi-small" }, h("code", {}, `${document} ${pointer} = ${value}`))),
    frame);
}
