// @ts-check
// Plots over the fifteen sub-runs: mean -ICOHP per bond type, energy, SCF iterations.

import { get, paths } from "./api.js";
import { h, showError } from "./dom.js";
import { dotChart } from "./dot_chart.js";
import { readText } from "./file_text.js";
import { seriesIndex } from "./series.js";
import { SUB_RUNS } from "./sub_run_strip.js";

const RY_IN_MEV = 13605.693122994; // CODATA 2018

/**
 * Show the plots of the scheduled sub-runs.
 * @param {HTMLElement} section
 * @param {{nc: string, idRun: string}} run
 * @param {object} status the status document of the run
 * @param {AbortSignal} signal
 */
export async function showQuantities(section, run, status, signal) {
  const outcomes = status.sub_run_outcomes ?? {};
  const valuesOf = (name) => SUB_RUNS.map((subRun) => outcomes[subRun]?.[name] ?? null);
  const strengths = h("div.pending", h("p.hint", "Loading bond strengths…"));
  const energies = h("div");
  const iterations = dotChart({
    filename: `${run.nc}_${run.idRun}_scf_iterations`,
    title: "SCF iterations",
    label: "iterations",
    series: [{ name: "iterations", values: valuesOf("scf_iterations") }],
    places: 0,
    minStep: 1,
  });
  section.replaceChildren(
    h("h3", "Quantities by sub-run"),
    strengths,
    energies,
    ...(iterations ? [iterations] : []),
  );
  await Promise.all([
    showEnergies(energies, run, valuesOf("total_energy_ry")),
    // One request per sub-run: sent when the user scrolls to the plot.
    whenVisible(strengths).then(() => showStrengths(strengths, run, status, signal)),
  ]);
}

/** @param {Element} element */
const whenVisible = (element) =>
  new Promise((resolve) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      resolve(undefined);
    });
    observer.observe(element);
  });

async function showEnergies(section, run, energies) {
  const name = `${run.nc}.xyz`;
  const [reference] = energies;
  const atoms =
    reference &&
    (await readText({ ...run, subRun: "0" }, name).then(
      (text) => Number.parseInt(text, 10), // the first line
      () => null,
    ));
  const relative = atoms
    ? {
        label: "E − E(sub-run 0) (meV per atom)",
        values: energies.map((energy) => energy && ((energy - reference) * RY_IN_MEV) / atoms),
        note: `Relative to sub-run 0, divided by the ${atoms} atoms of its ${name}.`,
      }
    : null;
  const total = { name: "Total energy (Ry)", values: energies };
  const chart = relative
    ? dotChart({
        filename: `${run.nc}_${run.idRun}_energy`,
        title: "Energy",
        label: relative.label,
        series: [{ name: "Relative energy (meV per atom)", values: relative.values }],
        places: 1,
        note: relative.note,
        more: [total],
      })
    : dotChart({
        filename: `${run.nc}_${run.idRun}_energy`,
        title: "Energy",
        label: "total energy (Ry)",
        series: [total],
        places: 4,
        note: "Total energies: the energy of sub-run 0 or its number of atoms is unknown.",
      });
  section.replaceChildren(...(chart ? [chart] : []));
}

async function showStrengths(section, run, status, signal) {
  try {
    const chart = dotChart({
      filename: `${run.nc}_${run.idRun}_mean_bond_strength`,
      title: "Mean bond strength",
      label: "mean −ICOHP (eV)",
      series: await meanStrengths(run, status, signal),
      places: 3,
    });
    section.classList.remove("pending");
    section.replaceChildren(chart ?? h("p.hint", "No sub-run has bond strengths."));
  } catch (error) {
    showError(section, error);
  }
}

// One series per bond type. A page of one bond contains the means over all bonds.
async function meanStrengths(run, status, signal) {
  const summaries = await Promise.all(
    SUB_RUNS.map(async (subRun) => {
      const outcome = status.sub_run_outcomes?.[subRun];
      if (!status.sub_runs.includes(subRun) || (outcome && !outcome.bond_labels)) return [];
      try {
        return (await get(paths.bonds({ ...run, subRun }, 1), { signal })).json.bond_types;
      } catch (error) {
        if (error.status === 404 || error.status === 409) return []; // no bonds
        throw error;
      }
    }),
  );
  const types = [...new Set(summaries.flat().map((summary) => summary.bond_type))].sort();
  return types.map((type) => ({
    name: type,
    series: seriesIndex(run.nc, type),
    values: summaries.map(
      (found) => found.find((summary) => summary.bond_type === type)?.mean_icohp ?? null,
    ),
  }));
}
