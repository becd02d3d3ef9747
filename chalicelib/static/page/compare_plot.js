// @ts-check
// Plot of the bonds of several sub-runs: −ICOHP against distance, one series per sub-run.

import { axis, frame } from "./axes.js";
import { h, svg } from "./dom.js";
import { legendSwatch, markPath, seriesClass } from "./series.js";

/**
 * @param {{name: string, bonds: any[]}[]} series
 * @param {string} type bond type, or "" for all; for the description only
 * @returns {{plot: SVGSVGElement | null, legend: HTMLElement}} no plot if there are no bonds
 */
export function comparePlot(series, type) {
  const layers = series.map(() => svg("path", {}));
  const legend = h(
    "ul",
    { class: "legend-list" },
    series.map(({ name, bonds }, index) => {
      const input = /** @type {HTMLInputElement} */ (
        h("input", {
          type: "checkbox",
          checked: true,
          onchange: () => layers[index].classList.toggle("off", !input.checked),
        })
      );
      return h(
        "li",
        {},
        h("label", {}, input, legendSwatch(index), ` ${name} (${bonds.length} bonds)`),
      );
    }),
  );
  const all = series.flatMap(({ bonds }) => bonds);
  if (!all.length) return { plot: null, legend };
  const range = (/** @type {"distance" | "icohp"} */ key, /** @type {number} */ from) => [
    all.reduce((min, bond) => Math.min(min, bond[key]), from),
    all.reduce((max, bond) => Math.max(max, bond[key]), from),
  ];
  const [minDistance, maxDistance] = range("distance", all[0].distance);
  const [minStrength, maxStrength] = range("icohp", 0);
  const { node, toX, toY, box } = frame(
    axis("distance (Å)", minDistance, maxDistance, 8),
    axis("−ICOHP (eV)", minStrength, maxStrength),
  );
  for (const [index, { bonds }] of series.entries()) {
    const marks = bonds.map((bond) => markPath(index, toX(bond.distance), toY(bond.icohp), 3));
    layers[index].setAttribute("class", `marks ${seriesClass(index)}`);
    layers[index].setAttribute("d", marks.join(""));
  }
  const plot = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${box.width} ${box.height}`,
      role: "img",
      "aria-label": `−ICOHP against distance of ${all.length} ${type ? `${type} ` : ""}bonds of ${series.length} sub-runs; the table below has the means`,
    },
    node,
    layers,
  );
  return { plot: /** @type {SVGSVGElement} */ (plot), legend };
}
