// @ts-check
// Plot of one or more curves.

import { axis, frame } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { svg } from "./dom.js";
import { seriesClass } from "./series.js";
import { tableDetails } from "./tables.js";

/** @typedef {{name: string, series: number, values: number[], strong?: boolean}} Curve */

const HEIGHT = 300;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const superscript = (digit) => SUPERSCRIPTS[Number(digit)];
const powerOfTen = (exponent) =>
  `10${String(exponent).replace("-", "⁻").replace(/\d/g, superscript)}`;

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
  const scale = logarithmic ? Math.log10 : Number;
  const scaled = curves.map((curve) => ({ ...curve, values: curve.values.map(scale) }));
  const all = scaled.flatMap(({ values }) => values).filter(Number.isFinite);
  if (!all.length) return null;
  const { plot, toX, toY } = frame(
    `${title}; the table below lists the values`,
    axis(xLabel, x, 8, dots ? 1 : 0),
    logarithmic ? { ...axis(yLabel, all, 5, 1), format: powerOfTen } : axis(yLabel, [...all, 0], 5),
    HEIGHT,
  );
  for (const { values, series, strong } of scaled) {
    const points = values.flatMap((value, index) =>
      Number.isFinite(value) ? [[toX(x[index]).toFixed(1), toY(value).toFixed(1)]] : [],
    );
    plot.append(
      svg("path", {
        class: `line ${seriesClass(series)}${strong ? " strong" : ""}`,
        d: points.map(([left, top], index) => `${index ? "L" : "M"}${left} ${top}`).join(""),
      }),
    );
    if (dots)
      plot.append(
        ...points.map(([cx, cy]) => svg("circle", { class: seriesClass(series), cx, cy, r: 3 })),
      );
  }
  const listed = [...curves, ...tableOnly];
  const columns = [xLabel, ...listed.map(({ name }) => name)];
  const rows = x.map((value, index) => [
    value,
    ...listed.map(({ values }) => (Number.isNaN(values[index]) ? null : values[index])),
  ]);
  return chartFigure(
    { title, note, series: curves, plot, filename, getTable: () => ({ columns, rows }) },
    tableDetails(`${title}: values`, columns, () => rows.map((row) => row.map(formatValue))),
  );
}

const formatValue = (value) =>
  value === null ? "none" : String(Number(value.toPrecision(12))).replaceAll("-", "−");
