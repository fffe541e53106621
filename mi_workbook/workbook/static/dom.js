// Small helpers. Texts of the evidence become text nodes only; nothing here makes markup of them.

/** An element with attributes, listeners ("onclick") and children; null and false children are left out. */
function h(tag, props = {}, ...kids) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...kids.flat().filter((kid) => kid !== null && kid !== undefined && kid !== false && kid !== ""));
  return el;
}

/** Offer a text, or a Blob, as a file. */
function offer(name, type, content) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Put a text on the clipboard; pages without a secure context have the older way only. */
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { style: "position:fixed;opacity:0", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** A button that copies what `make` gives, and says so. */
function copyButton(label, make, about) {
  const button = h("button", { type: "button", class: "mi-quiet", "aria-label": about ? `${label}: ${about}` : null }, label);
  button.addEventListener("click", async () => {
    button.textContent = (await toClipboard(make())) ? "Copied ✓" : "Select and press Ctrl+C";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

let made = 0;
/** An id that no other view of this page has. */
const freshId = () => `miw-${(made += 1)}-${Math.random().toString(36).slice(2, 8)}`;

/** A labelled field; `wide` or `long` for long values. */
function field(label, control, wide = "") {
  control.id = freshId();
  return h("div", { class: `mi-field ${wide}`.trim() }, h("label", { for: control.id }, label), control);
}

/** A fold that is closed at first. */
function fold(title, ...kids) {
  return h("details", {}, h("summary", {}, title), ...kids);
}
