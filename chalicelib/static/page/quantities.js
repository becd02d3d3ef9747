// How quantities move over the fifteen sub-runs: mean -ICOHP per bond type, total energy, SCF iterations.

import { get, paths } from "./api.js";
import { axis, follow, frame, mark, reading, sample, seriesClass, seriesOf } from "./axes.js";
import { SUB_RUNS } from "./cells.js";
import { h, s } from "./dom.js";
import { DEFORMATIONS } from "./words.js";

// Draws them into `section` for the sub-runs that are scheduled.
export async function showQuantities(section, run, status, signal) {
  const outcomes = status.sub_run_outcomes ?? {};
  const scalar = (name) => SUB_RUNS.map((subRun) => outcomes[subRun]?.[name] ?? null);
  const strengths = h("div", {}, h("p", { class: "hint" }, "Loading bonds…"));
  const facts = [
    chart("Total energy", "total energy (Ry)", [{ name: "total energy", values: scalar("total_energy_ry") }], { places: 4 }),
    chart("SCF iterations", "SCF iterations", [{ name: "SCF iterations", values: scalar("scf_iterations") }], { places: 0, least: 1 }),
  ];
  section.replaceChildren(h("h3", {}, "Over the sub-runs"), strengths, ...facts.filter(Boolean));
  try {
    const means = await meanStrengths(run, status, signal);
    strengths.replaceChildren(chart("Mean bond strength", "mean −ICOHP (eV)", means, { places: 3 }) ?? h("p", { class: "hint" }, "No sub-run has bond strengths."));
  } catch (error) {
    if (error.name !== "AbortError") strengths.replaceChildren(h("p", { class: "failure" }, error.message));
  }
}

// One series per bond type. A page of one bond brings the means over all of them.
async function meanStrengths(run, status, signal) {
  const summaries = await Promise.all(SUB_RUNS.map(async (subRun) => {
    const found = status.sub_run_outcomes?.[subRun];
    if (!status.sub_runs.includes(subRun) || (found && !found.bond_labels)) return [];
    try {
      return (await get(`${paths.subRun({ ...run, subRun }, "bonds")}?limit=1`, { signal })).json.bond_types;
    } catch (error) {
      if (error.status === 404 || error.status === 409) return []; // no bonds there, which is no failure here
      throw error;
    }
  }));
  const types = [...new Set(summaries.flat().map((summary) => summary.bond_type))].sort();
  return types.map((type) => ({
    name: type,
    series: seriesOf(run.nc, type),
    values: summaries.map((found) => found.find((summary) => summary.bond_type === type)?.mean_icohp ?? null),
  }));
}

// A figure with a line per series over the sub-runs, and its values as a table; null where no series has any.
function chart(title, label, series, { places, least }) {
  const all = series.flatMap(({ values }) => values).filter((value) => value !== null);
  if (!all.length) return null;
  const { node, toX, toY, box } = frame(
    { label: "sub-run", from: -0.5, to: 14.5, ticks: SUB_RUNS.map(Number) },
    axis(label, Math.min(...all), Math.max(...all), 5, least),
    300,
  );
  const points = series.flatMap(({ name, values }, number) => values.map((value, subRun) => (
    value === null ? null : { name, number, subRun, value, x: toX(subRun), y: toY(value) })).filter(Boolean));
  const lines = series.map(({ series: kind = 0 }, number) => {
    const own = points.filter((point) => point.number === number);
    const way = own.map((point, at) => `${at && own[at - 1].subRun === point.subRun - 1 ? "L" : "M"}${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join("");
    return [s("path", { class: `way ${seriesClass(kind)}`, d: way }),
      s("path", { class: `marks ${seriesClass(kind)}`, d: own.map((point) => mark(kind, point.x, point.y, 4)).join("") })];
  });
  const tip = reading(box);
  const svg = s("svg", { class: "plot", viewBox: `0 0 ${box.width} ${box.height}`, role: "img", "aria-label": `${title} over the sub-runs; its values stand in the table that follows` },
    node, lines, tip.node);
  const shown = (value) => value.toFixed(places).replace("-", "−");
  follow(svg, box, (at) => {
    const near = at && points.reduce((best, point) => {
      const away = Math.hypot(point.x - at.x, point.y - at.y);
      return away < best.away ? { point, away } : best;
    }, { away: 24 });
    if (!near?.point) tip.hide();
    else {
      const { name, subRun, value, x, y } = near.point;
      tip.show(x, y, [`sub-run ${subRun}, ${DEFORMATIONS[subRun]}`, `${series.length > 1 ? `${name}: ` : ""}${shown(value)}`]);
    }
  });
  const legend = series.length > 1 && h("ul", { class: "keys", "aria-hidden": "true" }, series.map(({ name, series: kind }) => h("li", {}, sample(kind), " ", name)));
  return h("figure", { class: "chart" }, h("figcaption", {}, h("h4", {}, title), legend), svg, values(title, series, shown));
}

function values(title, series, shown) {
  const rows = SUB_RUNS.map((subRun) => h("tr", {}, h("th", { scope: "row" }, `${subRun}: ${DEFORMATIONS[Number(subRun)]}`),
    series.map((one) => h("td", { class: "number" }, one.values[Number(subRun)] === null ? "none" : shown(one.values[Number(subRun)])))));
  return h("details", {}, h("summary", {}, `${title}: values`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: values` },
      h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Sub-run"), series.map(({ name }) => h("th", { scope: "col", class: "number" }, name)))),
        h("tbody", {}, rows))));
}
