// What to ask the person at the source, and what their pasted answer shows.

function askView(values, { send }) {
  const { ask, verdict } = values;
  if (!ask || !verdict) return null;
  const place = h("select", { "data-key": "place" }, options(ask.places, ask.place));
  place.addEventListener("change", () => send({ do: "request", value: place.value }));
  const area = h("textarea", { rows: 5, "data-key": "paste", spellcheck: "false" });
  const ran = h("select", { "data-key": "ran-at" }, options([[`The source of the question: ${ask.here}`, ""],
    ...ask.elsewhere.filter((one) => one !== ask.here).map((one) => [`Elsewhere: ${one}`, one])], ""));
  const form = h("form", {}, field("Paste what came back: any console output, several pieces at once, or the JSON of az or of mi-workbook probe", area),
    field("It was run at", ran), h("button", { type: "submit", "data-key": "read" }, "Read the paste"));
  form.addEventListener("submit", (event) => { event.preventDefault(); send({ do: "paste", value: area.value, place: ran.value }); });
  const asked = ask.request;
  const body = fold("Ask the person at the source, and read their answer",
    field("Where will the commands run?", place),
    asked ? h("div", {}, h("p", {}, `${asked.opens} ${asked.takes}`), commandBox("Commands", asked.lines),
      copyButton("Copy the whole request as a message", () => asked.message)) : null,
    form,
    ask.loose.map((one) => looseView(one, send)),
    ask.read.length ? pasteView(ask, verdict) : null,
    ask.answers.map((one) => h("article", { class: "mi-card" },
      h("p", {}, h("b", {}, `${one.sign} ${one.says}`), " ", h("span", { class: "mi-tag" }, one.word)),
      h("p", {}, one.proves), h("p", { class: "mi-small" }, one.not), h("p", {}, h("b", {}, "Next test: "), one.next))),
    ask.left.length ? fold(`Not understood: ${ask.left.length} lines`, h("ul", {}, ask.left.map((line) => h("li", {}, h("code", {}, line))))) : null);
  body.open = verdict.kind === "unknown" || !!ask.place || ask.read.length > 0 || ask.loose.length > 0;
  return body;
}

/** What was read, and the verdict with it: the answer itself stands far above. */
function pasteView({ read, answers }, verdict) {
  const up = (event) => event.target.closest(".miw-screen").querySelector(".mi-banner").focus();
  return h("div", { class: "mi-note" },
    h("p", {}, `Read: ${read.join("; ")}. Its rows stand in 'All tables'.`, answers.length ? "" : " Nothing follows from it for this question by itself."),
    h("p", {}, "The verdict with it: ", h("b", {}, `${verdict.sign} ${verdict.kind.toUpperCase()}. `), verdict.headline, " ",
      h("button", { type: "button", class: "mi-quiet", "data-key": "up", onclick: up }, "Show the whole answer")));
}

/** A pasted table that names no owner: nothing is judged by it until somebody says whose it is, and that it is whole. */
function looseView(one, send) {
  const owner = h("select", { "data-key": `owner-${one.position}` }, options([["Choose ...", ""], ...one.choices], ""));
  const rows = h("input", { type: "number", min: "0", "data-key": `rows-${one.position}` });
  rows.value = one.whole ? String(one.rows) : "";
  const form = h("form", { class: "mi-note" },
    h("p", {}, h("b", {}, "Not judged by yet: "), `${one.title}. Which ${one.owner} is it of, and how many rows did Azure show?`),
    field("It is of", owner), field("Rows that Azure showed", rows),
    h("button", { type: "submit", "data-key": `own-${one.position}` }, "Judge by this table"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send({ do: "own", value: one.position, owner: owner.value, rows: Number.parseInt(rows.value, 10) || 0 });
  });
  return form;
}
