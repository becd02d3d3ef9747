// @ts-check
// The atoms of a cell as text: the number of each element, and the coordinates.

import { h } from "./dom.js";
import { elementStyle } from "./elements.js";

/** @typedef {import("./crystal.js").Crystal} Crystal */

/** @param {Crystal} crystal */
export function elementLegend({ atoms }) {
  const elements = [...new Set(atoms.map(({ element }) => element))].sort();
  return h(
    "ul",
    { class: "legend-list" },
    elements.map((element) => {
      const swatch = h("span", { class: "atom-swatch", "aria-hidden": "true" });
      swatch.style.backgroundColor = elementStyle(element).color;
      const count = atoms.filter((atom) => atom.element === element).length;
      return h("li", {}, swatch, ` ${element} (${count})`);
    }),
  );
}

/** @param {Crystal} crystal */
export function coordinateTable({ atoms }) {
  const head = ["Atom", "x (Å)", "y (Å)", "z (Å)"];
  return h(
    "details",
    {},
    h("summary", {}, "Coordinates"),
    h(
      "div",
      { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Coordinates" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            head.map((text, column) =>
              h("th", { scope: "col", class: column ? "number" : null }, text),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          atoms.map(({ element, position }, index) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, `${element}${index + 1}`),
              position.map((value) =>
                h("td", { class: "number" }, value.toFixed(4).replace("-", "−")),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}
