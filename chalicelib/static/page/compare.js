// @ts-check
// Sub-runs side by side: outcomes, means by bond type with differences, and all bonds in one plot.

import { get, paths } from "./api.js";
import { loadBonds } from "./bonds.js";
import { comparePlot } from "./compare_plot.js";
import { factsTable, meansTable } from "./compare_tables.js";
import { actionButton, backLink, choice, h, showError } from "./dom.js";
import { exportButtons } from "./export_data.js";
import { showNotFound } from "./not_found.js";
import { routes, targetName } from "./routes.js";

/** @typedef {Required<import("./routes.js").Target>} SubRun */
/** @typedef {{subRun: SubRun, name: string, outcome: any, types: any[], bonds: any[]}} Compared */

/**
 * Show the view. A run is represented by its reference cell.
 * @param {HTMLElement} pane
 * @param {import("./routes.js").Target[]} targets
 * @param {URLSearchParams} query `bond` is the bond type of the plot
 * @returns {{dispose: () => void}}
 */
export function showCompare(pane, targets, query) {
  const controller = new AbortController();
  const subRuns = targets.map((target) => ({ ...target, subRun: target.subRun ?? "0" }));
  const runs = targets.filter(({ subRun }) => subRun === undefined);
  const content = h("div", h("p.hint", "Loading…"));
  pane.replaceChildren(
    backLink(),
    h("h2", `Compare ${subRuns.length} sub-runs`),
    ...(runs.length ? [h("p.hint", "A run is represented by its reference cell, sub-run 0.")] : []),
    content,
  );
  load(subRuns, controller.signal).then(
    (compared) => draw(content, compared, query),
    (error) => {
      if (error.status === 404) showNotFound(content, `${error.message}.`);
      else showError(content, error);
    },
  );
  return { dispose: () => controller.abort() };
}

/**
 * @param {SubRun[]} subRuns
 * @param {AbortSignal} signal
 * @returns {Promise<Compared[]>}
 */
async function load(subRuns, signal) {
  /** @type {Map<string, Promise<any>>} */
  const statuses = new Map();
  for (const { nc, idRun } of subRuns) {
    const path = paths.run({ nc, idRun }, "status");
    if (!statuses.has(path)) statuses.set(path, get(path, { signal }));
  }
  await Promise.all(statuses.values());
  return Promise.all(
    subRuns.map(async (subRun) => {
      const { json } = await statuses.get(paths.run(subRun, "status"));
      const name = targetName(subRun);
      if (!json.sub_runs.includes(subRun.subRun))
        throw Object.assign(new Error(`sub-run ${name} is not scheduled`), { status: 404 });
      const outcome = json.sub_run_outcomes[subRun.subRun];
      const none = { types: [], bonds: [] };
      const bonds = outcome?.bond_labels ? await loadBonds(subRun, signal) : none;
      return { subRun, name, outcome, ...bonds };
    }),
  );
}

/**
 * @param {HTMLElement} content
 * @param {Compared[]} compared
 * @param {URLSearchParams} query
 */
function draw(content, compared, query) {
  const types = [...new Set(compared.flatMap((one) => one.types.map((type) => type.bond_type)))];
  const chosen = query.get("bond") ?? "";
  const filename = compared.map(({ name }) => name.replaceAll("/", "-")).join("_");
  const figure = h("div");
  const drawPlot = () => {
    const series = compared.map(({ name, bonds }) => ({
      name,
      bonds: bonds.filter((bond) => !select.value || bond.bond_type === select.value),
    }));
    figure.replaceChildren(comparePlot(series, select.value, `bonds-${filename}`));
  };
  const onChange = (value) => {
    const subRuns = compared.map(({ subRun }) => subRun);
    const bond = new URLSearchParams(value ? { bond: value } : {});
    history.replaceState(null, "", routes.compare(subRuns, bond));
    drawPlot();
  };
  const { node, select } = choice(
    "bond-type",
    "Bonds",
    [["", "all bond types"], ...types],
    onChange,
    types.includes(chosen) ? chosen : "",
  );
  const means = meansTable(compared, types);
  const cells = h("div.cells-compared");
  const showCellsButton = actionButton("Show the cells side by side", async () => {
    const { showCells } = await import("./compare_cells.js");
    await showCells(cells, compared);
    showCellsButton.remove();
  });
  content.replaceChildren(
    factsTable(compared),
    h(
      "div.side-by-side",
      h("div", h("h3", "Bond strength against distance"), node, figure),
      h(
        "div",
        h("h3", "Mean −ICOHP by bond type (eV)"),
        h("p.hint", `Differences are to ${compared[0].name}.`),
        means.node,
        exportButtons(`compare-${filename}`, () => means.data),
      ),
    ),
    h("h3", "Cells"),
    showCellsButton,
    cells,
  );
  drawPlot();
}
