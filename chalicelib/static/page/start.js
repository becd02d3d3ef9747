// @ts-check
// The start page: what the service has, and the table of compositions with search and filters.

import { applyFilter, formatFilter, parseFilter } from "./composition_filter.js";
import { loadCompositions } from "./composition_summaries.js";
import { compositionsTable, summaryTable } from "./compositions_table.js";
import { announce, byId, h } from "./dom.js";
import { tableButtons } from "./export_data.js";
import { outcomeSelect, searchField, sortSelect } from "./filter_fields.js";
import { matchingSubRuns } from "./matching_sub_runs.js";
import { periodicTable } from "./periodic_table.js";
import { routes } from "./routes.js";
import { unreadNotice } from "./unread_notice.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */
/** @typedef {import("./composition_filter.js").Filter} Filter */

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
  const count = h("p", { class: "count", role: "status" }, "Loading…");
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
      type: "button",
      class: "subtle",
      onclick: () => {
        change({ q: "", elements: [], outcome: "" });
        search.focus();
      },
    },
    "Clear filters",
  );
  const matching = matchingSubRuns();
  const notice = unreadNotice(() => reload());
  const save = tableButtons("compositions", () =>
    summaryTable(applyFilter(compositions ?? [], filter)),
  );

  /** @param {Partial<Filter>} changes */
  function change(changes) {
    filter = { ...filter, ...changes };
    history.replaceState(null, "", routes.start(formatFilter(filter)));
    draw();
    if (compositions) announce(count.textContent ?? "");
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
    matching.update(found, filter.outcome);
    count.textContent = countText(found, compositions.length);
    notice.update(compositions);
    fields.hidden = !compositions.length;
  }

  async function reload() {
    try {
      compositions = await loadCompositions();
      byId("failure").replaceChildren();
      draw();
    } catch (error) {
      if (!compositions) count.textContent = "Not loaded.";
      showFailure(/** @type {Error} */ (error));
    }
  }

  /** @param {Error} error */
  function showFailure(error) {
    const retry = h(
      "button",
      {
        type: "button",
        onclick: () => {
          byId("failure").replaceChildren();
          reload();
        },
      },
      "Try again",
    );
    byId("failure").replaceChildren(h("p", { class: "failure" }, error.message, " ", retry));
  }

  const fields = h("div", { class: "fields" }, search.node, outcome.node, sort.node, clear);
  byId("elements").append(elements.node);
  pane.append(
    fields,
    h("div", { class: "table-head" }, count, matching.node, save),
    notice.node,
    table.node,
  );

  return {
    update(query) {
      filter = parseFilter(query);
      draw();
      reload();
    },
    reload,
  };
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
  const sum = (/** @type {(one: Composition) => number} */ value) =>
    found.reduce((result, one) => result + value(one), 0);
  const number = (/** @type {number} */ value, /** @type {string} */ unit) =>
    `${value.toLocaleString("en")} ${unit}${value === 1 ? "" : "s"}`;
  const shown = found.length === total ? "" : `${found.length.toLocaleString("en")} of `;
  return `${shown}${number(total, "composition")}, ${number(
    sum((one) => one.runs),
    "scheduled run",
  )}, ${number(
    sum((one) => one.sub_runs),
    "sub-run",
  )}`;
}
