// @ts-check
// Plot of a quantity over the sub-runs: one dot per sub-run and series, grouped by deformation.

import { axis, frame } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { DEFORMATION_AXIS, POSITIONS } from "./deformation_axis.js";
import { DEFORMATION_GROUPS } from "./deformation_groups.js";
import { svg } from "./dom.js";
import { DEFORMATIONS, formatNumber } from "./labels.js";
import { onPointAt, tooltip } from "./plot_pointer.js";
import { markPath, seriesClass } from "./series.js";
import { tableDetails } from "./tables.js";

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
  const points = series.flatMap(({ name, values, series: kind = 0 }) =>
    values.flatMap((value, subRun) =>
      value === null ? [] : [{ name, kind, subRun, value, x: 0, y: 0 }],
    ),
  );
  if (!points.length) return null;
  const { plot, toX, toY, box } = frame(
    `${title} by sub-run; the table below lists the values`,
    DEFORMATION_AXIS,
    axis(
      label,
      points.map(({ value }) => value),
      5,
      minStep,
    ),
    HEIGHT,
  );
  for (const point of points) {
    point.x = toX(POSITIONS[point.subRun]);
    point.y = toY(point.value);
  }
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
  plot.append(...marks, tip.node);
  onPointAt(
    plot,
    box,
    MAX_POINTER_DISTANCE,
    () => points,
    (point) => {
      if (!point) tip.hide();
      else
        tip.show(point.x, point.y, [
          `sub-run ${point.subRun}, ${DEFORMATIONS[point.subRun]}`,
          `${series.length > 1 ? `${point.name}: ` : ""}${formatNumber(point.value, places)}`,
        ]);
    },
  );
  const columns = [...series, ...more];
  const getTable = () => ({
    columns: ["sub_run", "deformation", ...columns.map(({ name }) => name)],
    rows: DEFORMATIONS.map((deformation, subRun) => [
      subRun,
      deformation,
      ...columns.map(({ values }) => values[subRun]),
    ]),
  });
  const getRows = () =>
    DEFORMATION_GROUPS.flatMap(({ members }) => members).map(({ subRun }) => [
      `${subRun}: ${DEFORMATIONS[subRun]}`,
      ...columns.map(({ values }, index) => {
        const value = values[subRun];
        if (value === null) return "none";
        return index < series.length ? formatNumber(value, places) : String(value);
      }),
    ]);
  return chartFigure(
    { title, note, series, plot, filename, getTable },
    tableDetails(`${title}: values`, ["Sub-run", ...columns.map(({ name }) => name)], getRows),
  );
}
