// The picture: zoom, pan, details on click, export. Its SVG was made, and escaped, by views/drawing.py.

function pictureView(part, send) {
  const svg = new DOMParser().parseFromString(part.svg, "image/svg+xml").documentElement;
  const whole = svg.getAttribute("viewBox").split(" ").map(Number);
  let view = [...whole];
  const show = () => svg.setAttribute("viewBox", view.join(" "));
  const zoom = (by) => {
    const [x, y, width, height] = view;
    view = [x + (width * (1 - by)) / 2, y + (height * (1 - by)) / 2, width * by, height * by];
    show();
  };
  const move = (dx, dy) => { view = [view[0] + dx * view[2], view[1] + dy * view[3], view[2], view[3]]; show(); };
  const facts = h("div", { class: "mi-facts", "aria-live": "polite" });
  const tell = (name) => {
    const rows = part.details[name];
    if (!rows) return;
    svg.querySelectorAll("[data-about]").forEach((one) => one.classList.toggle("chosen", one.dataset.about === name));
    facts.replaceChildren(h("dl", {}, rows.map(([label, text]) => h("div", {}, h("dt", {}, label), h("dd", {}, text)))));
  };
  svg.querySelectorAll("[data-about]").forEach((one) => {
    one.setAttribute("tabindex", "0");
    one.setAttribute("role", "button");
    one.addEventListener("click", () => tell(one.dataset.about));
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      tell(one.dataset.about);
    });
  });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; });
  svg.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const box = svg.getBoundingClientRect();
    move((held[0] - event.clientX) / box.width, (held[1] - event.clientY) / box.height);
    held = [event.clientX, event.clientY];
  });
  const button = (label, act, about) => h("button", { type: "button", class: "mi-quiet", onclick: act, "aria-label": about }, label);
  const others = part.others || part.all;
  svg.setAttribute("role", "group");
  return h("section", { class: "mi-picture" },
    h("h3", {}, "The picture"),
    h("div", { class: "mi-tools" },
      button("+", () => zoom(0.8), "Zoom in"), button("−", () => zoom(1.25), "Zoom out"),
      button("←", () => move(-0.2, 0), "Move left"), button("→", () => move(0.2, 0), "Move right"),
      button("Whole picture", () => { view = [...whole]; show(); }),
      others ? button(part.all ? "Only the path" : `Show ${part.others} more networks`, () => send({ do: "networks", value: !part.all })) : null,
      button("Save SVG", () => offer("path.svg", "image/svg+xml", plainSvg(svg, whole))),
      button("Save PNG", () => savePng(svg, whole))),
    h("div", { class: "mi-scroll mi-drawing", tabindex: "0", role: "region", "aria-label": "The picture of the path; the same in words below" }, svg),
    facts,
    fold("The picture in words", tableView(part.twin, "h4")));
}

/** The drawing by itself, in its light colours. */
function plainSvg(svg, whole) {
  const copy = svg.cloneNode(true);
  copy.setAttribute("viewBox", whole.join(" "));
  copy.setAttribute("width", whole[2]);
  copy.setAttribute("height", whole[3]);
  copy.querySelectorAll("[tabindex]").forEach((one) => { one.removeAttribute("tabindex"); one.removeAttribute("role"); });
  return new XMLSerializer().serializeToString(copy);
}

function savePng(svg, whole) {
  const image = new Image();
  image.onload = () => {
    const canvas = h("canvas", { width: whole[2] * 2, height: whole[3] * 2 });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => offer("path.png", "image/png", blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(plainSvg(svg, whole))}`;
}
