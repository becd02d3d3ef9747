// @ts-check
// Tables, and the regions in which wide and long ones scroll.

import { h } from "./dom.js";

/**
 * @param {string} caption for screen readers
 * @param {string[]} head
 * @param {any[][]} rows the first cell of each is its header
 * @param {number} [firstNumber] column from which on the cells are numbers
 */
export function htmlTable(caption, head, rows, firstNumber = 1) {
  const kind = (column) => ({ class: column >= firstNumber ? "number" : null });
  const headCell = (text, column) => h("th", { scope: "col", ...kind(column) }, text);
  const cell = (content, column) =>
    column ? h("td", kind(column), content) : h("th", { scope: "row" }, content);
  return h(
    "table",
    h("caption.visually-hidden", caption),
    h("thead", h("tr", head.map(headCell))),
    h(
      "tbody",
      rows.map((row) => h("tr", row.map(cell))),
    ),
  );
}

/** Build a table in a region that scrolls; the parameters are those of `htmlTable`. */
export const scrollTable = (caption, head, rows, firstNumber = 1) =>
  h(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": caption },
    htmlTable(caption, head, rows, firstNumber),
  );

/**
 * Build a disclosure with a table, which is built when it is opened.
 * @param {string} title
 * @param {string[]} head
 * @param {() => any[][]} getRows
 */
export function tableDetails(title, head, getRows) {
  const details = h("details", h("summary", title));
  const build = () => details.append(scrollTable(title, head, getRows()));
  details.addEventListener("toggle", build, { once: true });
  return details;
}
