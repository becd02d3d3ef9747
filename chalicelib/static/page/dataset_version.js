// @ts-check
// The landing page of a version of a dataset.

import { absoluteUrl, get, getText, paths, ROOT, token } from "./api.js";
import { advisoryBanners } from "./dataset_advisories.js";
import { citation, licence } from "./description.js";
import { actionButton, choice, factList, h, showError } from "./dom.js";
import { saveBlob } from "./export_data.js";
import { DEFORMATIONS, formatBytes, formatCount, formatTime } from "./labels.js";
import { routes } from "./routes.js";
import { buildSnippet, shellQuote } from "./snippets.js";
import { outcomeText } from "./sub_run_strip.js";
import { scrollTable } from "./tables.js";

const DOCUMENTS = [
  ["manifest", "manifest-sha256.txt", "the SHA-256 of every file"],
  ["selection", "selection.json", "the request, and the facts of each sub-run"],
  ["croissant", "croissant.json", "Croissant 1.1, for machine learning tools"],
  ["datacite", "datacite.json", "DataCite, for repositories"],
  ["card", "README.md", "a description to read"],
];
const STYLES = ["bibtex", "apa", "csl"];

/**
 * @param {HTMLElement} content
 * @param {{name: string, versions: any[]}} dataset
 * @param {any} version
 * @param {AbortSignal} signal
 */
export function showVersion(content, dataset, version, signal) {
  const archives = h("div");
  content.replaceChildren(
    h("h2", version.title, h("small", ` ${version.name} ${version.version}`)),
    ...advisoryBanners(version),
    version.description ? h("p.description", version.description) : "",
    factList(facts(version, comparison(dataset, version))),
    h("h3", "Get it"),
    ...getSnippets(version),
    actionButton("List the archives", () => showArchives(archives, version, signal)),
    archives,
    h("h3", "Cite it"),
    citationBox(version),
    h("h3", "Contents"),
    contents(version),
    h(
      "ul.documents",
      DOCUMENTS.map((document) => documentLink(version, document)),
    ),
  );
}

const facts = (version, changes) => [
  [
    "Contents",
    [
      formatCount(version.sub_runs, "sub-run"),
      formatCount(version.runs, "run"),
      formatCount(version.files, "file"),
      formatBytes(version.size_bytes),
      `archives ${formatBytes(version.archive_bytes)}`,
    ].join(", "),
  ],
  ["Compositions", version.compositions.join(", ")],
  ["Content id", h("code", version.content_id)],
  ["Frozen", formatTime(version.created_at)],
  ["Creators", version.creators?.join("; ")],
  ["Licence", licence(version.license)],
  ["DOI", citation(version.doi)],
  ["Data from", citation(version.citation)],
  ["Profile", version.profile],
  ["SOAP descriptor", version.soap_descriptor],
  ["Changes", changes],
];

/** Build the commands that download a version and check it. */
function getSnippets({ name, version }) {
  const base = shellQuote(ROOT.href.replace(/\/$/, ""));
  const folder = `${name}-${version}`;
  return [
    buildSnippet("dataops", `dataops --url ${base} dataset pull ${name}@${version} -o ${folder}`),
    buildSnippet(
      "check",
      `cd ${folder} && sha256sum --quiet -c manifest-sha256.txt && sha256sum manifest-sha256.txt`,
    ),
    h("p.hint", "The check prints the content id. It needs no other program than sha256sum."),
  ];
}

async function showArchives(section, { name, version }, signal) {
  const { json } = await get(paths.datasets(name, version, "download"), { signal });
  const rows = json.archives.map((one) => [
    h("a", { href: one.download_url, rel: "noreferrer" }, one.filename),
    formatCount(one.sub_runs.length, "sub-run"),
    h("code", one.sha256),
    formatBytes(one.size_bytes),
  ]);
  const head = ["Archive", "Contents", "SHA-256", "Size"];
  section.replaceChildren(
    scrollTable("Archives", head, rows, 3),
    json.next_cursor ? h("p.hint", `The first ${rows.length}: the command downloads all.`) : "",
  );
}

function citationBox({ name, version }) {
  const box = h("div");
  const show = async (style) => {
    try {
      const path = paths.datasets(name, version, "citation");
      box.replaceChildren(buildSnippet(style, await getText(`${path}?style=${style}`)));
    } catch (error) {
      showError(box, error);
    }
  };
  show(STYLES[0]);
  return h("div", choice("citation-style", "Style", STYLES, show).node, box);
}

// A link cannot send the token.
/** @type {(version: any, document: string[]) => HTMLElement} */
function documentLink({ name, version }, [resource, filename, text]) {
  const path = paths.datasets(name, version, resource);
  const onclick = async (event) => {
    if (!token.get()) return;
    event.preventDefault();
    saveBlob(filename, new Blob([await getText(path)]));
  };
  return h("li", h("a", { href: absoluteUrl(path), onclick }, filename), `: ${text}`);
}

function contents({ name, version, sub_runs: count }) {
  const section = h("div");
  const details = h("details", h("summary", formatCount(count, "sub-run")), section);
  const load = async () => {
    try {
      const { json } = await get(paths.datasets(name, version, "selection"));
      const rows = json.sub_runs.map((one) => [
        h(
          "a",
          { href: routes.target({ nc: one.nc, idRun: one.id_run, subRun: one.sub_run }) },
          `${one.nc}/${one.id_run}/${one.sub_run}`,
        ),
        DEFORMATIONS[Number(one.sub_run)],
        outcomeText(one),
        one.missing.join(", "),
        one.bond_labels,
      ]);
      const head = ["Sub-run", "Deformation", "Outcome", "Missing files", "Bonds"];
      section.replaceChildren(scrollTable("Sub-runs", head, rows, 4));
    } catch (error) {
      showError(section, error);
    }
  };
  details.addEventListener("toggle", load, { once: true });
  return details;
}

/** Build the choice of a version to compare with. */
function comparison({ name, versions }, version) {
  const index = versions.findIndex((one) => one.version === version.version);
  const onChange = (chosen) => {
    const other = versions.findIndex((one) => one.version === chosen);
    const [from, to] = [versions[Math.min(index, other)], versions[Math.max(index, other)]];
    location.hash = routes.dataset(name, from.version, "diff", to.version);
  };
  const others = versions.flatMap((one, at) => (at === index ? [] : one.version)).reverse();
  if (!others.length) return null;
  return choice("other-version", "compared with version", [["", "…"], ...others], onChange).node;
}
