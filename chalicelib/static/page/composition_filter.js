// @ts-check
// Search, filters and order of the table of compositions, and their form in the address.

/** @typedef {import("./composition_summaries.js").Composition} Composition */
/** @typedef {{q: string, elements: string[], outcome: string, sort: string}} Filter */

export const UNREAD = "UNREAD";
export const UNSCHEDULED = "UNSCHEDULED";

/** Keys of the columns that can be sorted, with the value of a composition. */
export const SORT_VALUES = {
  name: ({ nc }) => nc,
  runs: ({ runs }) => runs,
  "sub-runs": (composition) => composition.sub_runs,
  bonds: ({ bonds }) => bonds,
  energy: (composition) => composition.min_total_energy_ry,
  activity: (composition) => composition.last_activity_at,
};

/** @param {URLSearchParams} query @returns {Filter} */
export const parseFilter = (query) => ({
  q: query.get("q") ?? "",
  elements: (query.get("elements") ?? "").split(",").filter(Boolean),
  outcome: query.get("outcome") ?? "",
  sort:
    (query.get("sort") ?? "").replace(/^-/, "") in SORT_VALUES ? (query.get("sort") ?? "") : "name",
});

/** @param {Filter} filter */
export function formatFilter({ q, elements, outcome, sort }) {
  const query = new URLSearchParams();
  if (elements.length) query.set("elements", elements.join(","));
  if (q) query.set("q", q);
  if (outcome) query.set("outcome", outcome);
  if (sort !== "name") query.set("sort", sort);
  return query;
}

/**
 * Return the number of sub-runs with an outcome.
 * @param {Composition} composition
 * @param {string} outcome
 */
export const countOutcome = (composition, outcome) =>
  outcome === UNREAD ? composition.unread : (composition.outcomes[outcome] ?? 0);

/**
 * @param {Composition[]} compositions ordered by name
 * @param {Filter} filter
 * @returns {Composition[]} those that match, in the order of the filter; missing values are last
 */
export function applyFilter(compositions, { q, elements, outcome, sort }) {
  const text = q.trim().toLowerCase();
  const found = compositions.filter(
    (one) =>
      one.nc.toLowerCase().includes(text) &&
      elements.every((element) => one.elements.includes(element)) &&
      (!outcome || (outcome === UNSCHEDULED ? one.runs === 0 : countOutcome(one, outcome) > 0)),
  );
  const descending = sort.startsWith("-");
  const value = SORT_VALUES[/** @type {keyof typeof SORT_VALUES} */ (sort.replace(/^-/, ""))];
  return found.sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    return (a < b ? -1 : 1) * (descending ? -1 : 1);
  });
}
