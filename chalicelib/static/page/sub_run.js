// One sub-run: its outcome and the facts behind it, its files, its bonds.

import { get, paths } from "./api.js";
import { bondChart } from "./bond_chart.js";
import { standingOf } from "./cells.js";
import { actionButton, h } from "./dom.js";
import { archiveAction, leftOut, saveFile } from "./download.js";
import { linesFor } from "./lines.js";
import { DEFORMATIONS, bytes, role } from "./words.js";

let ending = new AbortController();

// Shows it in `section`, in place of the one before; fulfilled once its files and bonds are there, or are not to be had.
export function showSubRun(section, subRun, status, { augment }) {
  ending.abort();
  ending = new AbortController();
  const { signal } = ending;
  const { text, sign, tone } = standingOf(subRun.subRun, status.sub_runs, status.sub_run_outcomes);
  const files = h("div", {}, h("p", { class: "hint" }, "Loading files…"));
  const bonds = h("div", { class: "bonds" });
  const scheduled = status.sub_runs.includes(subRun.subRun);
  section.replaceChildren(
    h("h3", {}, `Sub-run ${subRun.subRun}`, h("small", {}, ` ${DEFORMATIONS[Number(subRun.subRun)]}`)),
    h("p", { class: `outcome ${tone}` }, h("span", { class: "sign", "aria-hidden": "true" }, sign), " ", text,
      facts(status.sub_run_outcomes?.[subRun.subRun])),
  );
  if (!scheduled) {
    section.append(h("p", {}, "This deformed cell is not scheduled, so its files cannot be downloaded yet."),
      actionButton("Augment: add the deformed cells", augment, { class: "primary" }));
    return Promise.resolve();
  }
  section.append(
    h("div", { class: "actions" }, archiveAction(`Download sub-run ${subRun.subRun}`, paths.subRun(subRun, "download"), signal), linesFor(subRun)),
    files, bonds,
  );
  const labels = status.sub_run_outcomes?.[subRun.subRun]?.bond_labels;
  const listed = showFiles(files, subRun, signal);
  // Known to be there, the bonds need not wait for the list of files.
  const drawn = labels ? showBonds(bonds, subRun, signal) : listed.then((manifest) => manifest && bondsOf(manifest, bonds, subRun, signal));
  return Promise.all([listed, drawn]);
}

function facts(found) {
  if (!found) return null;
  const parts = [];
  if (found.scf_iterations != null) parts.push(`${found.scf_iterations} SCF iterations`);
  if (found.total_energy_ry != null) parts.push(`total energy ${found.total_energy_ry.toFixed(4)} Ry`);
  if (found.bond_labels != null) parts.push(`${found.bond_labels} bonds${found.bonds_expected == null ? "" : ` of ${found.bonds_expected} expected`}`);
  return parts.length ? h("span", { class: "facts" }, ` · ${parts.join(" · ")}`) : null;
}

async function showFiles(files, subRun, signal) {
  try {
    const { json } = await get(paths.subRun(subRun, "manifest"), { signal });
    files.replaceChildren(fileTable(json, subRun));
    return json;
  } catch (error) {
    if (error.name !== "AbortError") files.replaceChildren(h("p", { class: error.status === 404 ? "hint" : "failure" }, error.message));
    return null;
  }
}

async function bondsOf(manifest, bonds, subRun, signal) {
  if (manifest.files.some((file) => file.role === "bond-strengths")) await showBonds(bonds, subRun, signal);
  else bonds.replaceChildren(h("h4", {}, "Bonds"), h("p", { class: "hint" }, "This sub-run has no ICOHPLIST.lobster, so there are no bond strengths to show."));
}

function fileTable(manifest, subRun) {
  const rows = manifest.files.map((file) => h("tr", {},
    h("th", { scope: "row" }, file.name),
    h("td", {}, role(file.role)),
    h("td", { class: "number" }, bytes(file.size_bytes)),
    h("td", {}, actionButton("Download", () => saveFile(paths.file(subRun, file.name)), { class: "quiet", "aria-label": `Download ${file.name}` })),
  ));
  return h("details", { open: true },
    h("summary", {}, h("h4", {}, `${manifest.files.length} files, ${bytes(manifest.size_bytes)}`)),
    h("table", { class: "files" },
      h("caption", { class: "unseen" }, `Files of sub-run ${subRun.subRun}`),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "Role"), h("th", { scope: "col", class: "number" }, "Size"),
        h("th", { scope: "col" }, h("span", { class: "unseen" }, "Download")))),
      h("tbody", {}, rows)),
    manifest.missing.length > 0 && h("p", { class: "fair" }, `Expected but missing: ${manifest.missing.join(", ")}`),
    leftOut(manifest.skipped),
  );
}

async function showBonds(pane, subRun, signal) {
  const title = h("h4", {}, "Bond strength against distance");
  pane.replaceChildren(title, h("p", { class: "hint" }, "Loading bonds…"));
  try {
    const { first, all } = await everyBond(subRun, signal);
    pane.replaceChildren(title, bondChart(subRun.nc, first.bond_types, all));
  } catch (error) {
    if (error.name !== "AbortError") pane.replaceChildren(title, h("p", { class: "failure" }, error.message));
  }
}

async function everyBond(subRun, signal) {
  const page = async (cursor) => (await get(`${paths.subRun(subRun, "bonds")}?${new URLSearchParams({ limit: 5000, ...(cursor && { cursor }) })}`, { signal })).json;
  const first = await page();
  const all = [...first.bonds];
  for (let cursor = first.next_cursor; cursor; ) {
    const following = await page(cursor);
    all.push(...following.bonds);
    cursor = following.next_cursor;
  }
  return { first, all };
}
