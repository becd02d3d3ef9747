// @ts-check
// The sub-runs of a run as links, grouped by deformation, with their outcomes.

import { DEFORMATION_GROUPS } from "./deformation_groups.js";
import { h } from "./dom.js";
import { DEFORMATIONS } from "./labels.js";
import { routes } from "./routes.js";
import { selectBox } from "./selection.js";
import { buildLegend, subRunLabel } from "./sub_run_strip.js";

/** @param {{nc: string, idRun: string}} run */
export function subRunCells(run) {
  const legend = h("p.signs", { "aria-hidden": "true" });
  const cells = DEFORMATION_GROUPS.flatMap(({ members }) => members).map(({ subRun, short }) => ({
    subRun,
    short,
    link: h("a", { href: routes.target({ ...run, subRun: String(subRun) }) }),
    box: selectBox({ ...run, subRun: String(subRun) }),
  }));
  for (const { box } of cells) box.hidden = true; // until the status is known
  const nodesOf = (number) =>
    cells.filter(({ subRun }) => subRun === number).map(({ link, box }) => [link, box]);
  const groups = DEFORMATION_GROUPS.map(({ name, members }) =>
    h(
      "div",
      h("span.name", { "aria-hidden": "true" }, name),
      h(
        "ol",
        { "aria-label": name },
        members.map(({ subRun }) => h("li", nodesOf(subRun))),
      ),
    ),
  );
  return {
    node: h("div", h("div.sub-runs", { role: "group", "aria-label": "Sub-runs" }, groups), legend),
    /** @param {any} status the status document of the run */
    draw({ sub_runs: scheduled, sub_run_outcomes: outcomes }) {
      legend.replaceChildren(...buildLegend(scheduled, outcomes));
      for (const { subRun, short, link, box } of cells) {
        const { text, sign, tone } = subRunLabel(String(subRun), scheduled, outcomes);
        box.hidden = !scheduled.includes(String(subRun));
        link.className = `cell ${tone}`;
        link.title = `sub-run ${subRun}: ${DEFORMATIONS[subRun]}, ${text}`;
        link.replaceChildren(
          h("span.visually-hidden", "sub-run "),
          h("span", String(subRun)),
          h("span.short", { "aria-hidden": "true" }, short),
          h("span.sign", { "aria-hidden": "true" }, sign),
          h("span.visually-hidden", ` ${DEFORMATIONS[subRun]}: ${text}`),
        );
      }
    },
    /** @param {string | null} openSubRun */
    select(openSubRun) {
      for (const { subRun, link } of cells)
        link.setAttribute("aria-current", String(String(subRun) === openSubRun));
    },
  };
}
