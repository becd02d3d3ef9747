// @ts-check
// The statuses of many runs: a few concurrent requests, with progress.

import { get, paths } from "./api.js";
import { loadRuns } from "./runs_pages.js";

const MAX_CONCURRENT_REQUESTS = 4;

/** @typedef {{nc: string, idRun: string}} Run */

/**
 * @param {Run[]} runs
 * @param {AbortSignal} signal
 * @param {(done: number, total: number) => void} [onProgress]
 * @returns {Promise<any[]>} the status documents, in the order of `runs`
 */
export async function loadStatuses(runs, signal, onProgress) {
  /** @type {any[]} */
  const statuses = new Array(runs.length);
  const queue = runs.entries();
  let done = 0;
  const work = async () => {
    for (const [index, run] of queue) {
      statuses[index] = (await get(paths.run(run, "status"), { signal })).json;
      done += 1;
      onProgress?.(done, runs.length);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_REQUESTS }, work));
  return statuses;
}

/**
 * @param {string[]} names of compositions
 * @param {AbortSignal} signal
 * @returns {Promise<Run[]>} all scheduled runs
 */
export async function listRuns(names, signal) {
  const runs = [];
  for (const nc of names)
    for (const run of await loadRuns(nc, signal)) runs.push({ nc, idRun: run.id_run });
  return runs;
}
