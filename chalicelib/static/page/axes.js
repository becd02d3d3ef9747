// A frame for a plot, in SVG: axes with ticks, units and a grid; and the marks that series are told apart by.

import { s } from "./dom.js";

export const SIZE = { width: 640, height: 380, left: 74, right: 14, top: 14, bottom: 52 };

// What an axis spans for values from `low` to `high`, and about `count` round numbers on it, `least` apart at least.
export function axis(label, low, high, count = 6, least = 0) {
  const margin = 0.04 * (high - low || Math.abs(high) || 1);
  const [from, to] = [low - margin, high + margin];
  const rough = Math.max((to - from) / count, least);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999);
  const first = Math.ceil(from / step);
  const ticks = Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
  return { label, from, to, ticks };
}

const decimals = (values) => Math.max(...values.map((value) => (String(value).split(".")[1] ?? "").length));

// The frame, and the scales that take values into it. `x` and `y` are axes.
export function frame(x, y, height = SIZE.height) {
  const box = { ...SIZE, height };
  const toX = (value) => box.left + ((value - x.from) / (x.to - x.from)) * (box.width - box.left - box.right);
  const toY = (value) => box.height - box.bottom - ((value - y.from) / (y.to - y.from)) * (box.height - box.top - box.bottom);
  const places = { x: decimals(x.ticks), y: decimals(y.ticks) };
  const bottom = box.height - box.bottom;
  const middle = (box.top + bottom) / 2;
  const node = s("g", { class: "frame" },
    x.ticks.map((value) => [
      s("line", { class: "grid", x1: toX(value), x2: toX(value), y1: box.top, y2: bottom }),
      s("text", { x: toX(value), y: bottom + 20, "text-anchor": "middle" }, value.toFixed(places.x)),
    ]),
    y.ticks.map((value) => [
      s("line", { class: value === 0 ? "zero" : "grid", x1: box.left, x2: box.width - box.right, y1: toY(value), y2: toY(value) }),
      s("text", { x: box.left - 8, y: toY(value) + 5, "text-anchor": "end" }, value.toFixed(places.y).replace("-", "−")),
    ]),
    s("rect", { class: "border", x: box.left, y: box.top, width: box.width - box.left - box.right, height: bottom - box.top }),
    s("text", { class: "label", x: (box.left + box.width - box.right) / 2, y: box.height - 8, "text-anchor": "middle" }, x.label),
    s("text", { class: "label", x: 16, y: middle, "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }, y.label),
  );
  return { node, toX, toY, box };
}

const SHAPES = [
  (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (x, y, r) => `M${x} ${y - 1.3 * r}l${1.3 * r} ${2.2 * r}h${-2.6 * r}z`,
  (x, y, r) => `M${x} ${y - 1.4 * r}l${1.4 * r} ${1.4 * r}l${-1.4 * r} ${1.4 * r}l${-1.4 * r} ${-1.4 * r}z`,
  (x, y, r) => `M${x} ${y + 1.3 * r}l${1.3 * r} ${-2.2 * r}h${-2.6 * r}z`,
  (x, y, r) => `M${x - 1.4 * r} ${y - 0.5 * r}h${2.8 * r}v${r}h${-2.8 * r}z`,
];

// The number of a bond type among all that the elements of a composition can form: a type looks the same in every plot.
export function seriesOf(nc, bondType) {
  const elements = [...new Set(nc.match(/[A-Z][a-z]?/g))].sort();
  const pairs = elements.flatMap((one, number) => elements.slice(number).map((other) => `${one}-${other}`));
  const at = pairs.indexOf(bondType.split("-").sort().join("-"));
  return at < 0 ? pairs.length : at;
}

const round = (value) => Math.round(value * 10) / 10;

// The outline of the mark of a series at a place: series differ by shape as well as by colour (the class `series-<n>`).
export const mark = (series, x, y, radius) => SHAPES[series % SHAPES.length](round(x), round(y), radius);

export const seriesClass = (series) => `series-${series % SHAPES.length}`;

// The mark for a legend.
export const sample = (series) => s("svg", { class: "sample", viewBox: "0 0 16 16", "aria-hidden": "true" },
  s("path", { class: seriesClass(series), d: mark(series, 8, 8, 5) }));

// What stands at a place of a plot: a ring around it, and lines of text on a ground beside it.
export function reading(box) {
  const ring = s("circle", { class: "ring", r: 7 });
  const ground = s("rect", { class: "ground", rx: 4 });
  const text = s("text", {});
  const node = s("g", { class: "reading", visibility: "hidden" }, ring, ground, text);
  return {
    node,
    hide: () => node.setAttribute("visibility", "hidden"),
    show(x, y, lines) {
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      text.replaceChildren(...lines.map((line, index) => s("tspan", { x: 0, dy: index ? "1.25em" : 0 }, line)));
      const written = text.getBBox();
      const width = written.width + 16;
      const height = written.height + 10;
      const left = Math.max(box.left, x + width + 14 > box.width ? x - width - 12 : x + 12);
      const top = Math.min(Math.max(2, y - height - 8), box.height - height - 2);
      for (const [name, value] of Object.entries({ x: left, y: top, width, height })) ground.setAttribute(name, value);
      text.setAttribute("transform", `translate(${left + 8} ${top + 5 - written.y})`);
      node.setAttribute("visibility", "visible");
    },
  };
}

// Tell the place of the pointer in the plot's own units; null when it leaves.
export function follow(svg, box, tell) {
  svg.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    tell({ x: ((event.clientX - left) / width) * box.width, y: ((event.clientY - top) / height) * box.height });
  });
  svg.addEventListener("pointerleave", () => tell(null));
}
