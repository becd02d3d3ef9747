// @ts-check
// The runs of a composition, loaded in pages. The status of a row is requested while it is in view.

import { get, paths, post } from "./api.js";
import { loadNames } from "./composition_summaries.js";
import { actionButton, announce, backLink, h } from "./dom.js";
import { showNotFound } from "./not_found.js";
import { routes } from "./routes.js";
import { runRow } from "./run_row.js";
import { refresh } from "./run_status.js";
import { loadRunsPage } from "./runs_pages.js";

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
  /** @type {Map<string, ReturnType<typeof runRow>>} */
  const rows = new Map(); // by id_run
  const rowOf = (item) => rows.get(item.dataset.run);
  const list = h("ol.runs");
  const foot = h("div.foot");
  const abortController = new AbortController();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) rowOf(target)?.setVisible(isIntersecting);
    },
    { rootMargin: "100px" },
  );
  /** @type {string | null} */
  let selected = null;

  const openRun = (idRun) => {
    location.hash = routes.target({ nc, idRun });
  };

  function insertRow(run) {
    if (rows.has(run.id_run)) return;
    const row = runRow(nc, run);
    rows.set(run.id_run, row);
    /** @type {any} */
    let previous = list.lastElementChild;
    while (previous && Number(previous.dataset.run) > Number(run.id_run))
      previous = previous.previousElementSibling;
    list.insertBefore(row.item, previous ? previous.nextSibling : list.firstChild);
    row.setSelected(run.id_run === selected);
    observer.observe(row.item);
  }

  /** @param {string | null} [cursor] */
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
        scheduleButton.firstElementChild?.classList.add("primary");
        foot.replaceChildren(
          h(
            "p.hint.large",
            "No run is scheduled yet. ",
            "“Schedule next run” schedules the available run with the lowest number.",
          ),
        );
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      foot.replaceChildren(
        h("p.failure", error.message),
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
    scheduleButton.firstElementChild?.classList.remove("primary");
    insertRow(json);
  }

  const number = h("input", {
    id: "run-number",
    inputmode: "numeric",
    size: "6",
    autocomplete: "off",
  });
  const finderError = h("span.note.failure", { role: "status" });
  const finder = h(
    "form.finder",
    {
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

  const scheduleButton = actionButton("Schedule next run", schedule);
  pane.replaceChildren(backLink(), h("h2", "Runs of ", nc), finder, list, foot, scheduleButton);
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
