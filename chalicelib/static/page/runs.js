// The runs of a composition, loaded in pages. The status of a row is requested while it is in view.

import { get, paths, post } from "./api.js";
import { loadNames } from "./composition_summaries.js";
import { actionButton, announce, h } from "./dom.js";
import { formatAge, formatTime } from "./labels.js";
import { showNotFound } from "./not_found.js";
import { routes } from "./routes.js";
import { refresh, watch } from "./run_status.js";
import { loadRunsPage } from "./runs_pages.js";
import { selectBox } from "./selection.js";
import { buildStrip } from "./sub_run_strip.js";

/**
 * Show the runs of a composition in a pane.
 * @param {HTMLElement} pane
 * @param {string} nc
 * @returns {{
 *   select: (idRun: string | null) => Promise<void>,
 *   refreshRun: (idRun: string) => void,
 *   dispose: () => void,
 * }}
 */
export function showRuns(pane, nc) {
  const rows = new Map(); // by id_run
  const list = h("ol", { class: "runs" });
  const foot = h("div", { class: "foot" });
  const abortController = new AbortController();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) target.row.setVisible(isIntersecting);
    },
    { rootMargin: "100px" },
  );
  let selected = null;

  const openRun = (idRun) => {
    location.hash = routes.target({ nc, idRun });
  };

  function insertRow(run) {
    if (rows.has(run.id_run)) return;
    const row = createRow(nc, run);
    rows.set(run.id_run, row);
    let previous = list.lastElementChild;
    while (previous && Number(previous.row.idRun) > Number(run.id_run))
      previous = previous.previousElementSibling;
    if (previous) previous.after(row.item);
    else list.prepend(row.item);
    row.setSelected(run.id_run === selected);
    observer.observe(row.item);
  }

  async function loadPage(cursor) {
    try {
      const { runs, next } = await loadRunsPage(nc, cursor, abortController.signal);
      runs.forEach(insertRow);
      foot.replaceChildren(...(next ? [actionButton(`Show 50 more`, () => loadPage(next))] : []));
      if (!rows.size) {
        if (!(await loadNames(abortController.signal)).includes(nc)) {
          showNotFound(pane, `The data bucket has no files of the composition ${nc}.`);
          return;
        }
        foot.replaceChildren(
          h(
            "p",
            { class: "hint large" },
            "No run is scheduled yet. ",
            "“Schedule next run” schedules the available run with the lowest number.",
          ),
        );
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      foot.replaceChildren(
        h("p", { class: "failure" }, error.message),
        actionButton("Try again", () => loadPage(cursor)),
      );
    }
  }

  async function schedule() {
    const { json } = await post(paths.schedule(nc));
    announce(`Run ${json.id_run} is scheduled`);
    await loadRun(json.id_run);
    openRun(json.id_run);
  }

  // Load a run that may not be on the pages loaded so far.
  async function loadRun(idRun) {
    const { json } = await get(paths.run({ nc, idRun }, "status"), {
      signal: abortController.signal,
    });
    if (!rows.size) foot.replaceChildren();
    insertRow(json);
  }

  const number = h("input", {
    id: "run-number",
    inputmode: "numeric",
    size: "6",
    autocomplete: "off",
  });
  const finderError = h("span", { class: "note failure", role: "status" });
  const finder = h(
    "form",
    {
      class: "finder",
      onsubmit: async (event) => {
        event.preventDefault();
        finderError.textContent = "";
        const idRun = number.value.trim();
        try {
          if (!/^[1-9][0-9]{0,8}$/.test(idRun))
            throw new Error(`“${idRun}” is not the number of a run, such as 21.`);
          await loadRun(idRun);
          openRun(idRun);
        } catch (error) {
          finderError.textContent = error.message;
        }
      },
    },
    h("label", { for: "run-number" }, "Go to run"),
    " ",
    number,
    " ",
    h("button", { type: "submit" }, "Go"),
    finderError,
  );

  pane.replaceChildren(
    h("p", { class: "back" }, h("a", { href: routes.start() }, "‹ All compositions")),
    h("h2", {}, "Runs of ", nc),
    finder,
    list,
    foot,
    actionButton("Schedule next run", schedule),
  );
  const firstPage = loadPage();

  return {
    async select(idRun) {
      selected = idRun;
      finderError.textContent = "";
      for (const [key, row] of rows) row.setSelected(key === idRun);
      await firstPage;
      // An error is shown in the pane of the run.
      if (idRun === selected && idRun && !rows.has(idRun)) loadRun(idRun).catch(() => {});
    },
    refreshRun: (idRun) => refresh({ nc, idRun }),
    dispose() {
      abortController.abort();
      observer.disconnect();
      for (const row of rows.values()) row.setVisible(false);
    },
  };
}

function createRow(nc, run) {
  const state = h("span", { class: "state" });
  const cells = h("span", { class: "cells" }, buildStrip(run.sub_runs));
  const time = h(
    "time",
    { datetime: run.run_scheduled_at, title: formatTime(run.run_scheduled_at), "data-age": true },
    formatAge(run.run_scheduled_at),
  );
  const link = h(
    "a",
    { href: routes.target({ nc, idRun: run.id_run }) },
    h("span", { class: "run-line" }, h("strong", {}, `Run ${run.id_run}`), " ", state, " ", time),
    cells,
  );
  const item = h("li", {}, selectBox({ nc, idRun: run.id_run }), link);
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

  item.row = {
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
  return item.row;
}

/** Build the badge of a status such as "RUNNING". */
export const badge = (text) =>
  h("span", { class: `badge ${text.toLowerCase()}` }, text.toLowerCase());
