// @ts-check
// Pointing at the marks of a plot: the nearest mark, and a tooltip next to it.

import { svg } from "./dom.js";

/** Build a tooltip: a ring around a point, and lines of text next to it. */
export function tooltip(box) {
  const ring = svg("circle.ring", { r: 7 });
  const background = svg("rect.background", { rx: 4 });
  const text = svg("text");
  const node = svg("g.tooltip", { visibility: "hidden" }, ring, background, text);
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
        background.setAttribute(name, String(value));
      text.setAttribute("transform", `translate(${left + 8} ${top + 5 - bounds.y})`);
      node.setAttribute("visibility", "visible");
    },
  };
}

/**
 * Report the point next to the pointer, or null if none is close or the pointer leaves the plot.
 * @template {{x: number, y: number}} Point in the coordinates of the plot
 * @param {SVGElement} plot
 * @param {{width: number, height: number}} box
 * @param {number} maxDistance in the coordinates of the plot
 * @param {() => Point[]} getPoints
 * @param {(point: Point | null) => void} onPoint
 */
export function onPointAt(plot, box, maxDistance, getPoints, onPoint) {
  plot.addEventListener("pointermove", (event) => {
    const { left, top, width, height } = plot.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * box.width;
    const y = ((event.clientY - top) / height) * box.height;
    let nearest = null;
    let shortest = maxDistance;
    for (const point of getPoints()) {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < shortest) [nearest, shortest] = [point, distance];
    }
    onPoint(nearest);
  });
  plot.addEventListener("pointerleave", () => onPoint(null));
}
