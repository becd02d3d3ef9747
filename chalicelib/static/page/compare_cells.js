// @ts-check
// The cells of the compared sub-runs side by side. Loaded on demand, with the 3D view.

import { cellView } from "./cell_view.js";
import { parseXyz } from "./crystal.js";
import { h } from "./dom.js";
import { readText } from "./file_text.js";
import { seriesIndex } from "./series.js";

// Bonds of less than this part of the strongest one hide the atoms.
const WEAKEST = 0.4;

/**
 * Show the cells in the order of the sub-runs.
 * @param {HTMLElement} section
 * @param {import("./compare.js").Compared[]} compared
 */
export async function showCells(section, compared) {
  section.replaceChildren(h("p.hint", "Loading the structures…"));
  section.replaceChildren(...(await Promise.all(compared.map(buildCell))));
}

/** @param {import("./compare.js").Compared} compared */
async function buildCell({ subRun, name, bonds }) {
  const caption = h("figcaption", name);
  try {
    const crystal = parseXyz(await readText(subRun, `${subRun.nc}.xyz`));
    if (!crystal) throw new Error("The structure has no lattice.");
    const view = cellView(crystal, {
      seriesOf: (type) => seriesIndex(subRun.nc, type),
      onSelect: () => {},
    });
    view.setBonds(bonds);
    view.setWeakest(WEAKEST * bonds.reduce((max, { icohp }) => Math.max(max, icohp), 0));
    return h("figure", caption, view.node);
  } catch (error) {
    const text = error.message;
    return h("figure", caption, h("p.hint", text));
  }
}
