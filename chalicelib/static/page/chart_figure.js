// @ts-check
// The figure around a plot: title, note, legend, and buttons that save plot and values.

import { h } from "./dom.js";
import { plotButtons, tableButtons } from "./export_data.js";
import { legendSwatch } from "./series.js";

/**
 * Build the figure of a plot.
 * @param {{
 *   title: string, note?: string, series: {name: string, series?: number}[], plot: Element,
 *   filename: string, getTable: () => {columns: string[], rows: any[][]},
 * }} parts a legend is shown if there are several `series`; `getTable` returns the values to save
 * @param {...any} children shown below the buttons
 */
export function chartFigure({ title, note, series, plot, filename, getTable }, ...children) {
  const legend =
    series.length > 1 &&
    h(
      "ul",
      { class: "legend-list", "aria-hidden": "true" },
      series.map(({ name, series: kind = 0 }) => h("li", {}, legendSwatch(kind), " ", name)),
    );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("h4", {}, title), note && h("p", { class: "hint" }, note), legend),
    plot,
    h(
      "div",
      { class: "exports" },
      plotButtons(filename, /** @type {SVGSVGElement} */ (plot)),
      tableButtons(filename, getTable),
    ),
    ...children,
  );
}
