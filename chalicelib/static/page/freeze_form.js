// @ts-check
// The form that freezes a selection of sub-runs as a version of a dataset.

import { newKey, paths, post, retryAfterSeconds, sleep } from "./api.js";
import { actionButton, h } from "./dom.js";
import { routes } from "./routes.js";

/**
 * @param {object} selection `where` or `items` of the request
 * @param {AbortSignal} signal stops the requests when the view is closed
 */
export function freezeForm(selection, signal) {
  const name = h("input", {
    id: "dataset-name",
    required: true,
    pattern: "[a-z0-9][a-z0-9\\-]{0,62}",
    title: "lower-case letters, digits and hyphens",
    placeholder: "zr-cu-al",
    autocomplete: "off",
    spellcheck: "false",
  });
  const title = h("input", { id: "dataset-title", required: true, maxlength: "300", size: "40" });
  const allowMissing = h("input", { id: "allow-missing", type: "checkbox" });
  const progress = h("p", { role: "status" });

  async function freeze() {
    if (!form.reportValidity()) return;
    const body = {
      name: name.value,
      title: title.value,
      allow_missing: allowMissing.checked,
      ...selection,
    };
    const key = newKey();
    progress.replaceChildren("Selecting files…");
    try {
      for (;;) {
        const { json, response } = await post(paths.datasets(), body, { key, signal });
        if (response.status !== 202) {
          showVersion(json);
          return;
        }
        const { runs_done: value, runs_total: max } = json;
        progress.replaceChildren(
          h("progress", { value, max: max ?? 1, "aria-label": "Runs frozen" }),
          max === null ? " Selecting files…" : ` ${value} of ${max} runs frozen`,
        );
        await sleep(retryAfterSeconds(response), signal);
      }
    } catch (error) {
      progress.replaceChildren();
      if (error.name !== "AbortError") throw error;
    }
  }

  function showVersion({ name, version }) {
    const href = routes.dataset(name, version);
    progress.replaceChildren("Frozen as ", h("a", { href }, `${name} ${version}`), ".");
  }

  const form = h(
    "form.fields",
    { onsubmit: (event) => event.preventDefault() },
    h("div", h("label", { for: "dataset-name" }, "Name"), " ", name),
    h("div", h("label", { for: "dataset-title" }, "Title"), " ", title),
    h("div", allowMissing, " ", h("label", { for: "allow-missing" }, "accept missing files")),
    actionButton("Freeze", freeze, { class: "primary" }),
  );
  return h(
    "details.freeze",
    h("summary", "Freeze as a dataset"),
    h(
      "p.hint",
      "A version of a dataset never changes and can be cited. If the name exists, its next version is added. Keep this page open until it is frozen.",
    ),
    form,
    progress,
  );
}
