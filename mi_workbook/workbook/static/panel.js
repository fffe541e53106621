// A tool with a form: parts are drawn again only where their values changed; focus and what was typed stay.

function render({ model, el }) {
  const root = h("section", { class: "miw-screen miw-panel", "aria-label": model.get("shown").title, "data-lm-suppress-shortcuts": "true" });
  keepKeys(root);
  el.append(root);
  const live = h("div", { class: "mi-hidden", "aria-live": "polite" });
  const names = ["head", "source", "message", "form", "answer"];
  const homes = Object.fromEntries(names.map((name) => [name, h("div", { class: name === "message" ? "mi-message" : null })]));
  const working = workingView(model, root, live);
  root.append(working.box, ...Object.values(homes), live);
  const keep = {};
  let round = null;
  const send = (message, buffers) => {
    working.busy();
    model.send(message, undefined, buffers);
  };
  const ask = () => send({ do: "ask", values: valuesOf(homes.form) });
  const tools = { send, ask, give: working.give, limit: () => model.get("limit"), say: (text) => { live.textContent = text; } };
  const makers = { head: headView, source: sourceView, message: messageView, form: formView, answer: answerView };
  const parts = { head: (s) => s.title, source: (s) => s.evidence, message: (s) => s.error, form: (s) => s.fields, answer: (s) => s.answer };

  function draw() {
    const values = model.get("shown");
    const focused = el.getRootNode().activeElement;
    const key = root.contains(focused) ? focused.dataset.key : null;
    const typed = round === values.round ? valuesOf(homes.form) : {};
    for (const name of names) {
      const now = JSON.stringify(parts[name](values) ?? null);
      if (keep[name] === now) continue;
      keep[name] = now;
      homes[name].replaceChildren(...[makers[name](values, tools)].flat().filter(Boolean));
      if (name === "form") retype(homes.form, typed);
    }
    round = values.round;
    working.rest();
    const again = key && root.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (again && again !== focused) again.focus();
  }
  model.on("change:shown", draw);
  draw();
  const ends = [followTheme(root), watchWidth(root)];
  return () => ends.forEach((end) => end());
}

/** The values of all fields by name. */
function valuesOf(home) {
  const found = {};
  for (const one of home.querySelectorAll("[data-name]"))
    if (one.type !== "radio" || one.checked) found[one.dataset.name] = one.value;
  return found;
}

/** Put back what was typed while the answer was on its way. */
function retype(home, typed) {
  for (const one of home.querySelectorAll("input[type=text][data-name], textarea[data-name]"))
    if (one.dataset.name in typed) one.value = typed[one.dataset.name];
}

function headView(values) {
  return [h("h2", { class: "mi-hidden" }, values.title), h("p", {}, values.words)];
}

function sourceView(values, tools) {
  const { send } = tools;
  const held = values.evidence;
  if (!held) return null;
  const one = h("select", { "data-key": "case" }, options(held.cases, held.case));
  one.addEventListener("change", () => one.value && send({ do: "case", value: one.value }));
  return h("fieldset", {}, h("legend", {}, held.optional ? "Evidence, where you have some" : "Evidence"), dropView(tools),
    h("div", { class: "mi-row" }, field("Built-in case", one)),
    held.collect.length && !held.known ? fold("Which commands collect the evidence?",
      h("p", {}, "Run those that fit with the Azure CLI, then drop all files here at once. Reader on the resource groups is enough."),
      commandBox("Azure CLI", held.collect)) : null,
    held.known ? h("p", { class: "mi-small" }, h("b", {}, "Known: "), held.known) : null);
}

function formView(values, { ask }) {
  if (!values.fields.length) return null;
  const form = h("form", { class: "mi-form" }, values.fields.map((one) => controlView(one, ask)),
    h("div", { class: "mi-tools" }, h("button", { type: "submit", class: "mi-main", "data-key": "ask" }, values.button)));
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  return form;
}

function controlView(one, ask) {
  const named = { "data-key": `field-${one.name}`, "data-name": one.name };
  if (one.kind === "radio") return radiosView(one, ask);
  if (one.kind === "choice") {
    const select = h("select", named, options(one.options, one.value));
    select.addEventListener("change", ask);
    return field(one.label, select);
  }
  const plain = { ...named, placeholder: one.hint, spellcheck: "false", autocomplete: "off" };
  const control = one.kind === "lines" ? h("textarea", { ...plain, rows: 3 }) : h("input", { ...plain, type: "text" });
  control.value = one.value;
  return field(one.label, control);
}

function radiosView(one, ask) {
  const group = freshId();
  return h("fieldset", { class: "mi-radios" }, h("legend", {}, one.label), [["Not answered yet", ""], ...one.options].map(([words, value]) => {
    const radio = h("input", { type: "radio", name: group, value, checked: one.value === value, "data-name": one.name, "data-key": `field-${one.name}-${value}` });
    radio.addEventListener("change", ask);
    return h("label", {}, radio, h("span", {}, words));
  }));
}

function answerView(values) {
  const { answer } = values;
  if (!answer) return null;
  return [
    h("p", { role: "status", class: `mi-says ${answer.mark}` }, answer.sign ? h("b", { "aria-hidden": "true" }, `${answer.sign} `) : null, answer.says),
    answer.tables.map((table) => tableView(table)),
    answer.warnings.length ? h("section", {}, h("h3", {}, "Before you do it"), h("ul", {}, answer.warnings.map((one) => h("li", {}, one)))) : null,
    answer.commands.map((one) => commandBox(one.title, one.lines)),
  ].flat();
}

export default { render };
