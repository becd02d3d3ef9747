// @ts-check
// Groups of deformations: the order of the sub-runs on cells and axes.

import { DEFORMATIONS } from "./labels.js";

/** @type {Record<string, string>} */
const SIGNS = { tension: "+", compression: "−" };

/**
 * The groups, each with its sub-runs and their short names, such as "xy" in the group "shear".
 * @type {{name: string, members: {subRun: number, short: string}[]}[]}
 */
export const DEFORMATION_GROUPS = [];
DEFORMATIONS.forEach((deformation, subRun) => {
  const [name, direction = ""] = deformation.split(" ");
  let group = DEFORMATION_GROUPS.find((known) => known.name === name);
  if (!group) {
    group = { name, members: [] };
    DEFORMATION_GROUPS.push(group);
  }
  group.members.push({ subRun, short: SIGNS[direction] ?? direction });
});
