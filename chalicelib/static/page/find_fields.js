// @ts-check
// The filters of a search for sub-runs, with the names of the API.

import { DEFORMATION_GROUPS } from "./deformation_groups.js";
import { choice, h } from "./dom.js";
import { OUTCOME_NAMES, outcomeLabel } from "./labels.js";
import { shellQuote } from "./snippets.js";

const NUMBER = { type: "number", step: "any" };
const COUNT = { type: "number", min: "0" };

/**
 * Fields: the name of the filter, the label, and the choices or the attributes of the input.
 * @type {[string, string, string[][] | Record<string, string>][]}
 */
const FIELDS = [
  ["elements", "Elements", { placeholder: "Zr,Al" }],
  ["nc", "Compositions", { placeholder: "Zr49Cu49Al2" }],
  ["outcome", "Outcome", OUTCOME_NAMES.map((name) => [name, outcomeLabel(name).text])],
  ["deformation", "Deformation", DEFORMATION_GROUPS.map(({ name }) => [name, name])],
  [
    "labels_complete",
    "Bonds",
    [
      ["true", "all expected bonds"],
      ["false", "bonds are missing"],
    ],
  ],
  ["bond_labels_min", "Bonds at least", COUNT],
  ["scf_iterations_max", "Iterations at most", COUNT],
  ["energy_above_reference_ry_max", "E − E(0) at most", NUMBER],
];
const NUMBERS = /_(min|max)$/;

/**
 * Build the fields. Filters of the address that have no field are kept.
 * @param {URLSearchParams} query
 * @param {(filters: URLSearchParams) => void} onChange
 */
export function filterForm(query, onChange) {
  const filters = new URLSearchParams(query);
  const change = (name, text) => {
    const value = text.replaceAll(" ", "");
    if (value) filters.set(name, value);
    else filters.delete(name);
    onChange(filters);
  };
  return h(
    "form.filters",
    { onsubmit: (event) => event.preventDefault() },
    FIELDS.map(([name, label, kind]) => {
      const id = `filter-${name}`;
      const value = filters.get(name) ?? "";
      if (Array.isArray(kind)) {
        const options = [["", "any"], ...kind];
        // The address may name several values.
        if (!options.some(([key]) => key === value)) options.push([value]);
        return choice(id, label, options, (text) => change(name, text), value).node;
      }
      const onchange = ({ target }) => target.checkValidity() && change(name, target.value);
      const field = h("input", { id, ...kind, value, autocomplete: "off", onchange });
      return h("div", h("label", { for: id }, label), field);
    }),
  );
}

/** Format filters as options of the command line. */
export const toOptions = (filters) =>
  [...filters]
    .map(([name, value]) => {
      const option = name.replaceAll("_", "-");
      if (name === "labels_complete") return value === "true" ? ` --${option}` : ` --no-${option}`;
      return ` --${option} ${shellQuote(value)}`;
    })
    .join("");

/** Return filters as the API accepts them in a body. */
export const toWhere = (filters) =>
  Object.fromEntries(
    [...filters].map(([name, value]) => {
      if (name === "labels_complete") return [name, value === "true"];
      return [name, NUMBERS.test(name) ? Number(value) : value];
    }),
  );
