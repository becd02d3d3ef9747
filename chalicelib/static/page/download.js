// @ts-check
// Downloads: request a link, poll while the archive is being built, let the browser save the file.

import { get, retryAfterSeconds, sleep } from "./api.js";
import { actionButton, h } from "./dom.js";
import { formatBytes } from "./labels.js";

// The bucket sends the file as an attachment, so the browser does not leave the page.
function saveUrl(url) {
  const link = h("a", { href: url, rel: "noreferrer" });
  document.body.append(link);
  link.click();
  link.remove();
}

/**
 * Build a button that downloads an archive and shows the progress of its build.
 * @param {string} label
 * @param {string} path of the download operation
 * @param {AbortSignal} signal cancels the download when the view is closed
 * @param {Record<string, any>} [attributes] of the button
 */
export function archiveButton(label, path, signal, attributes = {}) {
  const progress = h("div.progress", { role: "status" });
  const button = actionButton(
    label,
    async () => {
      const stop = new AbortController();
      const signals = AbortSignal.any([signal, stop.signal]);
      try {
        const link = await waitForLink(path, signals, progress, () => stop.abort());
        showSaved(progress, link);
        saveUrl(link.download_url);
      } catch (error) {
        progress.replaceChildren();
        if (error.name !== "AbortError") throw error;
      }
    },
    attributes,
  );
  return h("div", button, progress);
}

async function waitForLink(path, signal, progress, cancel) {
  progress.replaceChildren(h("span", "Preparing…"));
  const startedAt = performance.now();
  const seconds = h("span", { "aria-hidden": "true" });
  for (let shown = false; ; ) {
    const { json, response } = await get(path, { signal });
    if (response.status !== 202) return json;
    if (!shown) {
      progress.replaceChildren(
        h("progress", { "aria-label": `Building ${json.filename}` }),
        ` Building ${json.filename}… `,
        seconds,
        h("button", { class: "subtle", onclick: cancel }, "Stop waiting"),
      );
      shown = true;
    }
    seconds.textContent = `${Math.round((performance.now() - startedAt) / 1000)} s `;
    await sleep(retryAfterSeconds(response), signal);
  }
}

function showSaved(progress, link) {
  progress.replaceChildren(
    `Saved as ${link.filename}, ${formatBytes(link.size_bytes)}, ${link.files.length} files. `,
    h("span.fair", link.missing.length ? `Missing: ${link.missing.join(", ")}. ` : ""),
    skippedFiles(link.skipped) ?? "",
    h("details", h("summary", "SHA-256"), h("code", link.sha256)),
  );
}

/**
 * Build the list of stored files that no archive contains, with the reasons.
 * @param {{name: string, reason: string}[]} [skipped]
 * @returns {HTMLElement | null} null if no file is skipped
 */
export function skippedFiles(skipped) {
  if (!skipped?.length) return null;
  const items = skipped.map(({ name, reason }) => h("li", h("code", name), `: ${reason}`));
  return h("div.fair", "Not included in archives:", h("ul.skipped", items));
}

/** Save one file. `path` is that of the files operation. */
export async function saveFile(path) {
  const { json } = await get(path);
  saveUrl(json.download_url);
}
