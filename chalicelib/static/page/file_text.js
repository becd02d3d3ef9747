// @ts-check
// Texts of small files, requested once per page load.

import { get, paths } from "./api.js";

const MAX_PARTS = 4; // of up to 1 MiB
const MAX_CACHED = 60;

/** @type {Map<string, Promise<string>>} */
const cache = new Map();

/** @typedef {{nc: string, idRun: string, subRun: string}} SubRun */

/**
 * Return the start of the names of exported files.
 * @param {SubRun} subRun
 */
export const exportName = ({ nc, idRun, subRun }) => `${nc}_${idRun}_${subRun}`;

/**
 * Read the start of a file of a sub-run, up to 4 MiB.
 * @param {SubRun} subRun
 * @param {string} name
 * @returns {Promise<string>}
 */
export function readText(subRun, name) {
  const path = `${paths.file(subRun, name)}/text`;
  const cached = cache.get(path);
  if (cached) return cached;
  if (cache.size >= MAX_CACHED) cache.delete([...cache.keys()][0]);
  const text = request(path);
  cache.set(path, text);
  text.catch(() => cache.delete(path));
  return text;
}

/** @param {string} path */
async function request(path) {
  const texts = [];
  for (let offset = 0, part = 0; offset !== null && part < MAX_PARTS; part += 1) {
    const { json } = await get(`${path}?offset=${offset}`);
    texts.push(json.text);
    offset = json.next_offset;
  }
  return texts.join("");
}
