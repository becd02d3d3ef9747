// @ts-check
// Ages of times, which are kept up to date.

import { h } from "./dom.js";
import { formatAge, formatTime } from "./labels.js";

const UPDATE_MILLISECONDS = 30_000;

/**
 * Build the age of a time: "5 minutes ago".
 * @param {string} iso
 */
export const ageOf = (iso) =>
  h("time", { datetime: iso, title: formatTime(iso), "data-age": true }, formatAge(iso));

export function keepAgesUpToDate() {
  setInterval(() => {
    for (const time of document.querySelectorAll("time"))
      if ("age" in time.dataset) time.textContent = formatAge(time.dateTime);
  }, UPDATE_MILLISECONDS);
}
