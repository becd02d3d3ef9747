// @ts-check
// The bonds of a sub-run, loaded in pages.

import { get, paths } from "./api.js";

const PAGE_SIZE = 5000;

/**
 * @param {{nc: string, idRun: string, subRun: string}} subRun
 * @param {AbortSignal} signal
 * @returns {Promise<{types: any[], bonds: any[]}>} the means by bond type, and all bonds
 */
export async function loadBonds(subRun, signal) {
  const bonds = [];
  for (let cursor; ; ) {
    const { json } = await get(paths.bonds(subRun, PAGE_SIZE, cursor), { signal });
    bonds.push(...json.bonds);
    if (!json.next_cursor) return { types: json.bond_types, bonds };
    cursor = json.next_cursor;
  }
}
