// One run: how it stands, its fifteen sub-runs, its archive, and how quantities move over the sub-runs.

import { paths, post } from "./api.js";
import { SUB_RUNS, key, standingOf } from "./cells.js";
import { actionButton, announce, h } from "./dom.js";
import { archiveAction } from "./download.js";
import { linesFor } from "./lines.js";
import { showQuantities } from "./quantities.js";
import { badge } from "./runs.js";
import { isRunning, refresh, watch } from "./standings.js";
import { showSubRun } from "./sub_run.js";
import { DEFORMATIONS, age, moment } from "./words.js";

// Shows it in `pane`; returns `show` (a sub-run) and `end`.
export function showRun(pane, run, { focus, onChange }) {
  const ending = new AbortController();
  const states = h("p", { class: "states" }, h("span", { class: "hint" }, "Loading…"));
  const actions = h("div", { class: "actions" });
  const cells = h("ol", { class: "sub-runs", "aria-label": "Sub-runs" });
  const signs = h("p", { class: "signs", "aria-hidden": "true" });
  const detail = h("section", { class: "sub-run", "aria-label": "Sub-run" });
  const quantities = h("section", { class: "quantities", "aria-label": "All sub-runs" });
  const title = h("h2", { tabindex: "-1" }, `Run ${run.idRun}`, h("small", {}, " of ", run.nc));
  let status = null;
  let open = null;
  let turns = 0;

  const links = SUB_RUNS.map((subRun) => h("a", { href: `#${encodeURIComponent(run.nc)}/${run.idRun}/${subRun}` }));
  cells.append(...links.map((link) => h("li", {}, link)));

  function tell(now, error) {
    if (error) {
      states.replaceChildren(h("span", { class: "failure" }, error.message));
      return;
    }
    const before = status;
    status = now;
    if (before && isRunning(before) && !isRunning(now)) announce(`Run ${run.idRun} is done`);
    drawStates();
    drawCells();
    const grown = !before || before.sub_runs.length !== now.sub_runs.length;
    if (grown) {
      drawActions();
      quantities.replaceChildren();
    }
    if (grown || outcomesKnown(before) !== outcomesKnown(now)) {
      // What the reader came for first; the other sub-runs when that is there.
      const turn = (turns += 1);
      drawSubRun().then(() => turn === turns && showQuantities(quantities, run, now, ending.signal));
    }
  }

  function drawStates() {
    const line = (what, state, at) => h("span", {}, what, " ", badge(state), " scheduled ",
      h("time", { datetime: at, title: moment(at), "data-age": true }, age(at)));
    states.replaceChildren(
      line("Reference cell", status.run_status, status.run_scheduled_at),
      ...(status.sub_runs_status ? [line("Deformed cells", status.sub_runs_status, status.sub_runs_scheduled_at)] : []),
      ...(isRunning(status) ? [h("span", { class: "hint" }, "Simulated: files that exist already can be downloaded now.")] : []),
    );
  }

  function drawCells() {
    signs.replaceChildren(...key(status.sub_runs, status.sub_run_outcomes));
    links.forEach((link, number) => {
      const { text, sign, tone } = standingOf(String(number), status.sub_runs, status.sub_run_outcomes);
      link.className = `cell ${tone}`;
      link.title = `sub-run ${number}: ${DEFORMATIONS[number]}, ${text}`;
      link.replaceChildren(
        h("span", { class: "unseen" }, "sub-run "), h("span", {}, String(number)),
        h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", { class: "unseen" }, `: ${text}`),
      );
    });
  }

  function drawActions() {
    const missing = SUB_RUNS.filter((subRun) => !status.sub_runs.includes(subRun));
    actions.replaceChildren(...[
      missing.length > 0 && actionButton(missing.length === 14 ? "Augment: add the 14 deformed cells" : "Augment: add the others", augment),
      archiveAction("Download the whole run", paths.run(run, "download"), ending.signal),
      linesFor(run),
    ].filter(Boolean));
  }

  async function augment() {
    await post(paths.run(run, "augment"));
    announce(`Run ${run.idRun} is augmented`);
    refresh(run);
    onChange();
  }

  function drawSubRun() {
    links.forEach((link, number) => link.setAttribute("aria-current", String(String(number) === open)));
    return status && open !== null ? showSubRun(detail, { ...run, subRun: open }, status, { augment }) : Promise.resolve();
  }

  const hint = h("p", { class: "hint" }, "Sub-run 0 is the reference cell, 1 to 14 are deformations of it.");
  pane.replaceChildren(
    h("p", { class: "back" }, h("a", { href: `#${encodeURIComponent(run.nc)}` }, `‹ Runs of ${run.nc}`)),
    title, states, actions, hint, cells, signs, detail, quantities,
  );
  if (focus) title.focus();
  const stop = watch(run, tell);

  return {
    show(subRun) {
      if (subRun === open) return;
      open = subRun;
      drawSubRun();
    },
    end() {
      stop();
      ending.abort();
    },
  };
}

const outcomesKnown = (status) => JSON.stringify(status?.sub_run_outcomes ?? null);
