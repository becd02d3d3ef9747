// @ts-check
// A list of runs and sub-runs: their facts as a table, one archive each, and the command lines.

import { paths, ROOT } from "./api.js";
import { backLink, h } from "./dom.js";
import { archiveButton } from "./download.js";
import { exportButtons } from "./export_data.js";
import { freezeForm } from "./freeze_form.js";
import { DEFORMATIONS, formatCount, formatNumber } from "./labels.js";
import { showNotFound } from "./not_found.js";
import { showProgress } from "./reading.js";
import { routes, targetName } from "./routes.js";
import { loadStatuses } from "./run_statuses.js";
import { selectBox } from "./selection.js";
import { buildSnippet, shellQuote } from "./snippets.js";
import { outcomeText } from "./sub_run_strip.js";
import { scrollTable } from "./tables.js";

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
  const content = h("div");
  const progress = h("div");
  const runs = groupByRun(targets);
  pane.replaceChildren(
    backLink(),
    h("h2", `Download ${targets.length === 1 ? "1 item" : `${targets.length} items`}`),
    h("p", "The command downloads and extracts all of them into the folder “data”:"),
    buildSnippet("dataops", commandLines(targets).join("\n")),
    progress,
    content,
  );
  showProgress(progress, async (stop, onProgress) => {
    const statuses = await loadStatuses(runs, AbortSignal.any([signal, stop]), onProgress);
    const byRun = new Map(runs.map(({ nc, idRun }, index) => [`${nc}/${idRun}`, statuses[index]]));
    const statusOf = ({ nc, idRun }) => byRun.get(`${nc}/${idRun}`);
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
    const isRun = target.subRun === undefined;
    const name = targetName(target);
    const path = isRun ? paths.run(target, "download") : paths.subRun(target, "download");
    return [
      h("span.with-box", selectBox(target), h("a", { href: routes.target(target) }, name)),
      isRun ? formatCount(status.sub_runs.length, "sub-run") : DEFORMATIONS[Number(target.subRun)],
      isRun ? "" : outcomeText(outcome),
      archiveButton("Download", path, signal, { "aria-label": `Download ${name}` }),
      formatNumber(outcome?.total_energy_ry, 5),
      outcome?.bond_labels,
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
      "div.table-head",
      h("h3", "Contents"),
      exportButtons("selection", () => ({ columns: COLUMNS, rows: dataRows(targets, statusOf) })),
    ),
    scrollTable("Contents", head, rows, 4),
    freezeForm({ items: freezeItems(targets) }, signal),
  );
}

/**
 * Return the rows as they are saved: a run has a row for each of its sub-runs.
 * @param {Target[]} targets
 * @param {(target: Target) => any} statusOf
 */
function dataRows(targets, statusOf) {
  return targets.flatMap((target) => {
    const { sub_runs: scheduled, sub_run_outcomes: outcomes } = statusOf(target);
    const subRuns = target.subRun === undefined ? scheduled : [target.subRun];
    return subRuns.map((subRun) => [
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
 * Return the selection as the API freezes it: a run without `sub_runs` stands for all of them.
 * @param {Target[]} targets
 */
const freezeItems = (targets) =>
  groupByRun(targets).map(({ nc, idRun, subRuns }) => ({
    nc,
    id_run: idRun,
    ...(subRuns && { sub_runs: subRuns }),
  }));

/** @param {Target[]} targets */
const groupByRun = (targets) =>
  [...Map.groupBy(targets, ({ nc, idRun }) => `${nc}/${idRun}`).values()].map((selected) => {
    const subRuns = selected.flatMap(({ subRun }) => subRun ?? []);
    const { nc, idRun } = selected[0];
    // A selected run contains all of its sub-runs.
    return { nc, idRun, subRuns: subRuns.length < selected.length ? null : subRuns };
  });

/**
 * Return one command per run.
 * @param {Target[]} targets
 */
function commandLines(targets) {
  const base = shellQuote(ROOT.href.replace(/\/$/, ""));
  return groupByRun(targets).map(({ nc, idRun, subRuns }) => {
    const suffix = subRuns ? ` ${subRuns.join(",")}` : "";
    return `dataops --url ${base} download ${nc} ${idRun}${suffix} -o data`;
  });
}
