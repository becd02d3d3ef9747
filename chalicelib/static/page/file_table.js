// @ts-check
// Table of the files of a sub-run: links that save them, and previews of texts.

import { absoluteUrl, paths } from "./api.js";
import { h } from "./dom.js";
import { saveFile, skippedFiles } from "./download.js";
import { readText } from "./file_text.js";
import { formatBytes, roleLabel } from "./labels.js";
import { htmlTable } from "./tables.js";

const MAX_PREVIEW_BYTES = 1_048_576; // one part of the text of a file
const MAX_PREVIEW_LINES = 2000;

/** @typedef {import("./file_text.js").SubRun} SubRun */

/**
 * @param {any} manifest as in the responses of the API
 * @param {SubRun} subRun
 */
export function fileTable(manifest, subRun) {
  const rows = manifest.files.map((file) => [
    fileLink(subRun, file.name),
    roleLabel(file.role),
    formatBytes(file.size_bytes),
    file.size_bytes <= MAX_PREVIEW_BYTES && previewButton(subRun, file.name),
  ]);
  const table = htmlTable(
    `Files of sub-run ${subRun.subRun}`,
    ["Name", "Role", "Size", "Preview"],
    rows,
    2,
  );
  table.className = "files";
  return h(
    "details",
    { open: true },
    h("summary", h("h4", `${manifest.files.length} files, ${formatBytes(manifest.size_bytes)}`)),
    table,
    manifest.missing.length > 0 &&
      h("p.fair", `Expected but missing: ${manifest.missing.join(", ")}`),
    skippedFiles(manifest.skipped),
  );
}

// The request needs the token, which a link cannot send. Its address works without tokens, and
// lets users copy it.
/** @type {(subRun: SubRun, name: string) => HTMLElement} */
function fileLink(subRun, name) {
  const note = h("span.failure", { role: "status" });
  const path = paths.file(subRun, name);
  const onclick = async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    note.textContent = "";
    try {
      await saveFile(path);
    } catch (error) {
      note.textContent = ` ${error.message}`;
    }
  };
  const href = `${absoluteUrl(path)}?redirect=true`;
  return h("span", h("a", { href, "data-file": name, onclick }, name), note);
}

/** @type {(subRun: SubRun, name: string) => HTMLElement} */
function previewButton(subRun, name) {
  const onclick = async () => {
    const text = h("pre", { tabindex: "0", "aria-label": `Text of ${name}` }, "Loading…");
    const note = h("p.hint");
    const title = h("h2", { id: "preview-title" }, name);
    const close = h("button", { onclick: () => dialog.close() }, "Close");
    const dialog = h(
      "dialog.preview",
      { "aria-labelledby": "preview-title" },
      h("div.preview-head", title, close),
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
      text.textContent = error.message;
    }
  };
  const label = `Preview ${name}`;
  return h("button", { class: "subtle", "aria-label": label, onclick }, "Preview");
}
