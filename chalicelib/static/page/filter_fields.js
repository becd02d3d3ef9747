// @ts-check
// The fields above the table of compositions: search, outcome, and the order on narrow screens.

import { countOutcome, UNREAD, UNSCHEDULED } from "./composition_filter.js";
import { choice, h } from "./dom.js";
import { OUTCOME_NAMES, outcomeLabel } from "./labels.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */

/** @param {(text: string) => void} onChange */
export function searchField(onChange) {
  const input = h("input", {
    id: "search",
    type: "search",
    placeholder: "such as Zr49",
    autocomplete: "off",
    spellcheck: "false",
    oninput: () => onChange(input.value),
  });
  return {
    node: h("div", h("label", { for: "search" }, "Search"), " ", input),
    focus: () => input.focus(),
    update(text) {
      if (input.value !== text) input.value = text;
    },
  };
}

/** @param {(outcome: string) => void} onChange */
export function outcomeSelect(onChange) {
  const { node, select } = choice("outcome", "With sub-runs", [], onChange);
  return {
    node,
    update(chosen, compositions) {
      const counts = [...OUTCOME_NAMES, UNREAD].map((name) => ({
        name,
        count: compositions.reduce((sum, one) => sum + countOutcome(one, name), 0),
      }));
      const options = counts.filter(({ name, count }) => count || name === chosen);
      const unscheduled = compositions.filter(({ runs }) => !runs).length;
      select.replaceChildren(
        h("option", { value: "" }, "of any outcome"),
        ...options.map(({ name, count }) =>
          h("option", { value: name }, `${label(name)} (${count.toLocaleString("en")})`),
        ),
        ...(unscheduled || chosen === UNSCHEDULED
          ? [h("option", { value: UNSCHEDULED }, `none: no run scheduled (${unscheduled})`)]
          : []),
      );
      select.value = chosen;
    },
  };
}

/** @param {string} name */
const label = (name) => (name === UNREAD ? "not read yet" : outcomeLabel(name).text);

const ORDERS = [
  ["name", "name"],
  ["-activity", "last activity"],
  ["-runs", "most runs"],
  ["-sub-runs", "most sub-runs"],
  ["-bonds", "most bonds"],
  ["energy", "lowest energy"],
];

/** @param {(sort: string) => void} onChange */
export function sortSelect(onChange) {
  const { node, select } = choice("sort", "Sort by", ORDERS, onChange);
  node.className = "narrow";
  return {
    node,
    update(sort) {
      select.value = sort;
    },
  };
}
