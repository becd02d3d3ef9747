// Parts of SVG plots: axes with ticks, units and a grid, the marks of series, and a tooltip.

import { svg } from "./dom.js";

export const SIZE = { width: 640, height: 380, right: 14 };
const TICK_GAP = 8;

// The stylesheet uses larger text in the coordinates of the plot if the screen is narrow.
const fontSize = () => (matchMedia("(max-width: 760px)").matches ? 20 : 14);

function textWidth(texts) {
  const context = document.createElement("canvas").getContext("2d");
  context.font = `${fontSize()}px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(0, ...texts.map((text) => context.measureText(text).width));
}

/**
 * Compute the range and the ticks of an axis.
 * @param {string} label
 * @param {number} min smallest value
 * @param {number} max largest value
 * @param {number} [tickCount] approximate number of ticks, at round numbers
 * @param {number} [minStep] smallest distance of two ticks
 */
export function axis(label, min, max, tickCount = 6, minStep = 0) {
  const margin = 0.04 * (max - min || Math.abs(max) || 1);
  const [start, end] = [min - margin, max + margin];
  const roughStep = Math.max((end - start) / tickCount, minStep);
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = [1, 2, 2.5, 5, 10]
    .map((factor) => factor * power)
    .find((candidate) => candidate >= roughStep * 0.999);
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
 * Build the frame of a plot and the functions that map values to its coordinates. The label of the
 * y axis is above the plot, where it cannot cover the ticks.
 * @param {ReturnType<typeof axis>} x an axis may also have `format` (value to text), and `decorate`
 *   to draw its `rows` of labels
 * @param {ReturnType<typeof axis>} y
 * @param {number} [height]
 */
export function frame(x, y, height = SIZE.height) {
  const places = { x: decimals(x.ticks), y: decimals(y.ticks) };
  const format = y.format ?? ((value) => value.toFixed(places.y).replace("-", "−"));
  const rowHeight = fontSize() * 1.25;
  const box = {
    ...SIZE,
    height,
    rowHeight,
    left: Math.ceil(textWidth(y.ticks.map(format))) + 2 * TICK_GAP,
    top: rowHeight * 1.8,
    bottom: rowHeight * ((x.rows ?? 2) + 0.3),
  };
  const innerWidth = box.width - box.left - box.right;
  const innerHeight = box.height - box.top - box.bottom;
  const bottom = box.height - box.bottom;
  const toX = (value) => box.left + ((value - x.start) / (x.end - x.start)) * innerWidth;
  const toY = (value) => bottom - ((value - y.start) / (y.end - y.start)) * innerHeight;
  const node = svg(
    "g",
    { class: "frame" },
    x.ticks.map((value) => [
      svg("line", { class: "grid", x1: toX(value), x2: toX(value), y1: box.top, y2: bottom }),
      svg(
        "text",
        { x: toX(value), y: bottom + rowHeight, "text-anchor": "middle" },
        value.toFixed(places.x),
      ),
    ]),
    y.ticks.map((value) => [
      svg("line", {
        class: value === 0 ? "zero" : "grid",
        x1: box.left,
        x2: box.width - box.right,
        y1: toY(value),
        y2: toY(value),
      }),
      svg(
        "text",
        { x: box.left - TICK_GAP, y: toY(value) + 5, "text-anchor": "end" },
        format(value),
      ),
    ]),
    svg("rect", {
      class: "border",
      x: box.left,
      y: box.top,
      width: innerWidth,
      height: innerHeight,
    }),
    x.decorate?.(toX, box),
    svg(
      "text",
      {
        class: "label",
        x: box.left + innerWidth / 2,
        y: bottom + rowHeight * 2,
        "text-anchor": "middle",
      },
      x.label,
    ),
    svg("text", { class: "label", x: TICK_GAP / 2, y: rowHeight }, y.label),
  );
  return { node, toX, toY, box };
}

/** Build a tooltip: a ring around a point, and lines of text next to it. */
export function tooltip(box) {
  const ring = svg("circle", { class: "ring", r: 7 });
  const background = svg("rect", { class: "background", rx: 4 });
  const text = svg("text", {});
  const node = svg("g", { class: "tooltip", visibility: "hidden" }, ring, background, text);
  return {
    node,
    hide: () => node.setAttribute("visibility", "hidden"),
    show(x, y, lines) {
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      text.replaceChildren(
        ...lines.map((line, index) => svg("tspan", { x: 0, dy: index ? "1.25em" : 0 }, line)),
      );
      const bounds = text.getBBox();
      const width = bounds.width + 16;
      const height = bounds.height + 10;
      const left = Math.max(box.left, x + width + 14 > box.width ? x - width - 12 : x + 12);
      const top = Math.min(Math.max(2, y - height - 8), box.height - height - 2);
      for (const [name, value] of Object.entries({ x: left, y: top, width, height }))
        background.setAttribute(name, value);
      text.setAttribute("transform", `translate(${left + 8} ${top + 5 - bounds.y})`);
      node.setAttribute("visibility", "visible");
    },
  };
}

/**
 * Report the position of the pointer in the coordinates of the plot, and null when it leaves.
 * @param {SVGElement} plot
 * @param {{width: number, height: number}} box
 * @param {(position: {x: number, y: number} | null) => void} onMove
 */
export function onPointerMove(plot, box, onMove) {
  plot.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = plot.getBoundingClientRect();
    onMove({
      x: ((event.clientX - left) / width) * box.width,
      y: ((event.clientY - top) / height) * box.height,
    });
  });
  plot.addEventListener("pointerleave", () => onMove(null));
}

/**
 * Return the point next to `position`, or null if none is closer than `maxDistance`.
 * @template {{x: number, y: number}} Point
 * @param {Point[]} points
 * @param {{x: number, y: number}} position
 * @param {number} maxDistance in the coordinates of the plot
 * @returns {Point | null}
 */
export function nearestPoint(points, position, maxDistance) {
  let nearest = null;
  let shortest = maxDistance;
  for (const point of points) {
    const distance = Math.hypot(point.x - position.x, point.y - position.y);
    if (distance < shortest) [nearest, shortest] = [point, distance];
  }
  return nearest;
}
