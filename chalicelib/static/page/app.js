// @ts-check
// Entry point: shows the view of the address.

import { keepAgesUpToDate } from "./age.js";
import { ROOT } from "./api.js";
import { showDescription } from "./description.js";
import { byId, h } from "./dom.js";
import { showNotFound } from "./not_found.js";
import { parseRoute, routes } from "./routes.js";
import { watch } from "./run_status.js";
import { showRuns } from "./runs.js";
import { drawSelection } from "./selection.js";
import { showStart } from "./start.js";
import { setUpTokenDialog, showTokenButton } from "./token_dialog.js";

/** @typedef {import("./routes.js").Route} Route */

/** @type {{route: Route | null, start: any, runs: any, run: any, view: any}} */
const current = { route: null, start: null, runs: null, run: null, view: null };

function render() {
  const route = parseRoute(location.hash);
  // Addresses without the slash are those of earlier versions.
  if (/^#[^/]/.test(location.hash)) history.replaceState(null, "", `#/${location.hash.slice(1)}`);
  const previous = current.route;
  current.route = route;
  byId("panes").dataset.view = route.view;
  byId("failure").replaceChildren();
  current.view?.dispose();
  current.view = null;
  if (route.nc !== previous?.nc) showRunsOf(route.nc);
  current.runs?.select(route.idRun ?? null);
  if (route.nc !== previous?.nc || route.idRun !== previous?.idRun) showRunOf(route, previous);
  if (route.idRun) current.run?.showSubRun(route.subRun ?? "0");
  if (route.view === "start") {
    current.start ??= showStart(byId("start"));
    current.start.update(route.query);
  } else if (route.view === "unknown") showNotFound(byId("view"), route.reason ?? "");
  else if (route.view in LOADED_VIEWS) loadView(route);
  if (previous && previous.view !== route.view) scrollTo(0, 0);
  for (const link of document.querySelectorAll("nav a"))
    link.setAttribute(
      "aria-current",
      String(location.hash.startsWith(link.getAttribute("href") ?? "")),
    );
  document.title = `${title(route)} · DataOps`;
}

/** @param {string} [nc] */
function showRunsOf(nc) {
  current.runs?.dispose();
  current.runs = nc ? showRuns(byId("runs"), nc) : null;
  if (!nc) byId("runs").replaceChildren();
}

/**
 * @param {Route} route
 * @param {Route | null} previous
 */
function showRunOf({ nc, idRun }, previous) {
  current.run?.dispose();
  current.run = null;
  const hint = nc && h("p.hint.large", "Choose a run to see its sub-runs, files and bonds.");
  byId("run").replaceChildren(...(hint ? [hint] : []));
  if (!nc || !idRun) return;
  current.run = loadRun({ nc, idRun }, Boolean(previous?.nc));
}

/**
 * Show a run. Its modules are loaded when they are needed.
 * @param {{nc: string, idRun: string}} run
 * @param {boolean} focus
 */
function loadRun(run, focus) {
  let subRun = "0";
  /** @type {any} */
  let pane = null;
  let unwatch = () => {};
  let disposed = false;
  const onChange = () => current.runs?.refreshRun(run.idRun);
  import("./run.js").then(({ showRun }) => {
    if (disposed) return;
    pane = showRun(byId("run"), run, { focus, onChange });
    pane.showSubRun(subRun);
    unwatch = watch(run, (status, error) => {
      if (status || /** @type {any} */ (error)?.status !== 404) return;
      pane.dispose();
      showNotFound(byId("run"), `Run ${run.idRun} of ${run.nc} is not scheduled.`, {
        href: routes.runs(run.nc),
        text: `Runs of ${run.nc}`,
      });
    });
  });
  return {
    showSubRun(name) {
      subRun = name;
      pane?.showSubRun(name);
    },
    dispose() {
      disposed = true;
      unwatch();
      pane?.dispose();
    },
  };
}

// The views whose modules are loaded when they are opened.
/** @type {Record<string, (pane: HTMLElement, route: Route) => Promise<{dispose: () => void}>>} */
const LOADED_VIEWS = {
  compare: async (pane, { targets = [], query }) =>
    (await import("./compare.js")).showCompare(pane, targets, query),
  take: async (pane, { targets = [] }) => (await import("./take.js")).showTake(pane, targets),
  find: async (pane, { query }) => (await import("./find.js")).showFind(pane, query),
  dataset: async (pane, { dataset = [] }) =>
    (await import("./dataset.js")).showDatasets(pane, dataset),
};

/** @param {Route} route */
async function loadView(route) {
  const pane = h("div", h("p.hint", "Loading…"));
  byId("view").replaceChildren(pane);
  const view = await LOADED_VIEWS[route.view](pane, route);
  if (current.route === route) current.view = view;
  else view.dispose();
}

/** @param {Route} route */
function title({ view, nc, idRun, subRun, dataset }) {
  const parts = [nc, idRun && `run ${idRun}`, idRun && `sub-run ${subRun ?? 0}`];
  const names = {
    start: "Compositions",
    compare: "Compare",
    take: "Download",
    find: "Sub-runs",
    dataset: ["Datasets", ...(dataset ?? [])].join(" "),
    unknown: "Not found",
  };
  return names[/** @type {keyof typeof names} */ (view)] ?? parts.filter(Boolean).join(", ");
}

function load() {
  showDescription();
  current.start?.reload();
  showTokenButton();
}

setUpTokenDialog(load);
/** @type {HTMLAnchorElement} */ (byId("docs")).href = new URL("docs", ROOT).pathname;
addEventListener("hashchange", render);
keepAgesUpToDate();
render();
drawSelection();
showDescription();
showTokenButton();
