// The view of one sub-run: outcome and facts, files, bonds.

import { get, paths } from "./api.js";
import { bondChart } from "./bond_chart.js";
import { loadBonds } from "./bonds.js";
import { actionButton, h } from "./dom.js";
import { archiveButton, saveFile, skippedFiles } from "./download.js";
import { DEFORMATIONS, formatBytes, roleLabel } from "./labels.js";
import { buildSnippets } from "./snippets.js";
import { subRunLabel } from "./sub_run_strip.js";

let abortController = new AbortController();

/**
 * Show a sub-run in place of the previous one.
 * @param {HTMLElement} section
 * @param {{nc: string, idRun: string, subRun: string}} subRun
 * @param {object} status the status document of the run
 * @param {{augment: () => Promise<void>}} actions
 * @returns {Promise<unknown>} resolves when files and bonds are loaded or have failed to load
 */
export function showSubRun(section, subRun, status, { augment }) {
  abortController.abort();
  abortController = new AbortController();
  const { signal } = abortController;
  const outcome = status.sub_run_outcomes?.[subRun.subRun];
  const { text, sign, tone } = subRunLabel(subRun.subRun, status.sub_runs, status.sub_run_outcomes);
  const files = h("div", {}, h("p", { class: "hint" }, "Loading files…"));
  const bonds = h("div", { class: "bonds" });
  section.replaceChildren(
    h(
      "h3",
      {},
      `Sub-run ${subRun.subRun}`,
      h("small", {}, ` ${DEFORMATIONS[Number(subRun.subRun)]}`),
    ),
    h(
      "p",
      { class: `outcome ${tone}` },
      h("span", { class: "sign", "aria-hidden": "true" }, sign),
      " ",
      text,
      facts(outcome),
    ),
  );
  if (!status.sub_runs.includes(subRun.subRun)) {
    section.append(
      h("p", {}, "This deformed cell is not scheduled, so its files cannot be downloaded yet."),
      actionButton("Augment: add the deformed cells", augment, { class: "primary" }),
    );
    return Promise.resolve();
  }
  section.append(
    h(
      "div",
      { class: "actions" },
      archiveButton(`Download sub-run ${subRun.subRun}`, paths.subRun(subRun, "download"), signal),
      buildSnippets(subRun),
    ),
    files,
    bonds,
  );
  const listed = showFiles(files, subRun, signal);
  // If the outcome reports bonds, they are loaded at the same time as the list of files.
  const drawn = outcome?.bond_labels
    ? showBonds(bonds, subRun, signal)
    : listed.then((manifest) => manifest && showBondsOf(manifest, bonds, subRun, signal));
  return Promise.all([listed, drawn]);
}

function facts(outcome) {
  if (!outcome) return null;
  const parts = [];
  if (outcome.scf_iterations != null) parts.push(`${outcome.scf_iterations} SCF iterations`);
  if (outcome.total_energy_ry != null)
    parts.push(`total energy ${outcome.total_energy_ry.toFixed(4)} Ry`);
  if (outcome.bond_labels != null) {
    const expected = outcome.bonds_expected == null ? "" : ` of ${outcome.bonds_expected} expected`;
    parts.push(`${outcome.bond_labels} bonds${expected}`);
  }
  return parts.length ? h("span", { class: "facts" }, ` · ${parts.join(" · ")}`) : null;
}

async function showFiles(files, subRun, signal) {
  try {
    const { json } = await get(paths.subRun(subRun, "manifest"), { signal });
    files.replaceChildren(fileTable(json, subRun));
    return json;
  } catch (error) {
    if (error.name !== "AbortError")
      files.replaceChildren(
        h("p", { class: error.status === 404 ? "hint" : "failure" }, error.message),
      );
    return null;
  }
}

async function showBondsOf(manifest, bonds, subRun, signal) {
  if (manifest.files.some((file) => file.role === "bond-strengths"))
    await showBonds(bonds, subRun, signal);
  else
    bonds.replaceChildren(
      h("h4", {}, "Bonds"),
      h(
        "p",
        { class: "hint" },
        "This sub-run has no ICOHPLIST.lobster, so no bond strengths can be shown.",
      ),
    );
}

function fileTable(manifest, subRun) {
  const rows = manifest.files.map((file) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, file.name),
      h("td", {}, roleLabel(file.role)),
      h("td", { class: "number" }, formatBytes(file.size_bytes)),
      h(
        "td",
        {},
        actionButton("Download", () => saveFile(paths.file(subRun, file.name)), {
          class: "subtle",
          "aria-label": `Download ${file.name}`,
        }),
      ),
    ),
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
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Name"),
          h("th", { scope: "col" }, "Role"),
          h("th", { scope: "col", class: "number" }, "Size"),
          h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, "Download")),
        ),
      ),
      h("tbody", {}, rows),
    ),
    manifest.missing.length > 0 &&
      h("p", { class: "fair" }, `Expected but missing: ${manifest.missing.join(", ")}`),
    skippedFiles(manifest.skipped),
  );
}

async function showBonds(pane, subRun, signal) {
  const title = h("h4", {}, "Bond strength against distance");
  pane.replaceChildren(title, h("p", { class: "hint" }, "Loading bonds…"));
  try {
    const { types, bonds } = await loadBonds(subRun, signal);
    pane.replaceChildren(title, bondChart(subRun.nc, types, bonds));
  } catch (error) {
    if (error.name !== "AbortError")
      pane.replaceChildren(title, h("p", { class: "failure" }, error.message));
  }
}
