// @ts-check
// The notice about sub-runs whose files were not read yet, with a button that has them read.

import { get, paths } from "./api.js";
import { announce, h } from "./dom.js";
import { loadRuns } from "./runs_pages.js";

/** @typedef {import("./composition_summaries.js").Composition} Composition */

const CONCURRENT = 4;

/**
 * @param {() => void} onRead called when files were read, also if not all
 * @returns {{node: HTMLElement, update: (compositions: Composition[]) => void}}
 */
export function unreadNotice(onRead) {
  const node = h("div", { class: "unread" });
  /** @type {AbortController | null} */
  let reading = null;

  /** @param {Composition[]} compositions those with unread sub-runs */
  async function read(compositions) {
    reading = new AbortController();
    const { signal } = reading;
    const progress = h("progress", { "aria-label": "Runs read" });
    const text = h("span", {}, "Listing runs…");
    const stop = h("button", { type: "button", onclick: () => reading?.abort() }, "Stop");
    node.replaceChildren(h("p", {}, progress, " ", text, " ", stop));
    let failure = "";
    try {
      const runs = [];
      for (const { nc } of compositions)
        for (const run of await loadRuns(nc, signal)) runs.push({ nc, idRun: run.id_run });
      progress.max = runs.length;
      let done = 0;
      const queue = runs.values();
      const work = async () => {
        for (const run of queue) {
          await get(paths.run(run, "status"), { signal });
          done += 1;
          progress.value = done;
          text.textContent = `${done} of ${runs.length} runs read`;
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT }, work));
      announce("The files are read");
    } catch (error) {
      const { name, message } = /** @type {Error} */ (error);
      if (name !== "AbortError") failure = message;
      reading.abort();
    }
    reading = null;
    node.replaceChildren(...(failure ? [h("p", { class: "failure" }, failure)] : []));
    onRead();
  }

  return {
    node,
    update(compositions) {
      if (reading) return;
      const unread = compositions.filter((one) => one.unread);
      const count = unread.reduce((sum, one) => sum + one.unread, 0);
      const failure = node.querySelector(".failure");
      node.replaceChildren(...(failure ? [failure] : []));
      if (!count) return;
      node.append(
        h(
          "p",
          {},
          `The files of ${count.toLocaleString("en")} sub-run${count === 1 ? " are" : "s are"} not read yet, so their outcomes are missing here. `,
          h("button", { type: "button", onclick: () => read(unread) }, "Read them now"),
        ),
      );
    },
  };
}
