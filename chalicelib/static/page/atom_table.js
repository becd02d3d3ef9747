// @ts-check
// The atoms of a cell as text: the number of each element, and the coordinates.

import { h } from "./dom.js";
import { elementStyle } from "./elements.js";
import { formatNumber } from "./labels.js";
import { tableDetails } from "./tables.js";

/** @typedef {import("./crystal.js").Crystal} Crystal */

/** @param {Crystal} crystal */
export function elementLegend({ atoms }) {
  const elements = [...new Set(atoms.map(({ element }) => element))].sort();
  return h(
    "ul.legend-list",
    elements.map((element) => {
      const swatch = h("span.atom-swatch", { "aria-hidden": "true" });
      swatch.style.backgroundColor = elementStyle(element).color;
      const count = atoms.filter((atom) => atom.element === element).length;
      return h("li", swatch, ` ${element} (${count})`);
    }),
  );
}

/** @param {Crystal} crystal */
export const coordinateTable = ({ atoms }) =>
  tableDetails("Coordinates", ["Atom", "x (Å)", "y (Å)", "z (Å)"], () =>
    atoms.map(({ element, position }, index) => [
      `${element}${index + 1}`,
      ...position.map((value) => formatNumber(value, 4)),
    ]),
  );
