// @ts-check
// Plot of one or more curves.

import { axis, frame } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { h, svg } from "./dom.js";
import { seriesClass } from "./series.js";

/** @typedef {{name: string, series: number, values: number[], strong?: boolean}} Curve */

const HEIGHT = 300;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {number} exponent */
const powerOfTen = (exponent) =>
  `10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;

/**
 * Build a figure with curves over the same x values.
 * @param {{
 *   title: string, xLabel: string, yLabel: string, x: number[], curves: Curve[],
 *   logarithmic?: boolean, dots?: boolean, note?: string, tableOnly?: Curve[],
 *   filename: string,
 * }} chart `tableOnly`: curves that are listed, but not drawn; `filename`: of exports, without suffix
 * @returns {HTMLElement | null} null if there is no value to draw
 */
export function lineChart({
  title,
  xLabel,
  yLabel,
  x,
  curves,
  logarithmic,
  dots,
  note = "",
  tableOnly = [],
  filename,
}) {
  const scaled = curves.map((curve) => ({
    ...curve,
    values: logarithmic ? curve.values.map(Math.log10) : curve.values,
  }));
  const all = scaled.flatMap(({ values }) => values).filter(Number.isFinite);
  if (!all.length) return null;
  const yAxis = axis(
    yLabel,
    Math.min(...all, ...(logarithmic ? [] : [0])),
    Math.max(...all),
    5,
    logarithmic ? 1 : 0,
  );
  const { node, toX, toY, box } = frame(
    axis(xLabel, x[0], x.at(-1) ?? x[0], 8, dots ? 1 : 0),
    /** @type {any} */ (logarithmic ? { ...yAxis, format: powerOfTen } : yAxis),
    HEIGHT,
  );
  const plot = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${box.width} ${box.height}`,
      role: "img",
      "aria-label": `${title}; the table below lists the values`,
    },
    node,
    scaled.map(({ values, series, strong }) => {
      const points = values.flatMap((value, index) =>
        Number.isFinite(value) ? [[toX(x[index]).toFixed(1), toY(value).toFixed(1)]] : [],
      );
      return [
        svg("path", {
          class: `line ${seriesClass(series)}${strong ? " strong" : ""}`,
          d: points.map(([left, top], index) => `${index ? "L" : "M"}${left} ${top}`).join(""),
        }),
        dots &&
          points.map(([cx, cy]) => svg("circle", { class: seriesClass(series), cx, cy, r: 3 })),
      ];
    }),
  );
  const columns = [...curves, ...tableOnly];
  const getTable = () => ({
    columns: [xLabel, ...columns.map(({ name }) => name)],
    rows: x.map((value, index) => [
      value,
      ...columns.map(({ values }) => (Number.isNaN(values[index]) ? null : values[index])),
    ]),
  });
  return chartFigure(
    { title, note, series: curves, plot, filename, getTable },
    valueTable(title, xLabel, x, columns),
  );
}

/** @param {number} value */
const formatNumber = (value) => String(Number(value.toPrecision(12))).replaceAll("-", "−");

/** @type {(title: string, xLabel: string, x: number[], curves: Curve[]) => HTMLElement} */
function valueTable(title, xLabel, x, curves) {
  const cell = (/** @type {number} */ value) =>
    h("td", { class: "number" }, Number.isNaN(value) ? "none" : formatNumber(value));
  const details = h("details", {}, h("summary", {}, `${title}: values`));
  // Long tables are built when they are opened.
  details.addEventListener(
    "toggle",
    () =>
      details.append(
        h(
          "div",
          { class: "scroll tall", tabindex: "0", role: "region", "aria-label": `${title}: values` },
          h(
            "table",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                [xLabel, ...curves.map(({ name }) => name)].map((text) =>
                  h("th", { scope: "col", class: "number" }, text),
                ),
              ),
            ),
            h(
              "tbody",
              {},
              x.map((value, index) =>
                h(
                  "tr",
                  {},
                  cell(value),
                  curves.map(({ values }) => cell(values[index])),
                ),
              ),
            ),
          ),
        ),
      ),
    { once: true },
  );
  return details;
}
