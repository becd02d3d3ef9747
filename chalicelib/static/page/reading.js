// @ts-check
// Reading the files of many runs: progress, a button that stops it, and the error if it fails.

import { h } from "./dom.js";

/** @typedef {(done: number, total: number) => void} OnProgress */

/**
 * Show the progress of a task in a node until the task has ended.
 * @param {HTMLElement} node
 * @param {(signal: AbortSignal, onProgress: OnProgress) => Promise<void>} task
 * @returns {Promise<void>} resolves also if the task fails or is stopped
 */
export async function showProgress(node, task) {
  const controller = new AbortController();
  const progress = h("progress", { "aria-label": "Runs read" });
  const text = h("span", "Listing runs…");
  const stop = h("button", { onclick: () => controller.abort() }, "Stop");
  node.replaceChildren(h("p", progress, " ", text, " ", stop));
  try {
    await task(controller.signal, (done, total) => {
      progress.max = total;
      progress.value = done;
      text.textContent = `${done} of ${total} runs read`;
    });
    node.replaceChildren();
  } catch (error) {
    const { name, message } = error;
    controller.abort();
    node.replaceChildren(...(name === "AbortError" ? [] : [h("p.failure", message)]));
  }
}
