// @ts-check
// The scheduled runs of a composition, loaded in pages.

import { get, paths } from "./api.js";

const PAGE_SIZE = 50;

/**
 * Load one page.
 * @param {string} nc
 * @param {string | null | undefined} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<{runs: any[], next: string | null}>}
 */
export async function loadRunsPage(nc, cursor, signal) {
  const { json, response } = await get(paths.runsPage(nc, PAGE_SIZE, cursor), { signal });
  return { runs: json[nc] ?? [], next: nextCursor(response) };
}

/**
 * Load all pages.
 * @param {string} nc
 * @param {AbortSignal} signal
 * @returns {Promise<any[]>}
 */
export async function loadRuns(nc, signal) {
  const all = [];
  for (let cursor = null; ; ) {
    const { runs, next } = await loadRunsPage(nc, cursor, signal);
    all.push(...runs);
    if (!next) return all;
    cursor = next;
  }
}

// Return the cursor of the next page from the Link header (RFC 8288), or null after the last page.
function nextCursor(response) {
  const next = (response.headers.get("Link") ?? "").match(
    /<[^>]*[?&]cursor=([^&>]+)[^>]*>;\s*rel="?next"?/,
  );
  return next && decodeURIComponent(next[1]);
}
