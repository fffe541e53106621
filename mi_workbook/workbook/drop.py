"""A place to drop files on, several at once; a button beside it opens the file dialogue."""

from __future__ import annotations

import anywidget
import traitlets

LIMIT = 64 * 1024 * 1024  # bytes per drop; what is larger goes by `mi-workbook diagnose FILE`
SCRIPT = """
function render({ model, el }) {
  const zone = document.createElement("div");
  zone.className = "mi-drop";
  zone.tabIndex = 0;
  zone.setAttribute("role", "button");
  zone.setAttribute("aria-label", "Drop evidence files here, or press Enter to choose them");
  const words = document.createElement("span");
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".json,.gz,.zip,.txt";
  input.style.display = "none";
  zone.append(words, input);
  el.append(zone);
  const say = () => { words.textContent = model.get("words"); };
  say();
  model.on("change:words", say);
  const send = async (list) => {
    const files = Array.from(list);
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (!files.length) return;
    if (total > model.get("limit")) {
      words.textContent = "Too large to send to the notebook: use mi-workbook diagnose FILE, or drop fewer files.";
      return;
    }
    words.textContent = "Reading ...";
    const buffers = await Promise.all(files.map((file) => file.arrayBuffer()));
    model.send({ names: files.map((file) => file.name) }, undefined, buffers);
  };
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    zone.classList.remove("over");
    send(event.dataTransfer.files);
  });
  zone.addEventListener("click", () => input.click());
  zone.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") input.click(); });
  input.addEventListener("change", () => { send(input.files); input.value = ""; });
}
export default { render };
"""
LOOK = """
.mi-drop { border: 2px dashed var(--jp-border-color1, #8a8886); border-radius: 6px; padding: .8em 1em; cursor: pointer;
  max-width: 700px; color: var(--jp-ui-font-color1, inherit); margin: 4px 2px; font-size: 14px; }
.mi-drop.over, .mi-drop:focus { outline: 2px solid #0078d4; }
"""
INVITATION = "Or drop your own files here (JSON, gz, zip; several at once), or click to choose them."


class DropZone(anywidget.AnyWidget):
    """Files arrive as a message with their names and one buffer each; `on_files` hands them on."""

    _esm = SCRIPT
    _css = LOOK
    words = traitlets.Unicode(INVITATION).tag(sync=True)
    limit = traitlets.Int(LIMIT).tag(sync=True)
