// Downloads: ask the API for a link, wait while an archive is being built, and let the browser save what the link leads to.

import { get, pause, retryAfter } from "./api.js";
import { h } from "./dom.js";
import { bytes } from "./words.js";

// The bucket sends the file as an attachment, so the page stays where it is.
function save(url) {
  const link = h("a", { href: url, rel: "noreferrer" });
  document.body.append(link);
  link.click();
  link.remove();
}

// A button that makes the archive at `path`, shows how that goes and then what was saved. Ends with `signal`.
export function archiveAction(label, path, signal) {
  const progress = h("div", { class: "progress", role: "status" });
  let building = null;
  const button = h("button", {
    type: "button",
    class: "primary",
    onclick: async () => {
      if (building) return;
      building = new AbortController();
      button.setAttribute("aria-disabled", "true");
      try {
        const link = await archiveLink(path, AbortSignal.any([signal, building.signal]), progress, () => building.abort());
        saved(progress, link);
        save(link.download_url);
      } catch (error) {
        progress.replaceChildren(...(error.name === "AbortError" ? [] : [h("span", { class: "failure" }, error.message)]));
      } finally {
        building = null;
        button.setAttribute("aria-disabled", "false");
      }
    },
  }, label);
  return h("div", { class: "action" }, button, progress);
}

async function archiveLink(path, signal, progress, cancel) {
  progress.replaceChildren(h("span", {}, "Preparing…"));
  const started = performance.now();
  const seconds = h("span", { "aria-hidden": "true" });
  for (let shown = false; ; ) {
    const { json, answer } = await get(path, { signal });
    if (answer.status !== 202) return json;
    if (!shown) {
      progress.replaceChildren(
        h("progress", { "aria-label": `Building ${json.filename}` }), ` Building ${json.filename}… `, seconds,
        h("button", { type: "button", class: "quiet", onclick: cancel }, "Stop waiting"),
      );
      shown = true;
    }
    seconds.textContent = `${Math.round((performance.now() - started) / 1000)} s `;
    await pause(retryAfter(answer), signal);
  }
}

function saved(progress, link) {
  progress.replaceChildren(
    `Saved as ${link.filename}, ${bytes(link.size_bytes)}, ${link.files.length} files. `,
    h("span", { class: "fair" }, link.missing.length ? `Missing: ${link.missing.join(", ")}. ` : ""),
    leftOut(link.skipped) ?? "",
    link.sha256 ? h("details", {}, h("summary", {}, "SHA-256"), h("code", {}, link.sha256)) : "",
  );
}

// The stored files that an archive cannot hold on every platform, with the reasons; null if there are none.
export function leftOut(skipped) {
  if (!skipped?.length) return null;
  return h("div", { class: "fair" }, "Left out of archives:", h("ul", { class: "skipped" }, skipped.map(({ name, reason }) => h("li", {}, h("code", {}, name), `: ${reason}`))));
}

// Save one file.
export async function saveFile(path) {
  const { json } = await get(path);
  save(json.download_url);
}
