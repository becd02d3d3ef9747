// @ts-check
// Table of the files of a sub-run: links that save them, and previews of texts.

import { absoluteUrl, paths } from "./api.js";
import { h } from "./dom.js";
import { saveFile, skippedFiles } from "./download.js";
import { readText } from "./file_text.js";
import { formatBytes, roleLabel } from "./labels.js";

const MAX_PREVIEW_BYTES = 1_048_576; // one part of the text of a file
const MAX_PREVIEW_LINES = 2000;

/** @typedef {import("./file_text.js").SubRun} SubRun */

/**
 * @param {any} manifest as in the responses of the API
 * @param {SubRun} subRun
 */
export function fileTable(manifest, subRun) {
  const rows = manifest.files.map((/** @type {any} */ file) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, fileLink(subRun, file.name)),
      h("td", {}, roleLabel(file.role)),
      h("td", { class: "number" }, formatBytes(file.size_bytes)),
      h("td", {}, file.size_bytes <= MAX_PREVIEW_BYTES && previewButton(subRun, file.name)),
    ),
  );
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Name"),
    h("th", { scope: "col" }, "Role"),
    h("th", { scope: "col", class: "number" }, "Size"),
    h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Preview")),
  );
  return h(
    "details",
    { open: true },
    h(
      "summary",
      {},
      h("h4", {}, `${manifest.files.length} files, ${formatBytes(manifest.size_bytes)}`),
    ),
    h(
      "table",
      { class: "files" },
      h("caption", { class: "visually-hidden" }, `Files of sub-run ${subRun.subRun}`),
      h("thead", {}, head),
      h("tbody", {}, rows),
    ),
    manifest.missing.length > 0 &&
      h("p", { class: "fair" }, `Expected but missing: ${manifest.missing.join(", ")}`),
    skippedFiles(manifest.skipped),
  );
}

// The request needs the token, which a link cannot send. Its address works without tokens, and
// lets users copy it.
/** @type {(subRun: SubRun, name: string) => HTMLElement} */
function fileLink(subRun, name) {
  const note = h("span", { class: "failure", role: "status" });
  const path = paths.file(subRun, name);
  const onclick = async (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    note.textContent = "";
    try {
      await saveFile(path);
    } catch (error) {
      note.textContent = ` ${/** @type {Error} */ (error).message}`;
    }
  };
  const href = `${absoluteUrl(path)}?redirect=true`;
  return h("span", {}, h("a", { href, "data-file": name, onclick }, name), note);
}

/** @type {(subRun: SubRun, name: string) => HTMLElement} */
function previewButton(subRun, name) {
  const onclick = async () => {
    const text = h("pre", { tabindex: "0", "aria-label": `Text of ${name}` }, "Loading…");
    const note = h("p", { class: "hint" });
    const title = h("h2", { id: "preview-title" }, name);
    const close = h("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const dialog = h(
      "dialog",
      { class: "preview", "aria-labelledby": "preview-title" },
      h("div", { class: "preview-head" }, title, close),
      note,
      text,
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    try {
      const lines = (await readText(subRun, name)).split("\n");
      text.textContent = lines.slice(0, MAX_PREVIEW_LINES).join("\n") || "This file is empty.";
      if (lines.length > MAX_PREVIEW_LINES)
        note.textContent = `The first ${MAX_PREVIEW_LINES} of ${lines.length} lines.`;
    } catch (error) {
      text.textContent = /** @type {Error} */ (error).message;
    }
  };
  const label = `Preview ${name}`;
  return h("button", { type: "button", class: "subtle", "aria-label": label, onclick }, "Preview");
}
