// @ts-check
// Display texts of values: sizes, times, roles of files, outcomes, deformations.

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const AGE_UNITS = [
  ["year", 31557600],
  ["month", 2629800],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];
const AGE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const TIME = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

/**
 * Format a number with a minus sign of the width of a digit.
 * @param {number | null | undefined} value
 * @param {number} places
 */
export const formatNumber = (value, places) => value?.toFixed(places).replace("-", "−") ?? "";

/** Format a number of things: "1,000 runs". */
export const formatCount = (count, unit) =>
  `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;

/** Format a size in bytes with two significant digits and a decimal unit. */
export function formatBytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

/** Format the age of an ISO 8601 time: "5 minutes ago". */
export function formatAge(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const unit = AGE_UNITS.find(([, length]) => seconds >= length);
  return unit ? AGE.format(-Math.floor(seconds / unit[1]), unit[0]) : "just now";
}

export const formatTime = (iso) => TIME.format(new Date(iso));

const ROLES = {
  "scf-input": "Quantum ESPRESSO input",
  "scf-output": "Quantum ESPRESSO output",
  "bond-strengths": "LOBSTER bond strengths",
  "soap-descriptors": "SOAP descriptors",
  "lobster-output": "LOBSTER log",
  "lobster-input": "LOBSTER input",
  structure: "structure",
  metadata: "metadata",
  other: "other",
};

export const roleLabel = (name) => ROLES[name] ?? name;

// Each outcome has a sign, so that it can be recognised without its colour (WCAG 2.2, 1.4.1).
const OUTCOMES = {
  DONE: { text: "done", sign: "✓", tone: "good" },
  SCF_NOT_CONVERGED: { text: "SCF not converged", sign: "✕", tone: "bad" },
  LOB_NOT_FINISHED_BUT_ICOHP_OK: {
    text: "LOBSTER not finished, bond strengths available",
    sign: "◐",
    tone: "fair",
  },
  SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK: {
    text: "LOBSTER not finished, bond strengths available",
    sign: "◐",
    tone: "fair",
  },
  SCF_CONVERGED_BUT_NO_ICOHP: { text: "SCF converged, no bond strengths", sign: "△", tone: "fair" },
  SCF_NOT_CONVERGED_AND_NO_ICOHP: {
    text: "no SCF output, no bond strengths",
    sign: "▽",
    tone: "bad",
  },
  NO_DATA: { text: "no files", sign: "○", tone: "none" },
};
export const OUTCOME_NAMES = Object.keys(OUTCOMES);
export const NOT_SCHEDULED = { text: "not scheduled", sign: "·", tone: "absent" };
export const UNKNOWN = { text: "outcome not determined yet", sign: "…", tone: "none" };

export const outcomeLabel = (name) => OUTCOMES[name] ?? { text: name, sign: "?", tone: "none" };

// Indexed by sub-run. A test compares this table with chalicelib/domain/deformation.py.
export const DEFORMATIONS = [
  "reference",
  "shear xy",
  "shear xz",
  "shear yx",
  "shear yz",
  "shear zx",
  "shear zy",
  "tension x",
  "compression x",
  "tension y",
  "compression y",
  "tension z",
  "compression z",
  "isotropic tension",
  "isotropic compression",
];
