// The screen: parts are drawn again only where their values changed; focus and what was typed stay.

function render({ model, el }) {
  const root = h("div", { class: "miw-screen", "data-lm-suppress-shortcuts": "true" });
  keepKeys(root);
  el.append(root);
  const live = h("div", { class: "mi-hidden", "aria-live": "polite" });
  const keep = {};
  let wanted = null; // the step whose heading is to get the focus once it is on the screen
  const send = (message, buffers) => {
    working.busy();
    model.send(message, undefined, buffers);
  };
  const names = ["practice", "start", "message", "talk", "evidence", "verdict", "steps", "step", "ask", "more"];
  const homes = Object.fromEntries(names.map((name) => [name, h("div", { class: `mi-${name}` })]));
  const sources = {
    practice: (s) => s.practice, talk: (s) => [s.talk, !!s.verdict], start: (s) => [s.choose, s.question, !!s.evidence], message: (s) => [s.error, s.notice], evidence: (s) => s.evidence,
    verdict: (s) => [s.verdict, s.cause, s.next, s.depth], steps: (s) => s.steps, step: (s) => [s.step, s.parts, s.depth],
    ask: (s) => [s.ask, s.verdict], more: (s) => [!!s.verdict, s.tables, s.notes],
  };
  const makers = { practice: practiceView, talk: talkView, start: startView, message: messageView, evidence: evidenceView, verdict: verdictView, steps: stepsView, step: stepView, ask: askView, more: moreView };
  const working = workingView(model, root, live);
  root.append(working.box, homes.practice, homes.start, homes.message, homes.talk, homes.evidence, homes.verdict,
    h("div", { class: "mi-walk" }, homes.steps, homes.step), homes.ask, homes.more, live);
  const goTo = (step) => { wanted = step; send({ do: "step", value: step }); };
  const roomOf = (key) => (/^(talk-|fits-|leads)/.test(key) ? "talk" : /^(practice|mark|cause-)/.test(key) ? "practice" : "none");
  const headOf = (key) => root.querySelector(`.mi-${roomOf(key)} [data-head]`);
  const tools = { send, give: working.give, goTo, limit: () => model.get("limit"), say: (text) => { live.textContent = text; } };

  function draw() {
    const values = model.get("screen");
    const focused = el.getRootNode().activeElement;
    const key = root.contains(focused) ? focused.dataset.key : null;
    for (const name of names) {
      const now = JSON.stringify(sources[name](values) ?? null); // a kernel inside the browser sends None as undefined
      if (keep[name] === now) continue;
      keep[name] = now;
      homes[name].replaceChildren(...[makers[name](values, tools)].flat().filter(Boolean));
    }
    root.classList.toggle("answered", !!values.verdict);
    working.rest();
    const arrived = wanted !== null && !!values.step && values.step.id === wanted;
    const heading = arrived && root.querySelector(".mi-step h2");
    const again = key && root.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (heading) heading.focus();
    else if (again && again !== focused) again.focus();
    else if (key && !again) headOf(key)?.focus(); // the button that was pressed is gone: on to what it led to
    if (arrived || values.error) wanted = null;
    if (values.error) root.querySelector(".mi-alert")?.scrollIntoView({ block: "nearest" }); // what was pressed may stand far below
  }
  model.on("change:screen", draw);
  model.on("msg:custom", (message) => {
    if (message.save) offer(message.save, message.type, message.text);
    if (message.copy) toClipboard(message.copy).then((done) => tools.say(done ? "The summary was copied." : "Copying was refused."));
  });
  draw();
  const ends = [followTheme(root), watchWidth(root)];
  return () => ends.forEach((end) => end());
}

function startView(values, tools) {
  const { send } = tools;
  const { choose, question } = values;
  const scenario = h("select", { "data-key": "scenario" }, options(choose.scenarios, choose.scenario));
  scenario.addEventListener("change", () => send({ do: "scenario", value: scenario.value }));
  const one = h("select", { "data-key": "case" }, options(choose.cases, choose.case));
  one.addEventListener("change", () => one.value && send({ do: "case", value: one.value }));
  const evidence = h("fieldset", {}, h("legend", {}, "1. Evidence"),
    dropView(tools),
    h("div", { class: "mi-row" }, field("Scenario", scenario), field("Built-in case", one, "wide")),
    values.evidence ? null : fold("Which commands collect the evidence?",
      h("p", {}, "Run those that fit with the Azure CLI, then drop all files here at once. Reader on the resource groups is enough."),
      commandBox("Azure CLI", choose.collect)));
  return [evidence, question ? questionView(question, send) : null];
}

function questionView(question, send) {
  const lists = [freshId(), freshId()];
  const choice = (list, id) => h("datalist", { id }, list.map((value) => h("option", { value })));
  const input = (key, value, list, hint) => {
    const made = h("input", { type: "text", list, "data-key": key, placeholder: hint, autocomplete: "off", spellcheck: "false", title: value || null });
    made.value = value;
    return made;
  };
  const source = input("source", question.source, lists[0], "type to search");
  const target = input("target", question.target, lists[1], "as the application has it");
  const endpoint = h("select", { "data-key": "endpoint" }, options(question.endpoints, question.endpoint));
  const asked = [question.source, question.target, question.endpoint].join("\n");
  const ask = () => send({ do: "ask", source: source.value, target: target.value, endpoint: endpoint.value });
  for (const one of [source, target, endpoint])
    one.addEventListener("change", () => [source.value, target.value, endpoint.value].join("\n") !== asked && ask());
  const form = h("form", { class: "mi-row" }, field("Source", source), field("Server name", target, "long"),
    field("Endpoint", endpoint), h("button", { type: "submit", class: "mi-main", "data-key": "ask" }, "Diagnose"),
    choice(question.sources, lists[0]), choice(question.targets, lists[1]));
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  return h("fieldset", {}, h("legend", {}, "2. Question: what cannot reach what?"), form);
}

function evidenceView(values, { send }) {
  const held = values.evidence;
  if (!held) return null;
  const missing = held.missing.length;
  return h("details", { open: held.problems.length > 0 },
    h("summary", {}, h("b", {}, "Known: "), `${held.count} resources, ${held.complete}; `,
      !held.asked ? "no question was asked yet" : missing ? `${missing} ${missing === 1 ? "piece" : "pieces"} of evidence missing for this question` : "nothing missing for this question"),
    h("p", {}, `From ${held.opened}${held.at ? `, collected ${held.at}` : ""}: ${held.kinds.join(", ")}.`),
    held.problems.length ? h("ul", {}, held.problems.map((one) => h("li", {}, `Could not be read: ${one}`))) : null,
    missing ? h("ul", {}, held.missing.map((gap) => h("li", {}, h("b", {}, `Missing: ${gap.missing}. `), gap.why, " ", h("i", {}, "Get it: "), gap.how))) : null,
    h("p", {}, h("button", { type: "button", class: "mi-quiet", "data-key": "forget", onclick: () => send({ do: "forget" }) }, "Put this evidence away")));
}

function verdictView(values, { send }) {
  const { verdict, cause } = values;
  if (!verdict) return null;
  const depth = (value, label) => {
    const radio = h("input", { type: "radio", name: "mi-depth", value, checked: values.depth === value, "data-key": `depth-${value}` });
    radio.addEventListener("change", () => send({ do: "depth", value }));
    return h("label", {}, radio, " ", label);
  };
  const download = (value, label, name = null) => h("button", { type: "button", class: "mi-quiet", "data-key": `get-${value}`, "aria-label": name, title: name,
    onclick: () => send({ do: "download", value }) }, label);
  return [
    h("div", { class: `mi-banner ${verdict.kind}`, role: "status", tabindex: "-1" },
      h("div", { class: "mi-word" }, h("span", { "aria-hidden": "true" }, `${verdict.sign} `), verdict.kind.toUpperCase()),
      h("div", {}, h("div", { class: "mi-headline" }, verdict.headline), h("div", { class: "mi-small" }, verdict.question))),
    cause ? h("div", { class: "mi-cause" },
      h("p", {}, h("b", {}, `${cause.label}: ${cause.title}`)), cause.says ? h("p", {}, cause.says) : null, cause.proof ? h("p", {}, cause.proof) : null) : null,
    h("p", { class: "mi-next" }, h("b", {}, "Next: "), values.next),
    h("div", { class: "mi-bar" },
      h("fieldset", { class: "mi-depth" }, h("legend", {}, "Explain for"), depth("owner", "application owner"), depth("engineer", "network engineer")),
      h("div", { class: "mi-tools" }, download("ticket", "Copy summary for a ticket"), download("html", "report.html", "Download report.html"),
        download("markdown", "report.md", "Download report.md"), download("redacted", "Redacted report"), download("session", "Save session"), download("redacted-session", "Redacted session"))),
  ];
}

function stepsView(values, { goTo }) {
  if (!values.steps.length) return null;
  return h("nav", { "aria-label": "Steps of the decision tree" }, h("ol", {}, values.steps.map((step) => {
    const words = [h("span", { class: "mi-sign", "aria-hidden": "true" }, step.sign || (step.open ? "►" : "·")),
      h("span", {}, step.title, step.word ? h("span", { class: "mi-outcome" }, ` ${step.word}`) : null)];
    const props = { class: `mi-point ${step.kind}`, "aria-current": step.current ? "step" : null };
    return h("li", {}, step.group ? h("div", { class: "mi-group" }, step.group) : null, step.open
      ? h("button", { ...props, type: "button", "data-key": `step-${step.id}`, onclick: () => goTo(step.id) }, words)
      : h("div", props, words));
  })));
}

function stepView(values, { send, goTo }) {
  const { step, parts, depth } = values;
  if (!step) return null;
  const turn = (to, label) => h("button", { type: "button", "data-key": label, disabled: !to, onclick: () => goTo(to) }, label);
  const drawn = parts.map((part) => partView(part, depth, send)).filter(Boolean);
  return [
    h("div", { class: "mi-tools mi-turn" }, turn(step.back, "Back"), turn(step.next, "Next step"), h("span", { class: "mi-small" }, `Step ${step.number} of ${step.of}`)),
    h("h2", { tabindex: "-1" }, step.title),
    step.result ? h("p", { class: `mi-result ${step.kind}` }, h("b", {}, "The evidence says: "), step.result) : null,
    h("p", {}, h("b", {}, "Look at: "), step.look),
    depth === "engineer" ? h("p", { class: "mi-small" }, `${step.why} Source: ${step.source}.`) : h("p", { class: "mi-small" }, step.why),
    step.leads ? h("p", {}, h("button", { type: "button", "data-key": "leads", onclick: () => send({ do: "talk", value: step.leads[1] }) },
      `Go on with questions: ${step.leads[0]}`)) : null,
    ...followView(step, send),
    ...drawn,
  ];
}

/** What a step of a disagreement has besides: the commands for it, its question, and at an end who must act. */
function followView(step, send) {
  const answer = (given, words) => h("button", { type: "button", "data-key": `say-${given}`, "aria-pressed": step.asks.given === given ? "true" : "false",
    onclick: () => send({ do: "say", step: step.id, value: step.asks.given === given ? "" : given }) }, words);
  return [
    step.who ? h("p", {}, h("b", {}, "Must act: "), step.who) : null,
    step.suspects.length ? h("ul", {}, step.suspects.map((one) => h("li", {}, `Suspected: ${one}`))) : null,
    ...step.commands.map(([place, run]) => commandBox(place, [run])),
    step.commands.length ? h("p", { class: "mi-small" }, "Run what fits its place, and paste the output below: it is judged again.") : null,
    step.asks ? h("fieldset", {}, h("legend", {}, step.asks.asks),
      step.asks.counts ? null : h("p", { class: "mi-small" }, "The evidence has settled this step; an answer does not count here."),
      h("div", { class: "mi-tools" }, step.asks.answers.map(([says, given]) => answer(given, says)))) : null,
  ].filter(Boolean);
}

function partView(part, depth, send) {
  if (part.kind === "picture") return pictureView(part, send);
  if (part.kind === "repair") return repairView(part, depth);
  if (part.kind === "table") return depth === "owner" ? fold(part.title, tableView(part)) : tableView(part);
  return part.text ? h("p", { class: "mi-note" }, part.text) : null;
}

function moreView(values) {
  if (!values.verdict) return null;
  return [
    fold("All tables", values.tables.map((table) => tableView(table))),
    values.notes && values.notes.length ? fold("What was not checked", h("ul", {}, values.notes.map((note) => h("li", {}, note)))) : null,
  ];
}

export default { render };
