// Questions to the person at the screen: one at a time, with what each answer proved, and where they end.

function talkView(values, { send }) {
  const { talk } = values;
  const trees = h("select", { "data-key": "talk-tree" }, options(talk.trees, talk.tree));
  trees.addEventListener("change", () => send({ do: "talk", value: trees.value }));
  const area = h("textarea", { rows: 3, "data-key": "error-text", spellcheck: "false" });
  const form = h("form", {}, field("Paste the error text, or the connection string (its password is dropped while reading)", area),
    h("button", { type: "submit", "data-key": "read-error" }, "Read it"));
  form.addEventListener("submit", (event) => { event.preventDefault(); send({ do: "error-text", value: area.value }); });
  const body = fold("Where to begin: questions, an error text, or the evidence itself",
    field("Questions about", trees),
    talk.intro ? h("p", { class: "mi-small" }, talk.intro) : null,
    trailView(talk, send), talk.end ? endView(talk, send) : talk.step ? askedView(talk.step, send) : null,
    form, readView(talk.read), choicesView("What you pasted speaks of", talk.proposed, send),
    choicesView("The evidence holds the parts of", talk.fits, send));
  body.open = !!talk.tree || !!talk.read || !values.verdict;
  return body;
}

function trailView(talk, send) {
  if (!talk.trail.length) return null;
  return h("ol", { class: "mi-trail", "aria-label": "Questions answered so far" }, talk.trail.map((one, number) => h("li", {},
    `${one.asks} `, h("b", {}, one.says), ". ", h("span", { class: "mi-small" }, one.proves), " ",
    h("button", { type: "button", class: "mi-quiet", "data-key": `talk-again-${number}`, "aria-label": `Change the answer: ${one.asks}`,
      onclick: () => send({ do: "revisit", value: number }) }, "Change"))));
}

function askedView(step, send) {
  return h("div", { class: "mi-card" },
    h("h3", { tabindex: "-1", "data-head": true }, `${step.number}. ${step.asks || step.title}`),
    h("p", {}, h("b", {}, "Look at: "), step.look),
    h("p", { class: "mi-small" }, `${step.why} Source: ${step.source}.`),
    h("div", { class: "mi-answers", role: "group", "aria-label": step.asks }, step.answers.map(([says, id]) =>
      h("button", { type: "button", "data-key": `talk-${step.id}-${id}`, onclick: () => send({ do: "answer", value: id }) }, says))));
}

const ENDS = { repair: "What your answers point at", evidence: "Evidence is needed", escalation: "Hand it on", tree: "Go on with" };

function endView(talk, send) {
  const { end } = talk;
  return h("div", { class: "mi-card" },
    h("h3", { tabindex: "-1", "data-head": true }, ENDS[end.kind] || "The end"),
    h("p", {}, end.scenario ? `${end.scenario_title}: ${end.look}` : end.look),
    end.suspects.map((one) => h("article", { class: "mi-card" },
      h("h4", {}, one.title, " ", h("span", { class: "mi-tag" }, one.code), " ", h("span", { class: "mi-tag" }, one.safety)),
      h("p", {}, one.says), h("p", {}, h("b", {}, "Repair: "), one.does),
      one.az.length ? commandBox("Azure CLI", one.az) : null,
      one.portal.length ? h("p", { class: "mi-small" }, `Portal: ${one.portal.join("; ")}`) : null,
      one.undo ? h("p", { class: "mi-small" }, `Undo: ${one.undo}`) : null, one.how ? h("p", { class: "mi-small" }, one.how) : null)),
    h("div", { class: "mi-tools" },
      copyButton("Copy what was asked and answered", () => end.note, "a note to hand on"),
      h("button", { type: "button", class: "mi-quiet", "data-key": "talk-restart", onclick: () => send({ do: "talk", value: talk.tree }) }, "Begin again")));
}

function readView(read) {
  if (!read) return null;
  return h("div", { class: "mi-card" },
    read.servers.length ? h("p", {}, h("b", {}, "Server: "), read.servers.join("; ")) : null,
    read.flaws.length ? h("ul", {}, read.flaws.map((one) => h("li", {}, one))) : null,
    read.error ? h("p", {}, h("b", {}, `${read.error} `), h("span", { class: "mi-tag" }, `layer: ${read.layer}`)) : null,
    read.proves ? h("p", {}, read.proves) : null,
    read.rules_out ? h("p", {}, h("b", {}, "Ruled out: "), read.rules_out) : null,
    read.next ? h("p", {}, h("b", {}, "Next test: "), read.next) : null,
    read.not_understood ? h("p", {}, "No error known here was found in it: send the innermost message, with its number.") : null);
}

function choicesView(title, list, send) {
  if (!list.length) return null;
  return h("div", {}, h("p", {}, h("b", {}, `${title}:`)), h("ul", {}, list.map((one) => h("li", {},
    h("button", { type: "button", class: "mi-quiet", "data-key": `fits-${one.id}`,
      onclick: () => send(one.asks ? { do: "talk", value: one.id } : { do: "scenario", value: one.id }) }, one.title),
    " ", h("span", { class: "mi-small" }, one.why.join(" "))))));
}
