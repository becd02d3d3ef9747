// @ts-check
// The axis of sub-runs: one place per deformation, grouped.

import { DEFORMATION_GROUPS } from "./deformation_groups.js";
import { svg } from "./dom.js";

const GROUP_GAP = 0.6; // in widths of a sub-run

// Positions of the sub-runs on the axis, and the range of each group.
/** @type {number[]} */
export const POSITIONS = [];
let end = 0;
const GROUPS = DEFORMATION_GROUPS.map(({ name, members }) => {
  const start = end;
  for (const { subRun } of members) {
    POSITIONS[subRun] = end + 0.5;
    end += 1;
  }
  const group = { name, start, end, members };
  end += GROUP_GAP;
  return group;
});
const LENGTH = end - GROUP_GAP;

export const DEFORMATION_AXIS = {
  label: "",
  start: -0.3,
  end: LENGTH + 0.3,
  ticks: [],
  rows: 3,
  /**
   * @param {(value: number) => number} toX
   * @param {{top: number, bottom: number, height: number, rowHeight: number}} box
   */
  decorate(toX, box) {
    const bottom = box.height - box.bottom;
    const row = (/** @type {number} */ number) => bottom + box.rowHeight * number;
    return GROUPS.map(({ name, start, end, members }, index) => [
      index > 0 &&
        svg("line", {
          class: "separator",
          x1: toX(start - GROUP_GAP / 2),
          x2: toX(start - GROUP_GAP / 2),
          y1: box.top,
          y2: row(2),
        }),
      members.map(({ subRun, short }) => [
        svg("text", { x: toX(POSITIONS[subRun]), y: row(0.95), "text-anchor": "middle" }, subRun),
        svg(
          "text",
          { class: "short", x: toX(POSITIONS[subRun]), y: row(1.85), "text-anchor": "middle" },
          short,
        ),
      ]),
      svg(
        "text",
        {
          class: "group",
          x: index === GROUPS.length - 1 ? toX(end + 0.3) : toX((start + end) / 2),
          y: row(2.85),
          "text-anchor": index === GROUPS.length - 1 ? "end" : "middle",
        },
        name,
      ),
    ]);
  },
};
