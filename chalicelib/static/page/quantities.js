// Plots over the fifteen sub-runs: mean -ICOHP per bond type, total energy, SCF iterations.

import { get, paths } from "./api.js";
import {
  axis,
  frame,
  legendSwatch,
  markPath,
  nearestPoint,
  onPointerMove,
  seriesClass,
  seriesIndex,
  tooltip,
} from "./axes.js";
import { h, svg } from "./dom.js";
import { DEFORMATIONS } from "./labels.js";
import { SUB_RUNS } from "./sub_run_strip.js";

const MAX_POINTER_DISTANCE = 24; // in the coordinates of the plot

/**
 * Show the plots of the scheduled sub-runs.
 * @param {HTMLElement} section
 * @param {{nc: string, idRun: string}} run
 * @param {object} status the status document of the run
 * @param {AbortSignal} signal
 */
export async function showQuantities(section, run, status, signal) {
  const outcomes = status.sub_run_outcomes ?? {};
  const valuesOf = (name) => SUB_RUNS.map((subRun) => outcomes[subRun]?.[name] ?? null);
  const strengths = h("div", {}, h("p", { class: "hint" }, "Loading bonds…"));
  const charts = [
    chart(
      "Total energy",
      "total energy (Ry)",
      [{ name: "total energy", values: valuesOf("total_energy_ry") }],
      { places: 4 },
    ),
    chart(
      "SCF iterations",
      "SCF iterations",
      [{ name: "SCF iterations", values: valuesOf("scf_iterations") }],
      { places: 0, minStep: 1 },
    ),
  ];
  section.replaceChildren(
    h("h3", {}, "Quantities by sub-run"),
    strengths,
    ...charts.filter(Boolean),
  );
  try {
    const means = await meanStrengths(run, status, signal);
    strengths.replaceChildren(
      chart("Mean bond strength", "mean −ICOHP (eV)", means, { places: 3 }) ??
        h("p", { class: "hint" }, "No sub-run has bond strengths."),
    );
  } catch (error) {
    if (error.name !== "AbortError")
      strengths.replaceChildren(h("p", { class: "failure" }, error.message));
  }
}

// One series per bond type. A page of one bond contains the means over all bonds.
async function meanStrengths(run, status, signal) {
  const summaries = await Promise.all(
    SUB_RUNS.map(async (subRun) => {
      const outcome = status.sub_run_outcomes?.[subRun];
      if (!status.sub_runs.includes(subRun) || (outcome && !outcome.bond_labels)) return [];
      try {
        return (await get(`${paths.subRun({ ...run, subRun }, "bonds")}?limit=1`, { signal })).json
          .bond_types;
      } catch (error) {
        if (error.status === 404 || error.status === 409) return []; // no bonds
        throw error;
      }
    }),
  );
  const types = [...new Set(summaries.flat().map((summary) => summary.bond_type))].sort();
  return types.map((type) => ({
    name: type,
    series: seriesIndex(run.nc, type),
    values: summaries.map(
      (found) => found.find((summary) => summary.bond_type === type)?.mean_icohp ?? null,
    ),
  }));
}

// Build a figure with one line per series and a table of the values.
// Return null if no series has a value.
function chart(title, label, series, { places, minStep }) {
  const all = series.flatMap(({ values }) => values).filter((value) => value !== null);
  if (!all.length) return null;
  const { node, toX, toY, box } = frame(
    { label: "sub-run", start: -0.5, end: 14.5, ticks: SUB_RUNS.map(Number) },
    axis(label, Math.min(...all), Math.max(...all), 5, minStep),
    300,
  );
  const pointsBySeries = series.map(({ name, values }) =>
    values
      .map(
        (value, subRun) => value !== null && { name, subRun, value, x: toX(subRun), y: toY(value) },
      )
      .filter(Boolean),
  );
  const lines = series.map(({ series: kind = 0 }, index) => {
    const points = pointsBySeries[index];
    const command = (at) => (at && points[at - 1].subRun === points[at].subRun - 1 ? "L" : "M");
    const line = points
      .map((point, at) => `${command(at)}${point.x.toFixed(1)} ${point.y.toFixed(1)}`)
      .join("");
    return [
      svg("path", { class: `line ${seriesClass(kind)}`, d: line }),
      svg("path", {
        class: `marks ${seriesClass(kind)}`,
        d: points.map((point) => markPath(kind, point.x, point.y, 4)).join(""),
      }),
    ];
  });
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
    lines,
    tip.node,
  );
  const format = (value) => value.toFixed(places).replace("-", "−");
  onPointerMove(plot, box, (position) => {
    const nearest = position && nearestPoint(pointsBySeries.flat(), position, MAX_POINTER_DISTANCE);
    if (!nearest) tip.hide();
    else {
      const { name, subRun, value, x, y } = nearest;
      tip.show(x, y, [
        `sub-run ${subRun}, ${DEFORMATIONS[subRun]}`,
        `${series.length > 1 ? `${name}: ` : ""}${format(value)}`,
      ]);
    }
  });
  const legend =
    series.length > 1 &&
    h(
      "ul",
      { class: "legend-list", "aria-hidden": "true" },
      series.map(({ name, series: kind }) => h("li", {}, legendSwatch(kind), " ", name)),
    );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("h4", {}, title), legend),
    plot,
    valueTable(title, series, format),
  );
}

function valueTable(title, series, format) {
  const rows = SUB_RUNS.map((subRun) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, `${subRun}: ${DEFORMATIONS[Number(subRun)]}`),
      series.map(({ values }) => {
        const value = values[Number(subRun)];
        return h("td", { class: "number" }, value === null ? "none" : format(value));
      }),
    ),
  );
  return h(
    "details",
    {},
    h("summary", {}, `${title}: values`),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: values` },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Sub-run"),
            series.map(({ name }) => h("th", { scope: "col", class: "number" }, name)),
          ),
        ),
        h("tbody", {}, rows),
      ),
    ),
  );
}
