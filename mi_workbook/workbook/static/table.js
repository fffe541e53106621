// A table that sorts, searches, pages and copies. A cell is a text, or [text, mark, reason].

const PAGE = 100;
const MARKUP = /([\\`*_{}\[\]()#+!|~>])/g;

const shownText = (cell, signs) =>
  Array.isArray(cell) ? signs[cell[1]] + cell[0] + (cell[2] ? ` (${cell[2]})` : "") : cell;

/** A cell of CSV that no spreadsheet takes for a formula; the same as csv_cell in views/html.py. */
function csvCell(text) {
  const guarded = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return `"${guarded.replaceAll('"', '""')}"`;
}

/** Text for Markdown; the same as md in views/html.py. */
const mdCell = (text) => text.trim().split(/\s+/).join(" ").replace(MARKUP, "\\$1").replaceAll("<", "&lt;");

function asCsv(table, rows) {
  const lines = [table.columns.map(csvCell), ...rows.map((row) => row.map((cell) => csvCell(shownText(cell, table.signs))))];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function asMarkdown(table, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [`**${mdCell(table.title)}**`, "", line(table.columns.map(mdCell)), `|${" --- |".repeat(table.columns.length)}`,
    ...rows.map((row) => line(row.map((cell) => mdCell(shownText(cell, table.signs)))))].join("\n");
}

const byNature = new Intl.Collator(undefined, { numeric: true });

/** The table with its tools; `level` is the level of its heading. */
function tableView(table, level = "h3") {
  const texts = table.rows.map((row) => row.map((cell) => shownText(cell, table.signs)));
  const bare = (at, column) => { const cell = table.rows[at][column]; return Array.isArray(cell) ? cell[0] : cell; };
  const found = texts.map((row) => row.join("\n").toLowerCase());
  const view = { column: -1, down: false, sought: "", page: 0 };
  const order = () => {
    const kept = table.rows.map((_, at) => at).filter((at) => found[at].includes(view.sought));
    const sign = view.down ? -1 : 1;
    if (view.column >= 0) kept.sort((a, b) => sign * byNature.compare(bare(a, view.column), bare(b, view.column)) || a - b);
    return kept;
  };
  const rows = () => order().map((at) => table.rows[at]);
  const body = h("tbody");
  const count = h("span", { class: "mi-count", "aria-live": "polite" });
  const pages = h("span");
  const heads = table.columns.map((name, at) => {
    const mark = h("span", { "aria-hidden": "true", class: "mi-sort" }, "↕");
    const button = h("button", { type: "button", title: "Sort by this column" }, name, mark);
    button.addEventListener("click", () => {
      view.down = view.column === at && !view.down;
      view.column = at;
      view.page = 0;
      draw();
    });
    return h("th", { scope: "col" }, button);
  });
  function cellView(cell) {
    const marked = Array.isArray(cell);
    return h("td", { class: marked ? cell[1] || null : null, title: marked ? cell[2] || null : null }, shownText(cell, table.signs));
  }
  function draw() {
    const kept = order();
    const last = Math.max(0, Math.ceil(kept.length / PAGE) - 1);
    view.page = Math.min(view.page, last);
    const from = view.page * PAGE;
    const slice = kept.slice(from, from + PAGE);
    body.replaceChildren(...slice.map((at) => h("tr", {}, table.rows[at].map(cellView))));
    heads.forEach((head, at) => {
      const sorted = at === view.column;
      if (sorted) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
      head.querySelector(".mi-sort").textContent = sorted ? (view.down ? "▼" : "▲") : "↕";
    });
    const range = kept.length > PAGE ? `rows ${from + 1} to ${from + slice.length} of ` : "";
    count.textContent = `${range}${kept.length}${kept.length < table.rows.length ? ` found in ${table.rows.length}` : ""} ${kept.length === 1 ? "row" : "rows"}`;
    const turn = (by, label, off) =>
      h("button", { type: "button", class: "mi-quiet", disabled: off, onclick: () => { view.page += by; draw(); } }, label);
    pages.replaceChildren(...(last ? [turn(-1, "Earlier rows", !view.page), turn(1, "Later rows", view.page === last)] : []));
  }
  const search = h("input", { type: "search", placeholder: "Search this table", "aria-label": `Search: ${table.title}` });
  search.addEventListener("input", () => {
    view.sought = search.value.toLowerCase();
    view.page = 0;
    draw();
  });
  draw();
  return h("section", { class: "mi-table", "data-table": table.id },
    h(level, {}, table.title),
    h("div", { class: "mi-tools" }, table.rows.length > 8 ? search : null, count, pages,
      copyButton("Copy CSV", () => asCsv(table, rows()), table.title),
      copyButton("Copy Markdown", () => asMarkdown(table, rows()), table.title)),
    h("div", { class: "mi-scroll", tabindex: "0", role: "region", "aria-label": table.title },
      h("table", {}, h("thead", {}, h("tr", {}, heads)), body)));
}
