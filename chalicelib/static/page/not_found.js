// @ts-check
// The view of an address that does not exist.

import { h } from "./dom.js";
import { routes } from "./routes.js";

/**
 * @param {HTMLElement} pane
 * @param {string} reason a sentence
 * @param {{href: string, text: string}} [back] default: the start page
 */
export function showNotFound(
  pane,
  reason,
  back = { href: routes.start(), text: "All compositions" },
) {
  pane.replaceChildren(
    h(
      "div.not-found",
      { role: "alert" },
      h("h2", "Not found"),
      h("p", reason),
      h("p", h("a", { href: back.href }, back.text)),
    ),
  );
}
