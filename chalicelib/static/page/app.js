// The page: compositions, the runs of one, one run. What is shown stands in the address, after the #: <nc>/<id_run>/<sub_run>.

import { ROOT, get, paths, token } from "./api.js";
import { showDataset } from "./dataset.js";
import { byId, h } from "./dom.js";
import { showRun } from "./run.js";
import { showRuns } from "./runs.js";
import { age } from "./words.js";

const FORMULA = /^([A-Z][a-z]?[0-9]{0,3}){1,8}$/;
const NUMBER = /^[1-9][0-9]{0,8}$/;
const SUB_RUN = /^([0-9]|1[0-4])$/;

const shown = { nc: null, idRun: null, runs: null, run: null };

function place() {
  const [nc, idRun, subRun] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (!FORMULA.test(nc ?? "")) return { nc: null };
  if (!NUMBER.test(idRun ?? "")) return { nc, idRun: null };
  return { nc, idRun, subRun: SUB_RUN.test(subRun ?? "") ? subRun : "0" };
}

function show() {
  const { nc, idRun, subRun } = place();
  const moved = shown.nc !== null;
  byId("panes").dataset.pane = idRun ? "run" : nc ? "runs" : "compositions";
  for (const link of document.querySelectorAll("#composition-list a")) {
    link.setAttribute("aria-current", String(link.textContent === nc));
  }
  if (nc !== shown.nc) {
    shown.runs?.end();
    shown.runs = nc ? showRuns(byId("runs"), nc) : null;
    if (!nc) byId("runs").replaceChildren();
  }
  shown.runs?.mark(idRun);
  if (nc !== shown.nc || idRun !== shown.idRun) {
    shown.run?.end();
    shown.run = idRun ? showRun(byId("run"), { nc, idRun }, { focus: moved, onChange: () => shown.runs?.changed(idRun) }) : null;
    if (!idRun) byId("run").replaceChildren(invitation(nc));
  }
  shown.run?.show(subRun);
  Object.assign(shown, { nc, idRun });
  document.title = `${[nc, idRun && `run ${idRun}`, idRun && `sub-run ${subRun}`].filter(Boolean).join(", ") || "Runs and bonds"} · DataOps`;
}

function invitation(nc) {
  return h("p", { class: "hint large" }, nc ? "Choose a run to see its sub-runs, files and bonds." : "Choose a composition to see its runs.");
}

async function loadCompositions() {
  const list = byId("composition-list");
  try {
    const { json } = await get(paths.compositions);
    fail(null);
    const items = json.compositions.map((nc) => h("li", {}, h("a", { href: `#${encodeURIComponent(nc)}` }, nc)));
    list.replaceChildren(items.length ? h("ul", {}, items) : h("p", { class: "hint" }, "The data bucket holds no composition yet."));
    // With nothing to choose from there is nothing to choose.
    if (json.compositions.length === 1 && !place().nc) location.replace(`#${encodeURIComponent(json.compositions[0])}`);
    else show();
  } catch (error) {
    list.replaceChildren(h("p", { class: "hint" }, "Not loaded."));
    fail(error);
  }
}

function load() {
  loadCompositions();
  showDataset();
}

function fail(error) {
  const again = h("button", { type: "button", onclick: () => { fail(null); loadCompositions(); } }, "Try again");
  byId("failure").replaceChildren(...(error ? [h("p", { class: "failure" }, error.message, " ", again)] : []));
}

function tokenDialog() {
  const dialog = byId("token-dialog");
  const field = byId("token");
  let settle = () => {};
  const open = () => new Promise((resolve) => {
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
  byId("token-forget").addEventListener("click", () => {
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

function keepAges() {
  for (const time of document.querySelectorAll("time[data-age]")) time.textContent = age(time.dateTime);
}

token.askWith(tokenDialog());
byId("home").href = `${ROOT.pathname}#`;
byId("docs").href = new URL("docs", ROOT).pathname;
addEventListener("hashchange", show);
setInterval(keepAges, 30_000);
show();
load();
