// How values read: sizes, times, roles of files, outcomes, deformations.

const STEPS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const AGE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

export function age(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const step = STEPS.find(([, length]) => seconds >= length);
  return step ? AGE.format(-Math.floor(seconds / step[1]), step[0]) : "just now";
}

export const moment = (iso) => MOMENT.format(new Date(iso));

const ROLES = {
  "scf-input": "Quantum ESPRESSO input",
  "scf-output": "Quantum ESPRESSO output",
  "bond-strengths": "LOBSTER bond strengths",
  "soap-descriptors": "SOAP descriptors",
  "lobster-output": "LOBSTER protocol",
  "lobster-input": "LOBSTER input",
  structure: "structure",
  metadata: "metadata",
  other: "other",
};

export const role = (name) => ROLES[name] ?? name;

// A sign for each outcome, so that colour is never all there is to tell it by.
const OUTCOMES = {
  DONE: { text: "done", sign: "✓", tone: "good" },
  SCF_NOT_CONVERGED: { text: "SCF not converged", sign: "✕", tone: "bad" },
  LOB_NOT_FINISHED_BUT_ICOHP_OK: { text: "LOBSTER not finished, bond strengths there", sign: "◐", tone: "fair" },
  SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK: { text: "LOBSTER not finished, bond strengths there", sign: "◐", tone: "fair" },
  SCF_CONVERGED_BUT_NO_ICOHP: { text: "SCF converged, no bond strengths", sign: "△", tone: "fair" },
  SCF_NOT_CONVERGED_AND_NO_ICOHP: { text: "no SCF output, no bond strengths", sign: "▽", tone: "bad" },
  NO_DATA: { text: "no files", sign: "○", tone: "none" },
};
export const NOT_SCHEDULED = { text: "not scheduled", sign: "·", tone: "absent" };
export const UNKNOWN = { text: "not looked at yet", sign: "…", tone: "none" };

export const outcome = (name) => OUTCOMES[name] ?? { text: name, sign: "?", tone: "none" };

// By sub-run; the domain's own table (chalicelib/domain/deformation.py), which a test compares this one with.
export const DEFORMATIONS = [
  "reference", "shear xy", "shear xz", "shear yx", "shear yz", "shear zx", "shear zy",
  "tension x", "compression x", "tension y", "compression y", "tension z", "compression z",
  "isotropic tension", "isotropic compression",
];
