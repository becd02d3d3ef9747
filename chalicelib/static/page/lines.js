// The same download without this page: lines to copy for a shell and for Python.

import { ROOT, address, paths, token } from "./api.js";
import { announce, h } from "./dom.js";

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

// A disclosure with the lines that download a run, or a sub-run where `of` names one.
export function linesFor(of) {
  const whole = of.subRun === undefined;
  const path = whole ? paths.run(of, "download") : paths.subRun(of, "download");
  const names = [of.nc, of.idRun, of.subRun].filter((part) => part !== undefined);
  const base = ROOT.href.replace(/\/$/, "");
  const authorised = token.get() ? ' -H "Authorization: Bearer $DATAOPS_TOKEN"' : "";
  const texts = names.map((part) => JSON.stringify(part)).join(", ");
  return h("details", { class: "lines" }, h("summary", {}, whole ? "The whole run from a shell or Python" : "This sub-run from a shell or Python"),
    line("curl", `curl -fL${authorised} -o ${names.join("_")}.zip ${quoted(`${address(path)}?redirect=true&wait=20`)}`),
    line("dataops", `dataops --url ${quoted(base)} download ${names.join(" ")}${whole ? " --all" : ""} -o data`),
    line("Python", [
      "from dataops_client import DataOpsClient",
      "",
      `with DataOpsClient(${JSON.stringify(base)}) as client:`,
      ...(whole
        ? [`    for sub_run in client.status(${texts}).sub_runs:`, `        client.download(${texts}, sub_run, "data")`]
        : [`    client.download(${texts}, "data")`]),
    ].join("\n")));
}

function line(name, text) {
  const code = h("code", {}, text);
  const copy = h("button", {
    type: "button",
    class: "quiet",
    "aria-label": `Copy the ${name} line`,
    onclick: async () => {
      const done = await copied(text, code);
      copy.textContent = done ? "Copied" : "Selected";
      announce(done ? "Copied" : "Selected: copy it with the keyboard");
      setTimeout(() => { copy.textContent = "Copy"; }, 2000);
    },
  }, "Copy");
  return h("div", { class: "line-to-copy" }, h("span", { class: "name" }, name), h("pre", { tabindex: "0", "aria-label": `${name} line` }, code), copy);
}

// Whether the text is in the clipboard; browsers allow that to pages from https and localhost only: others get it selected.
async function copied(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}
