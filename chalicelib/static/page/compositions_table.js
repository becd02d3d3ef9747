// @ts-check
// The table of compositions. Rows are drawn in chunks, so that 1,000 compositions stay fast.

import { ageOf } from "./age.js";
import { countOutcome, UNREAD } from "./composition_filter.js";
import { h } from "./dom.js";
import { formatNumber, OUTCOME_NAMES, outcomeLabel, UNKNOWN } from "./labels.js";
import { routes } from "./routes.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */
/** @typedef {import("./composition_filter.js").Filter} Filter */

const CHUNK = 50;

// A column without a key is not sorted.
const COLUMNS = [
  { key: "name", text: "Composition" },
  { key: "runs", text: "Runs", number: true, descending: true },
  { key: "sub-runs", text: "Sub-runs by outcome", descending: true },
  { key: "bonds", text: "Bonds", number: true, descending: true },
  { key: "energy", text: "Total energy (Ry)", number: true },
  { key: "activity", text: "Last activity", descending: true },
];

/**
 * @param {(sort: string) => void} onSort
 * @returns {{node: HTMLElement, update: (found: Composition[], filter: Filter) => void}}
 */
export function compositionsTable(onSort) {
  const body = h("tbody");
  const foot = h("div.foot");
  const headers = COLUMNS.map(({ key, text, number, descending }) => {
    const cell = h(
      "th",
      { scope: "col", class: number ? "number" : null },
      h(
        "button",
        {
          class: "sort",
          onclick: () => {
            const first = descending ? `-${key}` : key;
            const second = descending ? key : `-${key}`;
            onSort(cell.dataset.sort === first ? second : first);
          },
        },
        text,
      ),
    );
    return cell;
  });
  /** @type {Composition[]} */
  let shown = [];

  function drawMore() {
    const start = body.rows.length;
    body.append(...shown.slice(start, start + CHUNK).map(buildRow));
    drawFoot();
    return /** @type {HTMLElement | null} */ (body.rows[start]?.querySelector("a"));
  }

  function drawFoot() {
    const rest = shown.length - body.rows.length;
    foot.replaceChildren(
      ...(rest > 0
        ? [
            h(
              "button",
              { onclick: () => drawMore()?.focus() },
              `Show ${Math.min(CHUNK, rest)} more of ${rest.toLocaleString("en")}`,
            ),
          ]
        : []),
    );
  }

  const head = h("thead", h("tr", headers));
  const caption = h("caption.visually-hidden", "Compositions");
  const table = h("table.compositions", caption, head, body);
  return {
    node: h("div", table, foot),
    update(found, { sort }) {
      shown = found;
      for (const [index, { key }] of COLUMNS.entries()) {
        const sorted = sort.replace(/^-/, "") === key;
        headers[index].dataset.sort = sorted ? sort : "";
        if (sorted) headers[index].ariaSort = sort.startsWith("-") ? "descending" : "ascending";
        else headers[index].ariaSort = null;
      }
      table.hidden = !found.length;
      body.replaceChildren();
      drawMore();
      if (!found.length)
        foot.replaceChildren(h("p.hint.large", "No composition matches the filters."));
    },
  };
}

/** @param {Composition} composition */
function buildRow(composition) {
  const { nc, runs, bonds, last_activity_at: time } = composition;
  return h(
    "tr",
    { class: runs ? null : "unscheduled" },
    h("th", { scope: "row" }, h("a", { href: routes.runs(nc) }, nc)),
    h("td.number", { "data-label": runs === 1 ? "run" : "runs" }, String(runs)),
    h("td", runs ? outcomes(composition) : h("span.hint", "no run scheduled")),
    h("td.number", { "data-label": "bonds" }, bonds ? bonds.toLocaleString("en") : ""),
    h("td.number", { "data-label": "Ry" }, formatEnergyRange(composition)),
    h("td", time && ageOf(time)),
  );
}

/** @param {Composition} composition */
function outcomes(composition) {
  const parts = [...OUTCOME_NAMES, UNREAD]
    .map((name) => ({
      count: countOutcome(composition, name),
      ...(name === UNREAD ? { ...UNKNOWN, text: "not read yet" } : outcomeLabel(name)),
    }))
    .filter(({ count }) => count);
  const bar = h("span.outcome-bar", { "aria-hidden": "true" });
  for (const { count, tone } of parts) {
    const segment = h("span", { class: `cell ${tone}` });
    segment.style.flexGrow = String(count);
    bar.append(segment);
  }
  return [bar, h("span", parts.map(({ count, text }) => `${count} ${text}`).join(", "))];
}

/** @param {Composition} composition */
function formatEnergyRange({ min_total_energy_ry: min, max_total_energy_ry: max }) {
  if (min === null || max === null) return "";
  const [low, high] = [formatNumber(min, 3), formatNumber(max, 3)];
  return low === high ? low : `${low} to ${high}`;
}

/**
 * Return the table as it is saved, with one column per outcome.
 * @param {Composition[]} compositions
 * @returns {import("./export_data.js").Table}
 */
export function summaryTable(compositions) {
  const names = OUTCOME_NAMES.filter((name) =>
    compositions.some((composition) => countOutcome(composition, name)),
  );
  return {
    columns: [
      "composition",
      "runs",
      "sub_runs",
      ...names,
      "not_read_yet",
      "bonds",
      "min_total_energy_ry",
      "max_total_energy_ry",
      "last_activity_at",
    ],
    rows: compositions.map((one) => [
      one.nc,
      one.runs,
      one.sub_runs,
      ...names.map((name) => countOutcome(one, name)),
      one.unread,
      one.bonds,
      one.min_total_energy_ry,
      one.max_total_energy_ry,
      one.last_activity_at,
    ]),
  };
}
