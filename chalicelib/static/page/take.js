// @ts-check
// A list of runs and sub-runs: their facts as a table, one archive each, and the command lines.

import { paths, ROOT } from "./api.js";
import { htmlTable } from "./compare_tables.js";
import { h } from "./dom.js";
import { archiveButton } from "./download.js";
import { tableButtons } from "./export_data.js";
import { DEFORMATIONS, outcomeLabel, UNKNOWN } from "./labels.js";
import { showNotFound } from "./not_found.js";
import { showProgress } from "./reading.js";
import { routes, targetName } from "./routes.js";
import { loadStatuses } from "./run_statuses.js";
import { selectBox } from "./selection.js";
import { buildSnippet, shellQuote } from "./snippets.js";

/** @typedef {import("./routes.js").Target} Target */

const COLUMNS = [
  "composition",
  "run",
  "sub_run",
  "deformation",
  "outcome",
  "total_energy_ry",
  "scf_iterations",
  "bonds",
];

/**
 * Show the view.
 * @param {HTMLElement} pane
 * @param {Target[]} targets
 * @returns {{dispose: () => void}}
 */
export function showTake(pane, targets) {
  const controller = new AbortController();
  const { signal } = controller;
  const content = h("div", {});
  const progress = h("div", {});
  const runs = [
    ...new Map(targets.map(({ nc, idRun }) => [`${nc}/${idRun}`, { nc, idRun }])).values(),
  ];
  pane.replaceChildren(
    h("p", { class: "back" }, h("a", { href: routes.start() }, "‹ All compositions")),
    h("h2", {}, `Download ${targets.length === 1 ? "1 item" : `${targets.length} items`}`),
    h("p", {}, "The command downloads and extracts all of them into the folder “data”:"),
    buildSnippet("dataops", commandLines(targets).join("\n")),
    progress,
    content,
  );
  showProgress(progress, async (stop, onProgress) => {
    const statuses = await loadStatuses(runs, AbortSignal.any([signal, stop]), onProgress);
    const byRun = new Map(runs.map(({ nc, idRun }, index) => [`${nc}/${idRun}`, statuses[index]]));
    const statusOf = (/** @type {Target} */ { nc, idRun }) => byRun.get(`${nc}/${idRun}`);
    const absent = targets.find(
      (target) => target.subRun !== undefined && !statusOf(target).sub_runs.includes(target.subRun),
    );
    if (absent) showNotFound(content, `Sub-run ${targetName(absent)} is not scheduled.`);
    else draw(content, targets, statusOf, signal);
  });
  return { dispose: () => controller.abort() };
}

/**
 * @param {HTMLElement} content
 * @param {Target[]} targets
 * @param {(target: Target) => any} statusOf
 * @param {AbortSignal} signal
 */
function draw(content, targets, statusOf, signal) {
  const rows = targets.map((target) => {
    const status = statusOf(target);
    const outcome = status.sub_run_outcomes[target.subRun ?? ""];
    const { sign, text, tone } = outcome ? outcomeLabel(outcome.outcome) : UNKNOWN;
    const isRun = target.subRun === undefined;
    return [
      h(
        "span",
        { class: "with-box" },
        selectBox(target),
        h("a", { href: routes.target(target) }, targetName(target)),
      ),
      archiveButton(
        "Download",
        isRun ? paths.run(target, "download") : paths.subRun(target, "download"),
        signal,
        { ariaLabel: `Download ${targetName(target)}` },
      ),
      isRun ? countText(status.sub_runs.length) : DEFORMATIONS[Number(target.subRun)],
      isRun ? "" : h("span", { class: `outcome ${tone}` }, `${sign} ${text}`),
      outcome?.total_energy_ry?.toFixed(5).replace("-", "−") ?? "",
      String(outcome?.bond_labels ?? ""),
    ];
  });
  const head = [
    "Sub-run or run",
    "Deformation",
    "Outcome",
    "Archive",
    "Total energy (Ry)",
    "Bonds",
  ];
  content.replaceChildren(
    h(
      "div",
      { class: "table-head" },
      h("h3", {}, "Contents"),
      tableButtons("selection", () => ({ columns: COLUMNS, rows: dataRows(targets, statusOf) })),
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Contents" },
      htmlTable("Contents", head, rows, 4),
    ),
  );
}

/** @param {number} count */
const countText = (count) => (count === 1 ? "1 sub-run" : `${count} sub-runs`);

/**
 * Return the rows as they are saved: a run has a row for each of its sub-runs.
 * @param {Target[]} targets
 * @param {(target: Target) => any} statusOf
 */
function dataRows(targets, statusOf) {
  return targets.flatMap((target) => {
    const { sub_runs: scheduled, sub_run_outcomes: outcomes } = statusOf(target);
    const subRuns = target.subRun === undefined ? scheduled : [target.subRun];
    return subRuns.map((/** @type {string} */ subRun) => [
      target.nc,
      Number(target.idRun),
      Number(subRun),
      DEFORMATIONS[Number(subRun)],
      outcomes[subRun]?.outcome ?? null,
      outcomes[subRun]?.total_energy_ry ?? null,
      outcomes[subRun]?.scf_iterations ?? null,
      outcomes[subRun]?.bond_labels ?? null,
    ]);
  });
}

/**
 * Return one command per run.
 * @param {Target[]} targets
 */
function commandLines(targets) {
  const base = shellQuote(ROOT.href.replace(/\/$/, ""));
  const byRun = Map.groupBy(targets, ({ nc, idRun }) => `${nc} ${idRun}`);
  return [...byRun].map(([run, selected]) => {
    const subRuns = selected.flatMap(({ subRun }) => subRun ?? []);
    // A selected run contains all of its sub-runs.
    const suffix = subRuns.length < selected.length ? "" : ` ${subRuns.join(",")}`;
    return `dataops --url ${base} download ${run}${suffix} -o data`;
  });
}
