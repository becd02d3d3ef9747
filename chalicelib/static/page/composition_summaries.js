// @ts-check
// The compositions with the numbers of their scheduled runs: two kinds of requests for all of them.

import { get, getAll, paths } from "./api.js";

/**
 * @typedef {{
 *   nc: string, elements: string[], runs: number, sub_runs: number,
 *   outcomes: Record<string, number>, unread: number, bonds: number,
 *   min_total_energy_ry: number | null, max_total_energy_ry: number | null,
 *   last_activity_at: string | null,
 * }} Composition
 */

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<string[]>} the names of all compositions with files
 */
export async function loadNames(signal) {
  return (await get(paths.compositions, { signal })).json.compositions;
}

/**
 * Load all compositions, scheduled or not, ordered by name.
 * @returns {Promise<Composition[]>}
 */
export async function loadCompositions() {
  const [names, summaries] = await Promise.all([
    loadNames(),
    getAll(paths.summary, "compositions"),
  ]);
  /** @type {Map<string, Composition>} */
  const byName = new Map(names.map((nc) => [nc, emptyComposition(nc)]));
  for (const summary of summaries) {
    const sum = byName.get(summary.nc) ?? emptyComposition(summary.nc);
    byName.set(summary.nc, add(sum, summary));
  }
  return [...byName.values()].sort((one, other) => (one.nc < other.nc ? -1 : 1));
}

/** @param {string} nc @returns {Composition} */
const emptyComposition = (nc) => ({
  nc,
  elements: [...new Set(nc.match(/[A-Z][a-z]?/g))],
  runs: 0,
  sub_runs: 0,
  outcomes: {},
  unread: 0,
  bonds: 0,
  min_total_energy_ry: null,
  max_total_energy_ry: null,
  last_activity_at: null,
});

/**
 * Add the runs of a later page: a page may end within a composition.
 * @param {Composition} one
 * @param {Composition} other
 * @returns {Composition}
 */
function add(one, other) {
  const outcomes = { ...one.outcomes };
  for (const [name, count] of Object.entries(other.outcomes))
    outcomes[name] = (outcomes[name] ?? 0) + count;
  return {
    ...one,
    outcomes,
    runs: one.runs + other.runs,
    sub_runs: one.sub_runs + other.sub_runs,
    unread: one.unread + other.unread,
    bonds: one.bonds + other.bonds,
    min_total_energy_ry: extreme(Math.min, one.min_total_energy_ry, other.min_total_energy_ry),
    max_total_energy_ry: extreme(Math.max, one.max_total_energy_ry, other.max_total_energy_ry),
    last_activity_at:
      (one.last_activity_at ?? "") > (other.last_activity_at ?? "")
        ? one.last_activity_at
        : other.last_activity_at,
  };
}

/**
 * @param {(...values: number[]) => number} choose
 * @param {(number | null)[]} values
 */
function extreme(choose, ...values) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  return known.length ? choose(...known) : null;
}
