// @ts-check
// The tables of a comparison: the sub-runs with their outcomes, and the means by bond type.

import { h } from "./dom.js";
import { DEFORMATIONS, outcomeLabel, UNKNOWN } from "./labels.js";
import { routes } from "./routes.js";

/** @typedef {import("./compare.js").Compared} Compared */

/** @param {Compared[]} compared */
export function factsTable(compared) {
  const rows = compared.map(({ subRun, name, outcome }) => {
    const { sign, text, tone } = outcome ? outcomeLabel(outcome.outcome) : UNKNOWN;
    return [
      h("a", { href: routes.target(subRun) }, name),
      DEFORMATIONS[Number(subRun.subRun)],
      h("span", { class: `outcome ${tone}` }, `${sign} ${text}`),
      formatNumber(outcome?.total_energy_ry, 5),
      String(outcome?.bond_labels ?? ""),
    ];
  });
  return htmlTable(
    "Sub-runs",
    ["Sub-run", "Deformation", "Outcome", "Total energy (Ry)", "Bonds"],
    rows,
    3,
  );
}

/**
 * @param {Compared[]} compared
 * @param {string[]} types
 */
export function meansTable(compared, types) {
  const head = ["Bond type"];
  const columns = ["bond_type"];
  for (const [index, { name }] of compared.entries()) {
    head.push(name, "Bonds");
    columns.push(`${name} mean_icohp_ev`, `${name} bonds`);
    if (index) {
      head.push("Difference");
      columns.push(`${name} difference_ev`);
    }
  }
  const values = types.map((type) => {
    const found = compared.map((one) => one.types.find(({ bond_type: t }) => t === type));
    const first = found[0]?.mean_icohp;
    return found.flatMap((one, index) => [
      one?.mean_icohp ?? null,
      one?.bonds ?? null,
      ...(index ? [one && first !== undefined ? one.mean_icohp - first : null] : []),
    ]);
  });
  const rows = values.map((row, index) => [
    types[index],
    ...row.map((value, column) => {
      if (value === null) return "none";
      const kind = columns[column + 1];
      if (kind.endsWith(" bonds")) return String(value);
      return `${kind.endsWith("difference_ev") && value > 0 ? "+" : ""}${formatNumber(value, 4)}`;
    }),
  ]);
  const data = { columns, rows: values.map((row, index) => [types[index], ...row]) };
  return { node: htmlTable("Means by bond type", head, rows, 1), data };
}

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 */
const formatNumber = (value, digits) =>
  value == null ? "" : value.toFixed(digits).replace("-", "−");

/**
 * @param {string} caption
 * @param {string[]} head
 * @param {any[][]} rows the first cell of each is its header
 * @param {number} firstNumber column from which on the cells are numbers
 */
export function htmlTable(caption, head, rows, firstNumber) {
  const kind = (/** @type {number} */ column) => (column >= firstNumber ? "number" : null);
  return h(
    "table",
    { class: "compared" },
    h("caption", { class: "visually-hidden" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((text, column) => h("th", { scope: "col", class: kind(column) }, text)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((row) =>
        h(
          "tr",
          {},
          row.map((cell, column) =>
            column ? h("td", { class: kind(column) }, cell) : h("th", { scope: "row" }, cell),
          ),
        ),
      ),
    ),
  );
}
