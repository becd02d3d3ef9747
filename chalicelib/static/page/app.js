// Entry point: composition list, token dialog, and navigation.
// The URL fragment is <nc>/<id_run>/<sub_run>.

import { get, paths, ROOT, token } from "./api.js";
import { showDataset } from "./dataset.js";
import { byId, h } from "./dom.js";
import { formatAge } from "./labels.js";
import { showRun } from "./run.js";
import { showRuns } from "./runs.js";

// The same patterns as in chalicelib/domain.
const FORMULA = /^([A-Z][a-z]?[0-9]{0,3}){1,8}$/;
const ID_RUN = /^[1-9][0-9]{0,8}$/;
const SUB_RUN = /^(?:[0-9]|1[0-4])$/;

const current = { nc: null, idRun: null, runsPane: null, runPane: null };

function parseLocation() {
  const [nc, idRun, subRun] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (!FORMULA.test(nc ?? "")) return { nc: null };
  if (!ID_RUN.test(idRun ?? "")) return { nc, idRun: null };
  return { nc, idRun, subRun: SUB_RUN.test(subRun ?? "") ? subRun : "0" };
}

function render() {
  const { nc, idRun, subRun } = parseLocation();
  const navigated = current.nc !== null;
  byId("panes").dataset.pane = idRun ? "run" : nc ? "runs" : "compositions";
  for (const link of document.querySelectorAll("#composition-list a")) {
    link.setAttribute("aria-current", String(link.textContent === nc));
  }
  if (nc !== current.nc) {
    current.runsPane?.dispose();
    current.runsPane = nc ? showRuns(byId("runs"), nc) : null;
    if (!nc) byId("runs").replaceChildren();
  }
  current.runsPane?.select(idRun);
  if (nc !== current.nc || idRun !== current.idRun) {
    current.runPane?.dispose();
    const onChange = () => current.runsPane?.refreshRun(idRun);
    current.runPane = idRun
      ? showRun(byId("run"), { nc, idRun }, { focus: navigated, onChange })
      : null;
    if (!idRun) byId("run").replaceChildren(emptyState(nc));
  }
  current.runPane?.showSubRun(subRun);
  Object.assign(current, { nc, idRun });
  const parts = [nc, idRun && `run ${idRun}`, idRun && `sub-run ${subRun}`].filter(Boolean);
  document.title = `${parts.join(", ") || "Runs and bonds"} · DataOps`;
}

function emptyState(nc) {
  const text = nc
    ? "Choose a run to see its sub-runs, files and bonds."
    : "Choose a composition to see its runs.";
  return h("p", { class: "hint large" }, text);
}

async function loadCompositions() {
  const list = byId("composition-list");
  try {
    const { json } = await get(paths.compositions);
    showError(null);
    const items = json.compositions.map((nc) =>
      h("li", {}, h("a", { href: `#${encodeURIComponent(nc)}` }, nc)),
    );
    list.replaceChildren(
      items.length
        ? h("ul", {}, items)
        : h("p", { class: "hint" }, "The data bucket contains no compositions yet."),
    );
    // Open the only composition without a click.
    if (json.compositions.length === 1 && !parseLocation().nc)
      location.replace(`#${encodeURIComponent(json.compositions[0])}`);
    else render();
  } catch (error) {
    list.replaceChildren(h("p", { class: "hint" }, "Not loaded."));
    showError(error);
  }
}

function load() {
  loadCompositions();
  showDataset();
}

function showError(error) {
  const retry = h(
    "button",
    {
      type: "button",
      onclick: () => {
        showError(null);
        loadCompositions();
      },
    },
    "Try again",
  );
  byId("failure").replaceChildren(
    ...(error ? [h("p", { class: "failure" }, error.message, " ", retry)] : []),
  );
}

function createTokenDialog() {
  const dialog = byId("token-dialog");
  const field = byId("token");
  let settle = () => {};
  const open = () =>
    new Promise((resolve) => {
      settle = resolve;
      field.value = "";
      dialog.returnValue = "";
      dialog.showModal();
    });
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    token.set(field.value.trim());
    dialog.close(field.value.trim());
  });
  byId("token-remove").addEventListener("click", () => {
    token.set(null);
    dialog.close("");
  });
  byId("token-cancel").addEventListener("click", () => dialog.close(""));
  dialog.addEventListener("close", () => {
    field.value = "";
    settle(dialog.returnValue || null);
  });
  byId("token-button").addEventListener("click", async () => {
    if (await open()) load();
  });
  return open;
}

function updateAges() {
  for (const time of document.querySelectorAll("time[data-age]"))
    time.textContent = formatAge(time.dateTime);
}

token.setDialog(createTokenDialog());
byId("home").href = `${ROOT.pathname}#`;
byId("docs").href = new URL("docs", ROOT).pathname;
addEventListener("hashchange", render);
setInterval(updateAges, 30_000);
render();
load();
