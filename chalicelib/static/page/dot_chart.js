// @ts-check
// Plot of a quantity over the sub-runs: one dot per sub-run and series, grouped by deformation.

import { axis, frame, nearestPoint, onPointerMove, tooltip } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { DEFORMATION_AXIS, POSITIONS } from "./deformation_axis.js";
import { DEFORMATION_GROUPS } from "./deformation_groups.js";
import { h, svg } from "./dom.js";
import { DEFORMATIONS } from "./labels.js";
import { markPath, seriesClass } from "./series.js";

const MAX_POINTER_DISTANCE = 24; // in the coordinates of the plot
const HEIGHT = 330;
/** @typedef {{name: string, series?: number, values: (number | null)[]}} Series by sub-run */

/**
 * Build a figure with one mark per series and sub-run, and a table of the values.
 * @param {{
 *   title: string, label: string, series: Series[], places: number, minStep?: number,
 *   note?: string, more?: Series[], filename: string,
 * }} chart `more`: columns of the table that are not drawn; `filename`: of exports, without suffix
 * @returns {HTMLElement | null} null if no series has a value
 */
export function dotChart({
  title,
  label,
  series,
  places,
  minStep = 0,
  note = "",
  more = [],
  filename,
}) {
  const all = series.flatMap(({ values }) => values).filter((value) => value !== null);
  if (!all.length) return null;
  const y = axis(label, Math.min(...all), Math.max(...all), 5, minStep);
  const { node, toX, toY, box } = frame(DEFORMATION_AXIS, y, HEIGHT);
  const points = series.flatMap(({ name, values, series: kind = 0 }) =>
    values.flatMap((value, subRun) =>
      value === null
        ? []
        : [{ name, kind, subRun, value, x: toX(POSITIONS[subRun]), y: toY(value) }],
    ),
  );
  const marks = series.map(({ name, series: kind = 0 }) =>
    svg("path", {
      class: `marks ${seriesClass(kind)}`,
      d: points
        .filter((point) => point.name === name)
        .map((point) => markPath(kind, point.x, point.y, 5))
        .join(""),
    }),
  );
  const tip = tooltip(box);
  const plot = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${box.width} ${box.height}`,
      role: "img",
      "aria-label": `${title} by sub-run; the table below lists the values`,
    },
    node,
    marks,
    tip.node,
  );
  const format = (/** @type {number} */ value) => value.toFixed(places).replace("-", "−");
  onPointerMove(plot, box, (position) => {
    const nearest = position && nearestPoint(points, position, MAX_POINTER_DISTANCE);
    if (!nearest) tip.hide();
    else {
      const { name, subRun, value, x, y: height } = nearest;
      tip.show(x, height, [
        `sub-run ${subRun}, ${DEFORMATIONS[subRun]}`,
        `${series.length > 1 ? `${name}: ` : ""}${format(value)}`,
      ]);
    }
  });
  const getTable = () => exportTable([...series, ...more]);
  return chartFigure(
    { title, note, series, plot, filename, getTable },
    valueTable(title, [
      ...series.map((one) => ({ ...one, format })),
      ...more.map((one) => ({ ...one, format: (/** @type {number} */ value) => String(value) })),
    ]),
  );
}

/** @param {Series[]} columns */
const exportTable = (columns) => ({
  columns: ["sub_run", "deformation", ...columns.map(({ name }) => name)],
  rows: DEFORMATIONS.map((deformation, subRun) => [
    subRun,
    deformation,
    ...columns.map(({ values }) => values[subRun]),
  ]),
});

/**
 * @param {string} title
 * @param {(Series & {format: (value: number) => string})[]} columns
 */
function valueTable(title, columns) {
  const rows = DEFORMATION_GROUPS.flatMap(({ members }) => members).map(({ subRun }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${subRun}: ${DEFORMATIONS[subRun]}`),
      columns.map(({ values, format }) => {
        const value = values[subRun];
        return h("td", { class: "number" }, value === null ? "none" : format(value));
      }),
    ),
  );
  const head = h(
    "tr",
    {},
    h("th", { scope: "col" }, "Sub-run"),
    columns.map(({ name }) => h("th", { scope: "col", class: "number" }, name)),
  );
  return h(
    "details",
    {},
    h("summary", {}, `${title}: values`),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: values` },
      h("table", {}, h("thead", {}, head), h("tbody", {}, rows)),
    ),
  );
}
