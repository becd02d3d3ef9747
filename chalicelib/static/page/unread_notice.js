// @ts-check
// The notice about sub-runs whose files were not read yet, with a button that has them read.

import { announce, h } from "./dom.js";
import { showProgress } from "./reading.js";
import { listRuns, loadStatuses } from "./run_statuses.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */

/**
 * @param {() => void} onRead called when files were read, also if not all
 * @returns {{node: HTMLElement, update: (compositions: Composition[]) => void}}
 */
export function unreadNotice(onRead) {
  const progress = h("div");
  const notice = h("div");
  let reading = false;

  /** @param {Composition[]} unread */
  async function read(unread) {
    reading = true;
    notice.replaceChildren();
    await showProgress(progress, async (signal, onProgress) => {
      const names = unread.map(({ nc }) => nc);
      await loadStatuses(await listRuns(names, signal), signal, onProgress);
      announce("The files are read");
    });
    reading = false;
    onRead();
  }

  return {
    node: h("div.unread", progress, notice),
    update(compositions) {
      if (reading) return;
      const unread = compositions.filter((one) => one.unread);
      const count = unread.reduce((sum, one) => sum + one.unread, 0);
      const text = `The files of ${count.toLocaleString("en")} sub-run${count === 1 ? " are" : "s are"} not read yet, so their outcomes are missing here. `;
      const button = h("button", { onclick: () => read(unread) }, "Read them now");
      notice.replaceChildren(...(count ? [h("p", text, button)] : []));
    },
  };
}
