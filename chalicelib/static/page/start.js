// @ts-check
// The start page: what the service has, and the table of compositions with search and filters.

import { applyFilter, countOutcome, formatFilter, parseFilter } from "./composition_filter.js";
import { loadCompositions } from "./composition_summaries.js";
import { compositionsTable, summaryTable } from "./compositions_table.js";
import { byId, h, saveStartAddress } from "./dom.js";
import { exportButtons } from "./export_data.js";
import { outcomeSelect, searchField, sortSelect } from "./filter_fields.js";
import { formatCount, OUTCOME_NAMES, outcomeLabel } from "./labels.js";
import { periodicTable } from "./periodic_table.js";
import { routes } from "./routes.js";
import { unreadNotice } from "./unread_notice.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */
/** @typedef {import("./composition_filter.js").Filter} Filter */

// The names are part of the address of the list.
const MAX_NAMES = 100;

/**
 * Show the start page in a pane.
 * @param {HTMLElement} pane
 * @returns {{update: (query: URLSearchParams) => void, reload: () => void}} `update` applies the
 *   query of an address, and loads the numbers again
 */
export function showStart(pane) {
  /** @type {Composition[] | null} */
  let compositions = null;
  let filter = parseFilter(new URLSearchParams());
  const count = h("p.count", { role: "status" }, "Loading…");
  const table = compositionsTable((sort) => change({ sort }));
  const elements = periodicTable((element) =>
    change({
      elements: filter.elements.includes(element)
        ? filter.elements.filter((one) => one !== element)
        : [...filter.elements, element],
    }),
  );
  const search = searchField((q) => change({ q }));
  const outcome = outcomeSelect((value) => change({ outcome: value }));
  const sort = sortSelect((value) => change({ sort: value }));
  const clear = h(
    "button",
    {
      class: "subtle",
      onclick: () => {
        change({ q: "", elements: [], outcome: "" });
        search.focus();
      },
    },
    "Clear filters",
  );
  const matching = h("a.button");
  const notice = unreadNotice(() => reload());
  const save = exportButtons("compositions", () =>
    summaryTable(applyFilter(compositions ?? [], filter)),
  );

  /** @param {Partial<Filter>} changes */
  function change(changes) {
    filter = { ...filter, ...changes };
    history.replaceState(null, "", routes.start(formatFilter(filter)));
    draw();
  }

  function draw() {
    if (!compositions) return;
    const found = applyFilter(compositions, filter);
    elements.update(countElements(compositions), filter.elements);
    search.update(filter.q);
    outcome.update(filter.outcome, compositions);
    sort.update(filter.sort);
    clear.hidden = !filter.q && !filter.elements.length && !filter.outcome;
    table.update(found, filter);
    showMatching(matching, found, filter);
    count.textContent = countText(found, compositions.length);
    notice.update(compositions);
    saveStartAddress(routes.start(formatFilter(filter)));
    fields.hidden = !compositions.length;
  }

  async function reload() {
    try {
      compositions = await loadCompositions();
      byId("failure").replaceChildren();
      draw();
      import("./run.js"); // most users open a run next
    } catch (error) {
      if (!compositions) count.textContent = "Not loaded.";
      showFailure(error);
    }
  }

  /** @param {Error} error */
  function showFailure(error) {
    const retry = h(
      "button",
      {
        onclick: () => {
          byId("failure").replaceChildren();
          reload();
        },
      },
      "Try again",
    );
    byId("failure").replaceChildren(h("p.failure", error.message, " ", retry));
  }

  const fields = h("div.fields", search.node, outcome.node, sort.node, clear);
  byId("elements").append(elements.node);
  pane.append(fields, h("div.table-head", count, matching, save), notice.node, table.node);

  return {
    update(query) {
      filter = parseFilter(query);
      draw();
      reload();
    },
    reload,
  };
}

/**
 * Link to the sub-runs of the filtered compositions.
 * @param {HTMLAnchorElement} link
 * @param {Composition[]} found
 * @param {Filter} filter
 */
function showMatching(link, found, { q, elements, outcome }) {
  const query = new URLSearchParams();
  if (elements.length) query.set("elements", elements.join(","));
  if (q) query.set("nc", found.map(({ nc }) => nc).join(","));
  const isOutcome = OUTCOME_NAMES.includes(outcome);
  if (isOutcome) query.set("outcome", outcome);
  const count = found.reduce((sum, one) => sum + countOutcome(one, outcome), 0);
  link.href = routes.find(query);
  link.className = isOutcome ? "button primary" : "button";
  link.textContent = isOutcome
    ? `List ${formatCount(count, "sub-run")}: ${outcomeLabel(outcome).text}`
    : "Find sub-runs";
  link.hidden = !found.length || (Boolean(q) && found.length > MAX_NAMES);
}

/** @param {Composition[]} compositions */
function countElements(compositions) {
  const counts = new Map();
  for (const { elements } of compositions)
    for (const element of elements) counts.set(element, (counts.get(element) ?? 0) + 1);
  return counts;
}

/**
 * @param {Composition[]} found
 * @param {number} total
 */
function countText(found, total) {
  if (!total) return "The data bucket contains no compositions yet.";
  const sum = (key) => found.reduce((result, one) => result + one[key], 0);
  const shown = found.length === total ? "" : `${found.length.toLocaleString("en")} of `;
  const [runs, subRuns] = [sum("runs"), sum("sub_runs")];
  if (!runs)
    return `${shown}${formatCount(total, "composition")}. No run is scheduled: choose a composition to schedule its runs.`;
  return [
    `${shown}${formatCount(total, "composition")}`,
    formatCount(runs, "scheduled run"),
    formatCount(subRuns, "sub-run"),
  ].join(", ");
}
