// @ts-check
// The changes between two versions of a dataset: files, outcomes, bond strengths.

import { get, paths } from "./api.js";
import { choice, factList, h } from "./dom.js";
import { exportButtons } from "./export_data.js";
import { formatCount, formatNumber } from "./labels.js";
import { parseTarget, routes } from "./routes.js";
import { outcomeText } from "./sub_run_strip.js";
import { scrollTable } from "./tables.js";

const CHANGES = {
  MAJOR: "Files were removed or changed: results may differ.",
  MINOR: "Files were only added.",
  PATCH: "The files are the same; the description changed.",
  NONE: "The versions are the same.",
};
const COLUMNS = [
  "bond_type",
  "bonds_before",
  "bonds_after",
  "mean_minus_icohp_ev_before",
  "mean_minus_icohp_ev_after",
];

/**
 * @param {HTMLElement} content
 * @param {{name: string, versions: any[]}} dataset
 * @param {string} from version
 * @param {string} to version
 * @param {AbortSignal} signal
 */
export async function showDiff(content, { name, versions }, from, to, signal) {
  const { json: diff } = await get(paths.datasets(name, from, "diff", to), { signal });
  const numbers = versions.map((one) => one.version);
  const select = (id, label, chosen, getHref) => {
    const onChange = (value) => {
      location.hash = getHref(value);
    };
    return choice(id, label, numbers, onChange, chosen).node;
  };
  const { files } = diff;
  content.replaceChildren(
    h("h2", `Changes of ${name}`),
    h(
      "div.fields",
      select("from", "From", diff.from, (other) => routes.dataset(name, other, "diff", diff.to)),
      select("to", "to", diff.to, (other) => routes.dataset(name, diff.from, "diff", other)),
    ),
    h("p", h("strong", CHANGES[diff.change] ?? diff.change)),
    factList([
      [
        "Files",
        ["added", "removed", "changed", "unchanged"]
          .map((kind) => `${files[kind]} ${kind}`)
          .join(", "),
      ],
      ["Description", diff.documents.join(", ") || "unchanged"],
    ]),
    h("h3", "Bond strengths"),
    ...bonds(diff),
    h("h3", "Outcomes"),
    outcomes(diff),
    h("h3", "Files"),
    ...["added", "removed", "changed"].map((kind) => fileList(kind, diff[kind], files[kind])),
  );
}

function bonds({ name, from, to, bonds: types }) {
  if (!types.length) return [h("p.hint", "Neither version has bond strengths.")];
  const rows = types.map((one) => {
    const [before, after] = [one.mean_minus_icohp_ev_before, one.mean_minus_icohp_ev_after];
    const difference = before === null || after === null ? null : after - before;
    return [
      one.bond_type,
      one.bonds_before,
      one.bonds_after,
      formatNumber(before, 4),
      formatNumber(after, 4),
      `${difference !== null && difference > 0 ? "+" : ""}${formatNumber(difference, 4)}`,
    ];
  });
  const head = [
    "Bond type",
    `Bonds in ${from}`,
    `in ${to}`,
    `Mean −ICOHP (eV) in ${from}`,
    `in ${to}`,
    "Difference",
  ];
  const getTable = () => ({
    columns: COLUMNS,
    rows: types.map((one) => COLUMNS.map((column) => one[column])),
  });
  return [
    scrollTable("Bond strengths", head, rows),
    exportButtons(`${name}_${from}_${to}_bonds`, getTable),
  ];
}

function outcomes({ outcomes: changed }) {
  if (!changed.length) return h("p.hint", "No outcome changed.");
  const text = (outcome) => (outcome === null ? "not in this version" : outcomeText(outcome));
  const rows = changed.map(({ sub_run: name, before, after }) => [
    h("a", { href: routes.target(/** @type {any} */ (parseTarget(name))) }, name),
    text(before),
    text(after),
  ]);
  return scrollTable("Outcomes", ["Sub-run", "Before", "After"], rows, 3);
}

function fileList(kind, names, count) {
  if (!count) return "";
  const rest = count > names.length && h("li.hint", `and ${count - names.length} more`);
  return h(
    "details",
    { open: count <= 20 },
    h("summary", `${formatCount(count, "file")} ${kind}`),
    h(
      "ul",
      names.map((name) => h("li", h("code", name.replace(/^data\//, "")))),
      rest,
    ),
  );
}
