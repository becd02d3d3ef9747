// @ts-check
// Frozen datasets: the list of them, and the versions of one.

import { ageOf } from "./age.js";
import { get, getAll, paths } from "./api.js";
import { advisoryBadges } from "./dataset_advisories.js";
import { showDiff } from "./dataset_diff.js";
import { showVersion } from "./dataset_version.js";
import { backLink, h, showError } from "./dom.js";
import { formatBytes, formatTime } from "./labels.js";
import { showNotFound } from "./not_found.js";
import { routes } from "./routes.js";
import { scrollTable } from "./tables.js";

const LIST = { href: routes.dataset(), text: "All datasets" };

/**
 * Show the view of an address below `#/datasets`.
 * @param {HTMLElement} pane
 * @param {string[]} parts of the address: name, version, "diff", other version
 * @returns {{dispose: () => void}}
 */
export function showDatasets(pane, parts) {
  const controller = new AbortController();
  const { signal } = controller;
  const [name, version, word, other, ...rest] = parts.filter(Boolean);
  const content = h("div", h("p.hint", "Loading…"));
  pane.replaceChildren(
    name
      ? version
        ? backLink(routes.dataset(name), name)
        : backLink(LIST.href, LIST.text)
      : backLink(),
    content,
  );
  const unknown = rest.length || (word && (word !== "diff" || !other));
  if (unknown) showNotFound(content, "This is not an address of a dataset.", LIST);
  else
    load(content, { name, version, other }, signal).catch((error) => {
      if (error.status === 404 || error.status === 422)
        showNotFound(content, `${error.message}.`, LIST);
      else showError(content, error);
    });
  return { dispose: () => controller.abort() };
}

async function load(content, { name, version, other }, signal) {
  if (!name) {
    content.replaceChildren(...drawList(await getAll(paths.datasets(), "datasets", { signal })));
    return;
  }
  const { json } = await get(paths.datasets(name), { signal });
  const find = (versions) => versions.find((one) => one.version === version);
  const deleted = find(json.deleted);
  const found = version === "latest" ? json.versions.at(-1) : find(json.versions);
  if (!version) content.replaceChildren(...drawVersions(json));
  else if (other) await showDiff(content, json, version, other, signal);
  else if (deleted) showDeleted(content, deleted);
  else if (found) showVersion(content, json, found, signal);
  else showNotFound(content, `Dataset ${name} has no version ${version}.`, LIST);
}

function drawList(datasets) {
  const title = h("h2", "Datasets");
  if (!datasets.length)
    return [
      title,
      h(
        "p",
        "A dataset is a frozen selection of sub-runs, which never changes and can be cited. There is none yet.",
      ),
      h(
        "p",
        "To make one, ",
        h("a", { href: "#/sub-runs" }, "find sub-runs"),
        " and choose “Freeze as a dataset”.",
      ),
    ];
  const rows = datasets.map(({ name, versions, latest }) => [
    h("a", { href: routes.dataset(name) }, name),
    latest.title,
    [
      h("a", { href: routes.dataset(name, latest.version) }, latest.version),
      " ",
      advisoryBadges(latest),
    ],
    ageOf(latest.created_at),
    versions,
    latest.sub_runs.toLocaleString("en"),
    latest.files.toLocaleString("en"),
    formatBytes(latest.size_bytes),
  ]);
  const head = [
    "Name",
    "Title",
    "Latest version",
    "Frozen",
    "Versions",
    "Sub-runs",
    "Files",
    "Size",
  ];
  return [title, scrollTable("Datasets", head, rows, 4)];
}

function drawVersions({ name, versions, deleted }) {
  const rows = versions
    .map((one, index) => [
      [h("a", { href: routes.dataset(name, one.version) }, one.version), " ", advisoryBadges(one)],
      one.title,
      ageOf(one.created_at),
      h("code", { title: one.content_id }, `${one.content_id.slice(0, 12)}…`),
      index > 0 &&
        h(
          "a",
          { href: routes.dataset(name, versions[index - 1].version, "diff", one.version) },
          `changes since ${versions[index - 1].version}`,
        ),
      one.sub_runs.toLocaleString("en"),
      one.files.toLocaleString("en"),
      formatBytes(one.size_bytes),
    ])
    .reverse();
  const head = ["Version", "Title", "Frozen", "Content id", "Changes", "Sub-runs", "Files", "Size"];
  const gone = deleted.map((one) => [
    h("a", { href: routes.dataset(name, one.version) }, one.version),
    one.title,
    formatTime(one.deleted_at),
    one.reason,
  ]);
  return [
    h("h2", name),
    scrollTable("Versions", head, rows, 5),
    gone.length && h("h3", "Deleted versions"),
    gone.length &&
      scrollTable("Deleted versions", ["Version", "Title", "Deleted", "Reason"], gone, 4),
  ].filter(Boolean);
}

function showDeleted(content, { name, version, title, reason, content_id: id }) {
  content.replaceChildren(
    h("h2", title, h("small", ` ${name} ${version}`)),
    h("p.advisory.bad", { role: "alert" }, h("strong", "Deleted: "), reason),
    h("p", "Its files are no longer available here. Its content id was ", h("code", id), "."),
  );
}
