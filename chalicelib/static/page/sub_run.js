// @ts-check
// The view of one sub-run: outcome and facts, cell, bonds, calculation, files.

import { get, paths } from "./api.js";
import { bondChart } from "./bond_chart.js";
import { loadBonds } from "./bonds.js";
import { showCalculation } from "./calculation_panel.js";
import { actionButton, h } from "./dom.js";
import { archiveButton } from "./download.js";
import { fileTable } from "./file_table.js";
import { exportName } from "./file_text.js";
import { DEFORMATIONS, formatNumber } from "./labels.js";
import { buildSnippets } from "./snippets.js";
import { subRunLabel } from "./sub_run_strip.js";

let abortController = new AbortController();

/**
 * Show a sub-run in place of the previous one.
 * @param {HTMLElement} section
 * @param {{nc: string, idRun: string, subRun: string}} subRun
 * @param {object} status the status document of the run
 * @param {{augment: () => Promise<void>}} actions
 * @returns {Promise<unknown>} resolves when everything is loaded or has failed to load
 */
export function showSubRun(section, subRun, status, { augment }) {
  abortController.abort();
  abortController = new AbortController();
  const { signal } = abortController;
  const outcome = status.sub_run_outcomes?.[subRun.subRun];
  const { text, sign, tone } = subRunLabel(subRun.subRun, status.sub_runs, status.sub_run_outcomes);
  const files = h("div", h("p.hint", "Loading files…"));
  const cell = h("div.cell-panel");
  const bonds = h("div.bonds");
  const calculation = h("div.calculation");
  section.replaceChildren(
    h("h3", `Sub-run ${subRun.subRun}`, h("small", ` ${DEFORMATIONS[Number(subRun.subRun)]}`)),
    h(
      "p",
      { class: `outcome ${tone}` },
      h("span.sign", { "aria-hidden": "true" }, sign),
      " ",
      text,
      facts(outcome),
    ),
  );
  if (!status.sub_runs.includes(subRun.subRun)) {
    section.append(
      h("p", "This deformed cell is not scheduled, so its files cannot be downloaded yet."),
      actionButton("Augment: add the deformed cells", augment, { class: "primary" }),
    );
    return Promise.resolve();
  }
  section.append(
    h(
      "div.actions",
      archiveButton(`Download sub-run ${subRun.subRun}`, paths.subRun(subRun, "download"), signal),
      buildSnippets(subRun),
    ),
    cell,
    bonds,
    calculation,
    files,
  );
  const listed = showFiles(files, subRun, signal);
  // If the outcome reports bonds, they are loaded at the same time as the list of files.
  const drawn = outcome?.bond_labels
    ? showBonds(bonds, subRun, signal, (bond) => selection.show(bond))
    : listed.then(
        (manifest) =>
          manifest && showBondsOf(manifest, bonds, subRun, signal, (bond) => selection.show(bond)),
      );
  const named = listed.then((manifest) => new Set(manifest?.files.map(({ name }) => name)));
  // The 3D view is loaded when it is needed.
  const structure = Promise.all([named, import("./cell_panel.js")]).then(([names, { showCell }]) =>
    showCell(cell, subRun, { names, onSelect: (bond) => selection.show(bond) }),
  );
  const scf = named.then((names) => showCalculation(calculation, subRun, names));
  const selection = connect(structure, drawn, scf);
  return Promise.all([listed, drawn, structure, scf]);
}

// Show a selected bond in the plot and in the cell, and the masses of the SCF output as density.
function connect(structure, drawn, scf) {
  let selected = null;
  const views = [];
  Promise.all([structure, drawn]).then(([cell, plot]) => {
    if (cell) views.push(cell);
    if (plot) views.push(plot.chart);
    if (cell && plot) cell.setBonds(plot.bonds);
  });
  Promise.all([structure, scf]).then(([cell, output]) => output && cell?.setMasses(output.masses));
  return {
    show(bond) {
      if (bond === selected) return; // the plot also reports a bond that it was called to show
      selected = bond;
      for (const view of views) view.select(bond);
    },
  };
}

function facts(outcome) {
  if (!outcome) return null;
  const parts = [];
  if (outcome.scf_iterations != null) parts.push(`${outcome.scf_iterations} SCF iterations`);
  if (outcome.total_energy_ry != null)
    parts.push(`total energy ${formatNumber(outcome.total_energy_ry, 4)} Ry`);
  if (outcome.bond_labels != null) {
    const expected = outcome.bonds_expected == null ? "" : ` of ${outcome.bonds_expected} expected`;
    parts.push(`${outcome.bond_labels} bonds${expected}`);
  }
  return parts.length ? h("span.facts", ` · ${parts.join(" · ")}`) : null;
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

async function showBondsOf(manifest, bonds, subRun, signal, onSelect) {
  if (manifest.files.some((file) => file.role === "bond-strengths"))
    return showBonds(bonds, subRun, signal, onSelect);
  bonds.replaceChildren(
    h("h4", "Bonds"),
    h("p.hint", "This sub-run has no ICOHPLIST.lobster, so no bond strengths can be shown."),
  );
  return null;
}

async function showBonds(pane, subRun, signal, onSelect) {
  const title = h("h4", "Bond strength against distance");
  pane.replaceChildren(title, h("p.hint", "Loading bonds…"));
  try {
    const { types, bonds } = await loadBonds(subRun, signal);
    if (!bonds.length) {
      const text = "ICOHPLIST.lobster contains no bonds.";
      pane.replaceChildren(title, h("p.hint", text));
      return null;
    }
    const chart = bondChart(subRun.nc, types, bonds, `${exportName(subRun)}_bonds`, onSelect);
    pane.replaceChildren(title, chart.node);
    return { bonds, chart };
  } catch (error) {
    if (error.name !== "AbortError") pane.replaceChildren(title, h("p.failure", error.message));
    return null;
  }
}
