// @ts-check
// Plot of the bonds of several sub-runs: −ICOHP against distance, one series per sub-run.

import { bondFrame } from "./bond_chart.js";
import { chartFigure } from "./chart_figure.js";
import { h, svg } from "./dom.js";
import { legendSwatch, markPath, seriesClass } from "./series.js";

/**
 * @param {{name: string, bonds: any[]}[]} series
 * @param {string} type bond type, or "" for all; for the description only
 * @param {string} filename of exports, without suffix
 */
export function comparePlot(series, type, filename) {
  const all = series.flatMap(({ bonds }) => bonds);
  if (!all.length) return h("p.hint", "None of the sub-runs has such bonds.");
  const description = `${all.length} ${type ? `${type} ` : ""}bonds of ${series.length} sub-runs`;
  const { plot, toX, toY } = bondFrame(`${description}; the table below has the means`, all);
  const items = series.map(({ name, bonds }, index) => {
    const marks = bonds.map((bond) => markPath(index, toX(bond.distance), toY(bond.icohp), 3));
    const layer = svg("path", { class: `marks ${seriesClass(index)}`, d: marks.join("") });
    plot.append(layer);
    const onchange = ({ target }) => layer.classList.toggle("off", !target.checked);
    const input = h("input", { type: "checkbox", checked: true, onchange });
    return h("li", h("label", input, legendSwatch(index), ` ${name} (${bonds.length} bonds)`));
  });
  const getTable = () => ({
    columns: ["cell", "atom_a", "atom_b", "bond_type", "distance_angstrom", "minus_icohp_ev"],
    rows: series.flatMap(({ name, bonds }) =>
      bonds.map((one) => [name, one.label_a, one.label_b, one.bond_type, one.distance, one.icohp]),
    ),
  });
  return chartFigure({ plot, filename, getTable }, h("ul.legend-list", items));
}
