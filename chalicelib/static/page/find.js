// @ts-check
// Sub-runs found by their facts: filters, a table, and what can be done with all of them.

import { get, paths, ROOT } from "./api.js";
import { loadCompositions } from "./composition_summaries.js";
import { actionButton, backLink, h, showError } from "./dom.js";
import { exportButtons } from "./export_data.js";
import { filterForm, toOptions, toWhere } from "./find_fields.js";
import { freezeForm } from "./freeze_form.js";
import { DEFORMATIONS, formatCount, formatNumber } from "./labels.js";
import { routes } from "./routes.js";
import { selectBox } from "./selection.js";
import { buildSnippet, shellQuote } from "./snippets.js";
import { outcomeText } from "./sub_run_strip.js";
import { scrollTable } from "./tables.js";
import { unreadNotice } from "./unread_notice.js";

const PAGE_SIZE = 200;
const COLUMNS = [
  "nc",
  "id_run",
  "sub_run",
  "deformation",
  "outcome",
  "bond_labels",
  "bonds_expected",
  "scf_iterations",
  "total_energy_ry",
  "energy_above_reference_ry",
];

/**
 * Show the view.
 * @param {HTMLElement} pane
 * @param {URLSearchParams} query the filters, with the names of the API
 * @returns {{dispose: () => void}}
 */
export function showFind(pane, query) {
  let controller = new AbortController();
  const results = h("div");
  const notice = unreadNotice(() => find(query));
  const form = filterForm(query, (filters) => {
    history.replaceState(null, "", routes.find(filters));
    find(filters);
  });

  async function find(filters) {
    query = filters;
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    results.replaceChildren(h("p.hint", "Searching…"));
    /** @type {{rows: any[], unread: number, cursor: string | null}} */
    const found = { rows: [], unread: 0, cursor: null };
    const loadMore = async () => {
      const parameters = { ...Object.fromEntries(filters), limit: PAGE_SIZE, cursor: found.cursor };
      const { json } = await get(paths.subRuns(parameters), { signal });
      found.rows.push(...json.sub_runs);
      found.unread += json.unindexed;
      found.cursor = json.next_cursor;
      draw(results, found, loadMore, filters, signal);
      if (found.unread) showUnread(notice, filters);
      else notice.update([]);
    };
    try {
      await loadMore();
    } catch (error) {
      showError(results, error);
    }
  }

  pane.replaceChildren(
    backLink(),
    h("h2", "Find sub-runs"),
    form,
    h("p.hint", "E(0) is the energy of sub-run 0 of the same run, in Ry."),
    notice.node,
    results,
  );
  find(query);
  return { dispose: () => controller.abort() };
}

// The files that are not read yet belong to compositions that match the filters.
async function showUnread(notice, filters) {
  const [names, elements] = ["nc", "elements"].map((name) => filters.get(name)?.split(","));
  const compositions = await loadCompositions();
  notice.update(
    compositions.filter(
      (one) =>
        (!names || names.includes(one.nc)) &&
        (!elements || elements.every((element) => one.elements.includes(element))),
    ),
  );
}

function draw(results, { rows, unread, cursor }, loadMore, filters, signal) {
  const table = () =>
    scrollTable(
      "Sub-runs",
      ["Sub-run", "Deformation", "Outcome", "Bonds", "Iterations", "Energy (Ry)", "E − E(0) (Ry)"],
      rows.map(buildRow),
      3,
    );
  const getTable = () => ({
    columns: COLUMNS,
    rows: rows.map((row) => COLUMNS.map((name) => row[name])),
  });
  const base = shellQuote(ROOT.href.replace(/\/$/, ""));
  const command = (verb, suffix = "") =>
    `dataops --url ${base} ${verb}${toOptions(filters)}${suffix}`;
  const count = cursor
    ? `The first ${formatCount(rows.length, "sub-run")}`
    : formatCount(rows.length, "sub-run");
  results.replaceChildren(
    h(
      "div.table-head",
      h("p.count", { role: "status" }, count),
      exportButtons("sub_runs", getTable),
    ),
    rows.length
      ? table()
      : h(
          "p.hint",
          unread ? "No sub-run whose files are read matches." : "No sub-run matches.",
          " Only scheduled runs are searched: choose a composition to schedule its runs.",
        ),
    cursor ? actionButton(`Load ${PAGE_SIZE} more`, loadMore) : "",
    rows.length
      ? h(
          "div",
          h("h3", "Take all of them"),
          buildSnippet("download", command("download", " -o data")),
          freezeForm({ where: toWhere(filters) }, signal),
        )
      : "",
  );
}

function buildRow(row) {
  const { nc, id_run: idRun, sub_run: subRun } = row;
  const target = { nc, idRun, subRun };
  return [
    h(
      "span.with-box",
      selectBox(target),
      h("a", { href: routes.target(target) }, `${nc}/${idRun}/${subRun}`),
    ),
    DEFORMATIONS[Number(subRun)],
    outcomeText(row),
    row.bond_labels,
    row.scf_iterations,
    formatNumber(row.total_energy_ry, 5),
    formatNumber(row.energy_above_reference_ry, 5),
  ];
}
