// @ts-check
// Tables as CSV and JSON, plots as SVG and PNG: built in the browser and saved as files.

import { h } from "./dom.js";
import { plotToPng, plotToSvg } from "./plot_image.js";

/** @typedef {string | number | boolean | null} Cell */
/** @typedef {{columns: string[], rows: Cell[][]}} Table `columns` with units, such as "energy_ry" */

/**
 * Build the buttons that save a table as CSV and as JSON.
 * @param {string} name of the file, without suffix
 * @param {() => Table} table called when a button is used
 */
export const tableButtons = (name, table) =>
  buttons([
    ["CSV", async () => saveBlob(`${name}.csv`, new Blob([toCsv(table())], { type: "text/csv" }))],
    [
      "JSON",
      async () =>
        saveBlob(`${name}.json`, new Blob([toJson(table())], { type: "application/json" })),
    ],
  ]);

/**
 * Build the buttons that save a plot as SVG and as PNG, with the colours of the page.
 * @param {string} name of the file, without suffix
 * @param {SVGSVGElement} plot in the document when a button is used
 */
export const plotButtons = (name, plot) =>
  buttons([
    [
      "SVG",
      async () => saveBlob(`${name}.svg`, new Blob([plotToSvg(plot)], { type: "image/svg+xml" })),
    ],
    ["PNG", async () => saveBlob(`${name}.png`, await plotToPng(plot))],
  ]);

/** @param {[string, () => Promise<void>][]} actions */
function buttons(actions) {
  return h(
    "span",
    { class: "export", role: "group", "aria-label": "Save" },
    h("span", { class: "hint", "aria-hidden": "true" }, "Save as"),
    actions.map(([label, action]) =>
      h("button", { type: "button", class: "subtle", onclick: action }, label),
    ),
  );
}

/**
 * Format a table as CSV (RFC 4180) in UTF-8.
 * @param {Table} table
 */
export function toCsv({ columns, rows }) {
  const quote = (/** @type {Cell} */ cell) => {
    const text = cell === null ? "" : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(quote).join(",")}\r\n`).join("");
}

/**
 * Format a table as JSON: a list of objects.
 * @param {Table} table
 */
export function toJson({ columns, rows }) {
  const objects = rows.map((row) =>
    Object.fromEntries(columns.map((column, index) => [column, row[index]])),
  );
  return `${JSON.stringify(objects, null, 1)}\n`;
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
export function saveBlob(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
