// @ts-check
// The figure around a plot: title, note, legend, and buttons that save plot and values.

import { h } from "./dom.js";
import { exportButtons } from "./export_data.js";
import { legendSwatch } from "./series.js";

/**
 * Build the figure of a plot.
 * @param {{
 *   title?: string, note?: string, series?: {name: string, series?: number}[],
 *   plot: SVGSVGElement, filename: string, getTable: () => import("./export_data.js").Table,
 * }} parts a legend is shown if there are several `series`; `getTable` returns the values to save
 * @param {...any} children shown between the plot and the buttons
 */
export function chartFigure({ title, note, series = [], plot, filename, getTable }, ...children) {
  const legend =
    series.length > 1 &&
    h(
      "ul.legend-list",
      { "aria-hidden": "true" },
      series.map(({ name, series: kind = 0 }) => h("li", legendSwatch(kind), " ", name)),
    );
  return h(
    "figure.chart",
    title && h("figcaption", h("h4", title), note && h("p.hint", note), legend),
    plot,
    children,
    exportButtons(filename, getTable, plot),
  );
}
