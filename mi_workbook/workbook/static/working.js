// Long work: what is being done and how far it is, with Cancel; and files sent in parts that a server lets through.

const PART = 4 * 1024 * 1024;

/** The bar above a screen. It follows the kernel's `working`, and what this page itself sends. */
function workingView(model, root, live) {
  const words = h("span", {});
  const bar = h("progress", { "aria-label": "How far it is" });
  const button = h("button", { type: "button", "data-key": "cancel" }, "Cancel");
  const box = h("div", { class: "mi-working", role: "group", "aria-label": "Work in progress", hidden: true }, words, bar, button);
  let stop = null; // ends what this page sends
  let ending = false; // pressed: the button stays as it is, so that the focus stays
  button.addEventListener("click", () => {
    if (ending || button.getAttribute("aria-disabled") === "true") return;
    ending = true;
    stop?.();
    model.send({ do: "cancel" });
    words.textContent = "Ending ...";
  });
  const show = ({ what, done = 0, of = 0, ends = true }) => {
    if (!what) {
      const had = box.contains(box.getRootNode().activeElement);
      box.hidden = true;
      root.classList.remove("telling");
      if (had) root.querySelector(".mi-message [role=alert]")?.focus();
      return;
    }
    if (box.hidden) {
      ending = false;
      live.textContent = `${what}. Cancel is at the top of the screen.`;
    }
    if (!ending) words.textContent = of ? `${what}: ${Math.floor((100 * done) / of)} %` : `${what} ...`;
    if (of) { bar.max = of; bar.value = done; } else bar.removeAttribute("value");
    button.setAttribute("aria-disabled", String(!ends)); // hidden or disabled it would lose the focus
    box.hidden = false;
    root.classList.add("telling");
  };
  const busy = () => {
    root.classList.add("busy");
    root.setAttribute("aria-busy", "true");
  };
  const rest = () => {
    root.classList.remove("busy");
    root.removeAttribute("aria-busy");
  };
  const give = async (files) => {
    busy();
    if (!(await giveFiles(model, files, show, (end) => { stop = end; }))) rest();
  };
  model.on("change:working", () => show(model.get("working")));
  return { box, busy, rest, give };
}

/** Send files in parts, each after the one before was taken. Resolves to false where they did not all go. */
async function giveFiles(model, files, show, ending) {
  const drop = freshId();
  const whole = files.reduce((sum, file) => sum + file.size, 0);
  let taken = () => {};
  const hear = (message) => { if ("next" in message) taken(message.next >= 0); };
  model.on("msg:custom", hear);
  let stopped = false;
  ending(() => { stopped = true; taken(false); });
  try {
    let sent = 0;
    for (const [number, file] of files.entries()) {
      for (let at = 0; at === 0 || at < file.size; at += PART) {
        const data = await file.slice(at, at + PART).arrayBuffer();
        if (stopped) return false;
        const last = number === files.length - 1 && at + PART >= file.size;
        const next = last ? true : new Promise((resolve) => { taken = resolve; });
        model.send({ do: "part", drop, first: number === 0 && at === 0, file: number, name: file.name, last }, undefined, [data]);
        sent += data.byteLength;
        if (whole > PART) show({ what: "Sending to the notebook", done: sent, of: whole });
        if (!(await next) || stopped) return false;
      }
    }
    return true;
  } finally {
    model.off("msg:custom", hear);
    ending(null);
    show({});
  }
}
