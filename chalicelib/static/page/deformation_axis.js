// @ts-check
// The axis of sub-runs: one place per deformation, grouped.

import { plotText } from "./axes.js";
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

/** @type {import("./axes.js").Axis} */
export const DEFORMATION_AXIS = {
  label: "",
  start: -0.3,
  end: LENGTH + 0.3,
  ticks: [],
  rows: 3,
  decorate(toX, { top, bottom, rowHeight }) {
    const row = (number) => bottom + rowHeight * number;
    return GROUPS.map(({ name, start, end, members }, index) => {
      const border = toX(start - GROUP_GAP / 2);
      const isLast = index === GROUPS.length - 1;
      return [
        index > 0 && svg("line.separator", { x1: border, x2: border, y1: top, y2: row(2) }),
        members.map(({ subRun, short }) => [
          plotText("", toX(POSITIONS[subRun]), row(0.95), "middle", subRun),
          plotText("short", toX(POSITIONS[subRun]), row(1.85), "middle", short),
        ]),
        isLast
          ? plotText("group", toX(end + 0.3), row(2.85), "end", name)
          : plotText("group", toX((start + end) / 2), row(2.85), "middle", name),
      ];
    });
  },
};
