// @ts-check
// The fifteen sub-runs of a run as a strip of cells: outcome by colour, sign and text.

import { h } from "./dom.js";
import { NOT_SCHEDULED, outcomeLabel, UNKNOWN } from "./labels.js";

export const SUB_RUNS = Array.from({ length: 15 }, (_, number) => String(number));

/**
 * @param {string} subRun
 * @param {string[]} scheduled the scheduled sub-runs
 * @param {Record<string, {outcome: string}>} [outcomes] by sub-run, if known
 * @returns {{text: string, sign: string, tone: string}}
 */
export function subRunLabel(subRun, scheduled, outcomes) {
  if (!scheduled.includes(subRun)) return NOT_SCHEDULED;
  return outcomes?.[subRun] ? outcomeLabel(outcomes[subRun].outcome) : UNKNOWN;
}

/** Build the text of an outcome, if it is known. */
export function outcomeText(outcome) {
  const { sign, text, tone } = outcome ? outcomeLabel(outcome.outcome ?? outcome) : UNKNOWN;
  return h("span", { class: `outcome ${tone}` }, `${sign} ${text}`);
}

/** Build the strip of a row of the list, followed by one text for screen readers. */
export function buildStrip(scheduled, outcomes) {
  const labels = SUB_RUNS.map((subRun) => subRunLabel(subRun, scheduled, outcomes));
  return [
    h(
      "span.strip",
      { "aria-hidden": "true" },
      labels.map(({ tone, sign }) => h("span", { class: `cell ${tone}` }, sign)),
    ),
    h("span.visually-hidden", summarize(labels)),
  ];
}

/** Build the legend of the signs that occur. */
export function buildLegend(scheduled, outcomes) {
  const labels = SUB_RUNS.map((subRun) => subRunLabel(subRun, scheduled, outcomes));
  const distinct = new Map(labels.map((label) => [label.text, label]));
  return [...distinct.values()].map(({ text, sign, tone }) =>
    h("span", h("span", { class: `cell ${tone}` }, sign), ` ${text}`),
  );
}

// "13 sub-runs done, sub-run 13 SCF not converged, 1 sub-run not scheduled"
function summarize(labels) {
  const byText = Map.groupBy(SUB_RUNS, (subRun) => labels[subRun].text);
  const describe = (subRuns) =>
    subRuns.length > 1 ? `${subRuns.length} sub-runs` : `sub-run ${subRuns[0]}`;
  return [...byText].map(([text, subRuns]) => `${describe(subRuns)} ${text}`).join(", ");
}
