// @ts-check
// A row of the list of runs: status and sub-runs, up to date while the row is in view.

import { ageOf } from "./age.js";
import { h } from "./dom.js";
import { routes } from "./routes.js";
import { watch } from "./run_status.js";
import { selectBox } from "./selection.js";
import { buildStrip } from "./sub_run_strip.js";

/**
 * @param {string} nc
 * @param {any} run as in the responses of the API
 */
export function runRow(nc, run) {
  const state = h("span.state");
  const cells = h("span.cells", buildStrip(run.sub_runs));
  const link = h(
    "a",
    { href: routes.target({ nc, idRun: run.id_run }) },
    h(
      "span.run-line",
      h("strong", `Run ${run.id_run}`),
      " ",
      state,
      " ",
      ageOf(run.run_scheduled_at),
    ),
    cells,
  );
  const item = h("li", { "data-run": run.id_run }, selectBox({ nc, idRun: run.id_run }), link);
  /** @type {(() => void) | null} */
  let unsubscribe = null;

  function onUpdate(status, error) {
    if (error) {
      state.replaceChildren(badge("unknown"));
      return;
    }
    state.replaceChildren(
      badge(status.sub_runs_status === "RUNNING" ? "RUNNING" : status.run_status),
    );
    cells.replaceChildren(...buildStrip(status.sub_runs, status.sub_run_outcomes));
  }

  return {
    idRun: run.id_run,
    item,
    setSelected: (selected) => link.setAttribute("aria-current", String(selected)),
    setVisible(visible) {
      if (visible) unsubscribe ??= watch({ nc, idRun: run.id_run }, onUpdate);
      else {
        unsubscribe?.();
        unsubscribe = null;
      }
    },
  };
}

/** Build the badge of a status such as "RUNNING". */
export const badge = (text) =>
  h("span", { class: `badge ${text.toLowerCase()}` }, text.toLowerCase());
