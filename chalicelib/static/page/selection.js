// @ts-check
// The runs and sub-runs chosen for comparison or download, kept for the browser tab.

import { byId, h } from "./dom.js";
import { parseTarget, routes, targetName } from "./routes.js";

/** @typedef {import("./routes.js").Target} Target */

const KEY = "dataops.selection";
/** Limit of the targets that are compared side by side. */
export const MAX_COMPARED = 6;

/** @returns {string[]} */
function loadSelection() {
  const names = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  return names.filter((name) => "idRun" in parseTarget(name));
}

/** @param {string[]} names */
function saveSelection(names) {
  sessionStorage.setItem(KEY, JSON.stringify(names));
  drawSelection();
}

/**
 * Build the checkbox that selects a run or a sub-run.
 * @param {Target} target
 * @param {string} [text] default: "Select"
 */
export function selectBox(target, text = "Select") {
  const name = targetName(target);
  const input = h("input", {
    type: "checkbox",
    "data-target": name,
    "aria-label": `${text} ${describe(target)}`,
    onchange: () => {
      const others = loadSelection().filter((one) => one !== name);
      saveSelection(input.checked ? [...others, name] : others);
    },
  });
  input.checked = loadSelection().includes(name);
  return h("label.select", input);
}

/** @param {Target} target */
const describe = ({ idRun, subRun }) =>
  subRun === undefined ? `run ${idRun}` : `sub-run ${subRun} of run ${idRun}`;

/** Show the selection in the bar at the bottom of the page, and in all checkboxes. */
export function drawSelection() {
  const names = loadSelection();
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll("input[data-target]")
  ))
    input.checked = names.includes(input.dataset.target ?? "");
  const bar = byId("selection");
  bar.hidden = !names.length;
  const targets = names.map((name) => /** @type {Target} */ (parseTarget(name)));
  const enough = names.length > 1 && names.length <= MAX_COMPARED;
  bar.replaceChildren(
    h("span", { title: names.join(", ") }, `${names.length} selected`),
    enough
      ? h("a.button", { href: routes.compare(targets) }, "Compare selected")
      : h(
          "span.hint",
          names.length > 1 ? `compare up to ${MAX_COMPARED}` : "select another one to compare",
        ),
    h("a.button", { href: routes.take(targets) }, "Download selected"),
    h("button", { class: "subtle", onclick: () => saveSelection([]) }, "Clear"),
  );
}
