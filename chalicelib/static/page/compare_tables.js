// @ts-check
// The tables of a comparison: the sub-runs with their outcomes, and the means by bond type.

import { h } from "./dom.js";
import { DEFORMATIONS, formatNumber } from "./labels.js";
import { routes } from "./routes.js";
import { outcomeText } from "./sub_run_strip.js";
import { scrollTable } from "./tables.js";

/** @typedef {import("./compare.js").Compared} Compared */

/** @param {Compared[]} compared */
export function factsTable(compared) {
  const rows = compared.map(({ subRun, name, outcome }) => [
    h("a", { href: routes.target(subRun) }, name),
    DEFORMATIONS[Number(subRun.subRun)],
    outcomeText(outcome),
    formatNumber(outcome?.total_energy_ry, 5),
    outcome?.bond_labels,
  ]);
  const head = ["Sub-run", "Deformation", "Outcome", "Total energy (Ry)", "Bonds"];
  return scrollTable("Sub-runs", head, rows, 3);
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
      if (kind.endsWith(" bonds")) return value;
      return `${kind.endsWith("difference_ev") && value > 0 ? "+" : ""}${formatNumber(value, 4)}`;
    }),
  ]);
  const data = { columns, rows: values.map((row, index) => [types[index], ...row]) };
  return { node: scrollTable("Means by bond type", head, rows), data };
}
