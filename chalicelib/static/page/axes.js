// @ts-check
// The frame of SVG plots: axes with ticks, units and a grid.

import { svg } from "./dom.js";
import { formatNumber } from "./labels.js";

const WIDTH = 640;
const RIGHT = 14;
const TICK_GAP = 8;

/**
 * @typedef {{
 *   label: string, start: number, end: number, ticks: number[], rows?: number,
 *   format?: (value: number) => string,
 *   decorate?: (toX: (value: number) => number, box: Box) => any,
 * }} Axis `format`: value to text; `decorate` draws the `rows` of labels below the plot
 * @typedef {{
 *   width: number, height: number, rowHeight: number, left: number, top: number, bottom: number,
 * }} Box
 */

// The stylesheet uses larger text in the coordinates of the plot if the screen is narrow.
const fontSize = () => (matchMedia("(max-width: 760px)").matches ? 20 : 14);

function textWidth(texts) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 0;
  context.font = `${fontSize()}px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(0, ...texts.map((text) => context.measureText(text).width));
}

/**
 * Compute the range and the ticks of an axis.
 * @param {string} label
 * @param {number[]} values
 * @param {number} [tickCount] approximate number of ticks, at round numbers
 * @param {number} [minStep] smallest distance of two ticks
 * @returns {Axis}
 */
export function axis(label, values, tickCount = 6, minStep = 0) {
  const min = values.reduce((one, other) => Math.min(one, other));
  const max = values.reduce((one, other) => Math.max(one, other));
  const margin = 0.04 * (max - min || Math.abs(max) || 1);
  const [start, end] = [min - margin, max + margin];
  const roughStep = Math.max((end - start) / tickCount, minStep);
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const factor = [1, 2, 2.5, 5].find((one) => one * power >= roughStep * 0.999) ?? 10;
  const step = factor * power;
  const first = Math.ceil(start / step);
  const count = Math.floor(end / step) - first + 1;
  const ticks = Array.from({ length: count }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
  return { label, start, end, ticks };
}

const decimals = (values) =>
  Math.max(...values.map((value) => (String(value).split(".")[1] ?? "").length));

/**
 * Build an empty plot and the functions that map values to its coordinates. The label of the y axis
 * is above the plot, where it cannot cover the ticks.
 * @param {string} description for screen readers
 * @param {Axis} x
 * @param {Axis} y
 * @param {number} [height]
 */
export function frame(description, x, y, height = 380) {
  const places = { x: decimals(x.ticks), y: decimals(y.ticks) };
  const format = y.format ?? ((value) => formatNumber(value, places.y));
  const rowHeight = fontSize() * 1.25;
  const left = Math.ceil(textWidth(y.ticks.map(format))) + 2 * TICK_GAP;
  const top = rowHeight * 1.8;
  const end = WIDTH - RIGHT;
  const bottom = height - rowHeight * ((x.rows ?? 2) + 0.3);
  const box = { width: WIDTH, height, rowHeight, left, top, bottom };
  const toX = (value) => left + ((value - x.start) / (x.end - x.start)) * (end - left);
  const toY = (value) => bottom - ((value - y.start) / (y.end - y.start)) * (bottom - top);
  const line = (kind, x1, x2, y1, y2) => svg("line", { class: kind, x1, x2, y1, y2 });
  const plot = svg(
    "svg.plot",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": description },
    svg(
      "g.frame",
      x.ticks.map((value) => [
        line("grid", toX(value), toX(value), top, bottom),
        plotText("", toX(value), bottom + rowHeight, "middle", value.toFixed(places.x)),
      ]),
      y.ticks.map((value) => [
        line(value === 0 ? "zero" : "grid", left, end, toY(value), toY(value)),
        plotText("", left - TICK_GAP, toY(value) + 5, "end", format(value)),
      ]),
      svg("rect.border", { x: left, y: top, width: end - left, height: bottom - top }),
      x.decorate?.(toX, box),
      plotText("label", (left + end) / 2, bottom + rowHeight * 2, "middle", x.label),
      plotText("label", TICK_GAP / 2, rowHeight, "start", y.label),
    ),
  );
  return { plot, toX, toY, box };
}

/**
 * Build a text of a plot.
 * @type {(kind: string, x: number, y: number, anchor: string, text: any) => SVGElement}
 */
export const plotText = (kind, x, y, anchor, text) =>
  svg("text", { class: kind || null, x, y, "text-anchor": anchor }, text);
