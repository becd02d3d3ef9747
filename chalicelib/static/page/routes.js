// @ts-check
// Addresses of the views: the fragment of the URL.

import { SUB_RUNS } from "./sub_run_strip.js";

/** @typedef {{nc: string, idRun: string, subRun?: string}} Target a run, or one of its sub-runs */
/**
 * @typedef {{
 *   view: "start" | "runs" | "run" | "compare" | "take" | "find" | "dataset" | "unknown",
 *   nc?: string, idRun?: string, subRun?: string, targets?: Target[], query: URLSearchParams,
 *   reason?: string, dataset?: string[],
 * }} Route
 */

// The same patterns as in chalicelib/domain.
const FORMULA = /^([A-Z][a-z]?[0-9]{0,3}){1,8}$/;
const ID_RUN = /^[1-9][0-9]{0,8}$/;

/** @param {URLSearchParams} query */
const suffix = (query) => (query.size ? `?${query}`.replaceAll("%2C", ",") : "");

/** @param {Target} target */
export const targetName = ({ nc, idRun, subRun }) =>
  [nc, idRun, subRun].filter((part) => part !== undefined).join("/");

/** @param {Target[]} targets */
const names = (targets) => targets.map(targetName).join(",");

export const routes = {
  start: (query = new URLSearchParams()) => `#/${suffix(query)}`,
  /** @param {string} nc */
  runs: (nc) => `#/${encodeURIComponent(nc)}`,
  /** @param {Target} target */
  target: (target) => `#/${targetName(target)}`,
  /** @param {Target[]} targets */
  compare: (targets, query = new URLSearchParams()) =>
    `#/compare/${names(targets)}${suffix(query)}`,
  /** @param {Target[]} targets */
  take: (targets) => `#/take/${names(targets)}`,
  /** @param {URLSearchParams} filters */
  find: (filters) => `#/sub-runs${suffix(filters)}`,
  /** @param {...string} parts name, version, "diff", other version */
  dataset: (...parts) => ["#/datasets", ...parts].join("/"),
};

/**
 * @param {string} fragment `location.hash`
 * @returns {Route} view "unknown" with a reason if the fragment is not an address of the page
 */
export function parseRoute(fragment) {
  const [rawPath, rawQuery = ""] = fragment.replace(/^#\/?/, "").split(/\?(.*)/s);
  const query = new URLSearchParams(rawQuery);
  let path = rawPath;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    // Reported as unknown below.
  }
  const parts = path.split("/");
  if (path === "") return { view: "start", query };
  if (parts[0] === "compare" || parts[0] === "take") return parseTargets(parts[0], path, query);
  if (path === "sub-runs") return { view: "find", query };
  if (parts[0] === "datasets") return { view: "dataset", dataset: parts.slice(1), query };
  const target = parseTarget(path);
  if ("reason" in target) return { view: "unknown", reason: target.reason, query };
  return { view: target.idRun ? "run" : "runs", ...target, query };
}

/**
 * @param {"compare" | "take"} view
 * @param {string} path
 * @param {URLSearchParams} query
 * @returns {Route}
 */
function parseTargets(view, path, query) {
  const targets = [];
  for (const name of path.slice(view.length + 1).split(",")) {
    const target = parseTarget(name);
    if ("reason" in target) return { view: "unknown", reason: target.reason, query };
    if (!target.idRun)
      return { view: "unknown", reason: `“${name}” is not a run or sub-run.`, query };
    targets.push(/** @type {Target} */ (target));
  }
  return { view, targets, query };
}

/**
 * @param {string} name such as "Zr49Cu49Al2/21/8"
 * @returns {{nc: string, idRun?: string, subRun?: string} | {reason: string}}
 */
export function parseTarget(name) {
  const [nc, idRun, subRun, ...rest] = name.replace(/\/$/, "").split("/");
  if (!FORMULA.test(nc)) return { reason: `“${nc}” is not the formula of a composition.` };
  if (idRun !== undefined && !ID_RUN.test(idRun))
    return { reason: `“${idRun}” is not the number of a run.` };
  if ((subRun !== undefined && !SUB_RUNS.includes(subRun)) || rest.length)
    return { reason: `“${[subRun, ...rest].join("/")}” is not a sub-run; these are 0 to 14.` };
  return { nc, ...(idRun && { idRun }), ...(subRun && { subRun }) };
}
