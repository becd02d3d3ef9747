// @ts-check
// From the filtered compositions to the list of their sub-runs with the chosen outcome.

import { countOutcome, UNREAD, UNSCHEDULED } from "./composition_filter.js";
import { h } from "./dom.js";
import { outcomeLabel } from "./labels.js";
import { showProgress } from "./reading.js";
import { routes } from "./routes.js";
import { listRuns, loadStatuses } from "./run_statuses.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */

// The list is part of the address, which servers and chats accept up to some kilobytes.
const MAX_LISTED = 300;

/**
 * Build the button that lists the sub-runs with the outcome of the filter.
 * @returns {{node: HTMLElement, update: (found: Composition[], outcome: string) => void}}
 */
export function matchingSubRuns() {
  const progress = h("div");
  const node = h("div");

  /**
   * @param {Composition[]} found
   * @param {string} outcome
   */
  const list = (found, outcome) =>
    showProgress(progress, async (signal, onProgress) => {
      const names = found.map(({ nc }) => nc);
      const runs = await listRuns(names, signal);
      const statuses = await loadStatuses(runs, signal, onProgress);
      const targets = runs.flatMap((run, index) =>
        statuses[index].sub_runs
          .filter((subRun) => statuses[index].sub_run_outcomes[subRun]?.outcome === outcome)
          .map((subRun) => ({ ...run, subRun })),
      );
      location.hash = routes.take(targets);
    });

  return {
    node: h("div.matching", node, progress),
    update(found, outcome) {
      const count = found.reduce((sum, one) => sum + countOutcome(one, outcome), 0);
      if (!outcome || outcome === UNREAD || outcome === UNSCHEDULED || !count) {
        node.replaceChildren();
        return;
      }
      const text = `${count.toLocaleString("en")} sub-run${count === 1 ? "" : "s"}: ${outcomeLabel(outcome).text}`;
      node.replaceChildren(
        count > MAX_LISTED
          ? h("p.hint", `${text}. Filter to at most ${MAX_LISTED} to list them.`)
          : h("button", { class: "primary", onclick: () => list(found, outcome) }, `List ${text}`),
      );
    },
  };
}
