// @ts-check
// Marks and colours of series: a bond type has the same ones in every plot.

import { svg } from "./dom.js";

const SHAPES = [
  (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (x, y, r) => `M${x} ${y - 1.3 * r}l${1.3 * r} ${2.2 * r}h${-2.6 * r}z`,
  (x, y, r) =>
    `M${x} ${y - 1.4 * r}l${1.4 * r} ${1.4 * r}l${-1.4 * r} ${1.4 * r}l${-1.4 * r} ${-1.4 * r}z`,
  (x, y, r) => `M${x} ${y + 1.3 * r}l${1.3 * r} ${-2.2 * r}h${-2.6 * r}z`,
  (x, y, r) => `M${x - 1.4 * r} ${y - 0.5 * r}h${2.8 * r}v${r}h${-2.8 * r}z`,
];

/**
 * Return the index of a bond type among all types that the elements of a composition can form.
 * A type therefore has the same colour and shape in every plot.
 */
export function seriesIndex(nc, bondType) {
  const elements = [...new Set(nc.match(/[A-Z][a-z]?/g))].sort();
  const pairs = elements.flatMap((one, index) =>
    elements.slice(index).map((other) => `${one}-${other}`),
  );
  const found = pairs.indexOf(bondType.split("-").sort().join("-"));
  return found < 0 ? pairs.length : found;
}

const round = (value) => Math.round(value * 10) / 10;

/** Return the path of a mark. Series differ by shape as well as by colour (class `series-<n>`). */
export const markPath = (series, x, y, radius) =>
  SHAPES[series % SHAPES.length](round(x), round(y), radius);

export const seriesClass = (series) => `series-${series % SHAPES.length}`;

export const legendSwatch = (series) =>
  svg(
    "svg.swatch",
    { viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { class: seriesClass(series), d: markPath(series, 8, 8, 5) }),
  );
