// @ts-check
// The view of one run: status, sub-runs, archive, and quantities over the sub-runs.

import { ageOf } from "./age.js";
import { paths, post } from "./api.js";
import { actionButton, announce, backLink, h } from "./dom.js";
import { archiveButton } from "./download.js";
import { showQuantities } from "./quantities.js";
import { routes } from "./routes.js";
import { badge } from "./run_row.js";
import { isRunning, refresh, watch } from "./run_status.js";
import { buildSnippets } from "./snippets.js";
import { showSubRun } from "./sub_run.js";
import { subRunCells } from "./sub_run_cells.js";
import { SUB_RUNS } from "./sub_run_strip.js";

const SIMULATED =
  "“Running” is simulated: this service starts no calculation. Existing files can be downloaded now.";

/**
 * Show a run in a pane.
 * @param {HTMLElement} pane
 * @param {{nc: string, idRun: string}} run
 * @param {{focus: boolean, onChange: () => void}} options `onChange` is called after augmentation
 * @returns {{showSubRun: (subRun: string) => void, dispose: () => void}}
 */
export function showRun(pane, run, { focus, onChange }) {
  const abortController = new AbortController();
  const { signal } = abortController;
  const states = h("p.states", h("span.hint", "Loading…"));
  const actions = h("div.actions");
  const cells = subRunCells(run);
  const detail = h("section.sub-run", { "aria-label": "Sub-run" });
  const quantities = h("section.quantities", { "aria-label": "All sub-runs" });
  const title = h("h2", { tabindex: "-1" }, `Run ${run.idRun}`, h("small", " of ", run.nc));
  /** @type {any} */
  let status = null;
  /** @type {string | null} */
  let openSubRun = null;
  let revision = 0;

  function onUpdate(newStatus, error) {
    if (error) {
      states.replaceChildren(h("span.failure", error.message));
      return;
    }
    const oldStatus = status;
    status = newStatus;
    if (oldStatus && isRunning(oldStatus) && !isRunning(newStatus))
      announce(`Run ${run.idRun} is done`);
    drawStates();
    cells.draw(status);
    const augmented = !oldStatus || oldStatus.sub_runs.length !== newStatus.sub_runs.length;
    if (augmented) {
      drawActions();
      quantities.replaceChildren();
    }
    if (augmented || outcomesOf(oldStatus) !== outcomesOf(newStatus)) {
      // The selected sub-run is loaded first, then the quantities, unless a newer update has begun.
      revision += 1;
      const thisRevision = revision;
      drawSubRun().then(() => {
        if (thisRevision === revision) showQuantities(quantities, run, newStatus, signal);
      });
    }
  }

  function drawStates() {
    const state = (name, value, scheduledAt) =>
      h("span", name, " ", badge(value), " scheduled ", ageOf(scheduledAt));
    states.replaceChildren(
      state("Reference cell", status.run_status, status.run_scheduled_at),
      status.sub_runs_status
        ? state("Deformed cells", status.sub_runs_status, status.sub_runs_scheduled_at)
        : "",
      isRunning(status) ? h("span.hint", SIMULATED) : "",
    );
  }

  function drawActions() {
    const missing = SUB_RUNS.filter((subRun) => !status.sub_runs.includes(subRun)).length;
    const label = missing === 14 ? "Augment: add the 14 deformed cells" : "Augment: add the others";
    const download = archiveButton("Download the whole run", paths.run(run, "download"), signal, {
      class: "primary",
    });
    const add = missing ? actionButton(label, augment) : "";
    actions.replaceChildren(add, download, buildSnippets(run));
  }

  async function augment() {
    await post(paths.run(run, "augment"));
    announce(`Run ${run.idRun} is augmented`);
    refresh(run);
    onChange();
  }

  async function drawSubRun() {
    cells.select(openSubRun);
    if (status && openSubRun !== null)
      await showSubRun(detail, { ...run, subRun: openSubRun }, status, { augment });
  }

  const hint = h(
    "p.hint",
    "Each sub-run is one cell: 0 is the reference, 1 to 14 are deformations of it.",
  );
  pane.replaceChildren(
    backLink(routes.runs(run.nc), `Runs of ${run.nc}`),
    title,
    states,
    actions,
    hint,
    cells.node,
    detail,
    quantities,
  );
  if (focus) title.focus();
  const unsubscribe = watch(run, onUpdate);

  return {
    showSubRun(subRun) {
      if (subRun === openSubRun) return;
      openSubRun = subRun;
      drawSubRun();
    },
    dispose() {
      unsubscribe();
      abortController.abort();
    },
  };
}

const outcomesOf = (status) => JSON.stringify(status?.sub_run_outcomes ?? null);
