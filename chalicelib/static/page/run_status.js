// @ts-check
// Status of the runs in view: a few concurrent requests, repeated while a run is running.

import { get, paths } from "./api.js";

const MAX_CONCURRENT_REQUESTS = 4;
const POLL_SECONDS = 2;
const RETRY_SECONDS = 10;

// Keyed by "<nc>/<id_run>".
const listeners = new Map(); // sets of functions
const statuses = new Map(); // last status documents
const timers = new Map(); // of the next poll
const queue = []; // keys to request, next first
const inFlight = new Set(); // keys of requests in progress
const outdated = new Set(); // in flight, but the run was changed after the request began

const keyOf = ({ nc, idRun }) => `${nc}/${idRun}`;

export const isRunning = (status) =>
  status.run_status === "RUNNING" || status.sub_runs_status === "RUNNING";

/**
 * Subscribe to the status of a run.
 * @param {{nc: string, idRun: string}} run
 * @param {(status: object | null, error?: Error) => void} onUpdate called with the known status,
 *   with each later one, and with (null, error) if a request fails
 * @returns {() => void} a function that unsubscribes
 */
export function watch(run, onUpdate) {
  const key = keyOf(run);
  if (!listeners.has(key)) listeners.set(key, new Set());
  listeners.get(key).add(onUpdate);
  if (statuses.has(key)) onUpdate(statuses.get(key));
  if ((!statuses.has(key) || isRunning(statuses.get(key))) && !inFlight.has(key)) enqueue(key);
  return () => {
    listeners.get(key)?.delete(onUpdate);
    if (listeners.get(key)?.size === 0) listeners.delete(key);
  };
}

/** Request the status of a run now, because the run was changed. */
export const refresh = (run) => enqueue(keyOf(run), true);

function enqueue(key, first = false) {
  const index = queue.indexOf(key);
  if (index >= 0) queue.splice(index, 1);
  queue.splice(first ? 0 : queue.length, 0, key);
  startRequests();
}

function startRequests() {
  while (inFlight.size < MAX_CONCURRENT_REQUESTS && queue.length) {
    const key = queue.shift();
    if (inFlight.has(key)) outdated.add(key);
    else if (listeners.has(key)) requestStatus(key);
  }
}

async function requestStatus(key) {
  inFlight.add(key);
  try {
    const [nc, idRun] = key.split("/");
    const { json } = await get(paths.run({ nc, idRun }, "status"));
    const changed = JSON.stringify(statuses.get(key)) !== JSON.stringify(json);
    statuses.set(key, json);
    if (changed) notify(key, json);
    if (isRunning(json)) schedulePoll(POLL_SECONDS, key);
  } catch (error) {
    statuses.delete(key);
    notify(key, null, error);
    if (error.status === 0 || error.status >= 500) schedulePoll(RETRY_SECONDS, key);
  } finally {
    inFlight.delete(key);
    if (outdated.delete(key)) queue.unshift(key);
    startRequests();
  }
}

function notify(key, status, error) {
  for (const onUpdate of listeners.get(key) ?? []) onUpdate(status, error);
}

function schedulePoll(seconds, key) {
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => poll(key), seconds * 1000),
  );
}

// A hidden tab sends no requests; polling continues when it becomes visible.
function poll(key) {
  if (document.hidden)
    document.addEventListener("visibilitychange", () => poll(key), { once: true });
  else if (listeners.has(key)) enqueue(key);
}
