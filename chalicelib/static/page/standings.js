// How runs stand: asked for the runs that somebody looks at, a few at a time, and again while they are running.

import { get, paths } from "./api.js";

const AT_ONCE = 4;
const AGAIN_SECONDS = 2;
const HEAL_SECONDS = 10;

// By "<nc>/<id_run>".
const watchers = new Map(); // sets of functions
const known = new Map(); // status documents
const timers = new Map(); // when to ask again
const waiting = []; // to be asked for, next first
const asked = new Set(); // on their way
const stale = new Set(); // on their way, but something was done since

const keyOf = ({ nc, idRun }) => `${nc}/${idRun}`;

export const isRunning = (status) => status.run_status === "RUNNING" || status.sub_runs_status === "RUNNING";

// Call `tell(status)` with what is known and with all that follows, `tell(null, error)` on a failure; returns what ends it.
export function watch(run, tell) {
  const key = keyOf(run);
  if (!watchers.has(key)) watchers.set(key, new Set());
  watchers.get(key).add(tell);
  if (known.has(key)) tell(known.get(key));
  if ((!known.has(key) || isRunning(known.get(key))) && !asked.has(key)) enqueue(key);
  return () => {
    watchers.get(key)?.delete(tell);
    if (watchers.get(key)?.size === 0) watchers.delete(key);
  };
}

// Ask now: something was done to the run.
export const refresh = (run) => enqueue(keyOf(run), true);

function enqueue(key, first = false) {
  const at = waiting.indexOf(key);
  if (at >= 0) waiting.splice(at, 1);
  waiting.splice(first ? 0 : waiting.length, 0, key);
  next();
}

function next() {
  while (asked.size < AT_ONCE && waiting.length) {
    const key = waiting.shift();
    if (asked.has(key)) stale.add(key);
    else if (watchers.has(key)) askFor(key);
  }
}

async function askFor(key) {
  asked.add(key);
  try {
    const [nc, idRun] = key.split("/");
    const { json } = await get(paths.run({ nc, idRun }, "status"));
    const news = JSON.stringify(known.get(key)) !== JSON.stringify(json);
    known.set(key, json);
    if (news) watchers.get(key)?.forEach((tell) => tell(json));
    if (isRunning(json)) askIn(AGAIN_SECONDS, key);
  } catch (error) {
    known.delete(key);
    watchers.get(key)?.forEach((tell) => tell(null, error));
    if (error.status === 0 || error.status >= 500) askIn(HEAL_SECONDS, key);
  } finally {
    asked.delete(key);
    if (stale.delete(key)) waiting.unshift(key);
    next();
  }
}

function askIn(seconds, key) {
  clearTimeout(timers.get(key));
  timers.set(key, setTimeout(() => askAgain(key), seconds * 1000));
}

// A page that nobody sees asks nothing.
function askAgain(key) {
  if (document.hidden) document.addEventListener("visibilitychange", () => askAgain(key), { once: true });
  else if (watchers.has(key)) enqueue(key);
}
