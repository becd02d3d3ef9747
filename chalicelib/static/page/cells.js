// The fifteen sub-runs of a run: what each one's cell says, by colour, sign and text.

import { h } from "./dom.js";
import { NOT_SCHEDULED, UNKNOWN, outcome } from "./words.js";

export const SUB_RUNS = Array.from({ length: 15 }, (_, number) => String(number));

// What is known of a sub-run: of `scheduled` ones the outcome, once `outcomes` are there.
export function standingOf(subRun, scheduled, outcomes) {
  if (!scheduled.includes(subRun)) return NOT_SCHEDULED;
  return outcomes?.[subRun] ? outcome(outcomes[subRun].outcome) : UNKNOWN;
}

// A strip of small cells for a row of the list; their text stands beside them once, for readers who do not see it.
export function strip(scheduled, outcomes) {
  const standings = SUB_RUNS.map((subRun) => standingOf(subRun, scheduled, outcomes));
  return [
    h("span", { class: "strip", "aria-hidden": "true" }, standings.map(({ tone, sign }) => h("span", { class: `cell ${tone}` }, sign))),
    h("span", { class: "unseen" }, summary(standings)),
  ];
}

// What the signs of the cells mean: those that occur.
export function key(scheduled, outcomes) {
  const occurring = new Map(SUB_RUNS.map((subRun) => standingOf(subRun, scheduled, outcomes)).map((standing) => [standing.text, standing]));
  return [...occurring.values()].map(({ text, sign, tone }) => h("span", {}, h("span", { class: `cell ${tone}` }, sign), ` ${text}`));
}

// "13 sub-runs done, sub-run 13 SCF not converged, 1 sub-run not scheduled"
function summary(standings) {
  const byText = Map.groupBy(SUB_RUNS, (subRun) => standings[subRun].text);
  return [...byText].map(([text, subRuns]) => `${subRuns.length > 1 ? `${subRuns.length} sub-runs` : `sub-run ${subRuns[0]}`} ${text}`).join(", ");
}
