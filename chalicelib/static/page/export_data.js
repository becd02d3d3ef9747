// @ts-check
// Tables as CSV and JSON, plots as SVG and PNG: built in the browser and saved as files.

import { h } from "./dom.js";
import { plotToPng, plotToSvg } from "./plot_image.js";

/** @typedef {string | number | boolean | null} Cell */
/** @typedef {{columns: string[], rows: Cell[][]}} Table `columns` with units, such as "energy_ry" */

/**
 * Build the buttons that save a table as CSV and JSON, and a plot as SVG and PNG.
 * @param {string} name of the files, without suffix
 * @param {() => Table} getTable called when a button is used
 * @param {SVGSVGElement} [plot]
 */
export function exportButtons(name, getTable, plot) {
  const button = (suffix, type, getContent) => {
    const onclick = async () =>
      saveBlob(`${name}.${suffix}`, new Blob([await getContent()], { type }));
    return h("button.subtle", { onclick }, suffix.toUpperCase());
  };
  return h(
    "span.export",
    { role: "group", "aria-label": "Save" },
    h("span.hint", { "aria-hidden": "true" }, "Save as"),
    plot && button("svg", "image/svg+xml", () => plotToSvg(plot)),
    plot && button("png", "image/png", () => plotToPng(plot)),
    button("csv", "text/csv", () => toCsv(getTable())),
    button("json", "application/json", () => toJson(getTable())),
  );
}

/**
 * Format a table as CSV (RFC 4180) in UTF-8.
 * @param {Table} table
 */
export function toCsv({ columns, rows }) {
  const quote = (cell) => {
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
