// @ts-check
// Commands and code to copy: the same download in a shell and in Python.

import { absoluteUrl, paths, ROOT, token } from "./api.js";
import { announce, h } from "./dom.js";

export const shellQuote = (text) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Build a disclosure with the snippets that download a run, or a sub-run if `target.subRun` is set.
 * @param {{nc: string, idRun: string, subRun?: string}} target
 */
export function buildSnippets(target) {
  const wholeRun = target.subRun === undefined;
  const path = wholeRun ? paths.run(target, "download") : paths.subRun(target, "download");
  const names = [target.nc, target.idRun, target.subRun].filter((part) => part !== undefined);
  const base = ROOT.href.replace(/\/$/, "");
  const authorization = token.get() ? ' -H "Authorization: Bearer $DATAOPS_TOKEN"' : "";
  const url = shellQuote(`${absoluteUrl(path)}?redirect=true&wait=20`);
  const literals = names.map((part) => JSON.stringify(part)).join(", ");
  const title = wholeRun
    ? "The whole run from a shell or Python"
    : "This sub-run from a shell or Python";
  return h(
    "details.snippets",
    h("summary", title),
    buildSnippet("curl", `curl -fL${authorization} -o ${names.join("_")}.zip ${url}`),
    buildSnippet(
      "dataops",
      `dataops --url ${shellQuote(base)} download ${names.join(" ")} -o data`,
    ),
    buildSnippet(
      "Python",
      [
        "from dataops_client import DataOpsClient",
        "",
        `with DataOpsClient(${JSON.stringify(base)}) as client:`,
        ...(wholeRun
          ? [
              `    for sub_run in client.status(${literals}).sub_runs:`,
              `        client.download(${literals}, sub_run, "data")`,
            ]
          : [`    client.download(${literals}, "data")`]),
      ].join("\n"),
    ),
  );
}

/**
 * Build a snippet with a button that copies it.
 * @param {string} name
 * @param {string} text
 */
export function buildSnippet(name, text) {
  const code = h("code", text);
  const copy = h(
    "button",
    {
      class: "subtle",
      "aria-label": `Copy the ${name} snippet`,
      onclick: async () => {
        const copied = await copyText(text, code);
        copy.textContent = copied ? "Copied" : "Selected";
        announce(copied ? "Copied" : "Selected: copy it with the keyboard");
        setTimeout(() => {
          copy.textContent = "Copy";
        }, 2000);
      },
    },
    "Copy",
  );
  return h(
    "div.snippet",
    h("span.name", name),
    h("pre", { tabindex: "0", "aria-label": `${name} snippet` }, code),
    copy,
  );
}

// Return true if the text was copied. Browsers offer the clipboard to pages from https and localhost
// only; on other pages the text is selected instead.
async function copyText(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(code);
    return false;
  }
}
