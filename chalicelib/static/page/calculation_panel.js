// @ts-check
// The calculation of a sub-run: SCF convergence and provenance.

import { parseLobsterLog, parsePseudopotentials, parseScfOutput } from "./calculation_files.js";
import { loadDescription } from "./description.js";
import { factList, h } from "./dom.js";
import { exportName, readText } from "./file_text.js";
import { lineChart } from "./line_chart.js";

/** @typedef {import("./file_text.js").SubRun} SubRun */
/** @typedef {import("./calculation_files.js").ScfOutput} ScfOutput */

/**
 * Show SCF convergence and provenance of a sub-run.
 * @param {HTMLElement} section
 * @param {SubRun} subRun
 * @param {Set<string>} names of the files
 * @returns {Promise<ScfOutput | null>} the values of the SCF output
 */
export async function showCalculation(section, subRun, names) {
  const { nc } = subRun;
  const readOptional = (name) => (names.has(name) ? readText(subRun, name) : null);
  const title = h("h4", "Calculation");
  section.replaceChildren(title, h("p.hint", "Loading the SCF output…"));
  try {
    const [output, input, log, dataset] = await Promise.all([
      readOptional(`${nc}.scf.out`),
      readOptional(`${nc}.scf.in`),
      readOptional(`${nc}.lb.out`),
      loadDescription(),
    ]);
    const scf = output === null ? null : parseScfOutput(output);
    /** @type {[string, string][]} */
    const facts = [
      ["Quantum ESPRESSO", scf?.program ?? "unknown: no SCF output"],
      ...(scf?.facts ?? []),
      ["Pseudopotentials", parsePseudopotentials(input ?? "").join(", ") || "unknown"],
      ...parseLobsterLog(log ?? ""),
      ["SOAP descriptor", dataset?.soap_descriptor ?? "unknown"],
    ];
    section.replaceChildren(
      title,
      convergence(scf, exportName(subRun)) ??
        h("p.hint", `${nc}.scf.out has no SCF iteration, or does not exist.`),
      h(
        "details",
        { open: true },
        h("summary", "Provenance"),
        factList(facts),
        h("p.hint", `From ${nc}.scf.out, ${nc}.scf.in, ${nc}.lb.out and the data set.`),
      ),
    );
    return scf;
  } catch (error) {
    const { message } = error;
    section.replaceChildren(title, h("p.failure", message));
    return null;
  }
}

/**
 * @param {ScfOutput | null} scf
 * @param {string} filename
 */
function convergence(scf, filename) {
  if (!scf?.accuracies.length) return null;
  const x = scf.accuracies.map((_, index) => index + 1);
  const last = scf.energies.at(-1) ?? 0;
  const energies = {
    name: "total energy (Ry)",
    series: 1,
    values: x.map((_, index) => scf.energies[index] ?? Number.NaN),
  };
  return h(
    "div.chart-pair",
    lineChart({
      filename: `${filename}_scf_accuracy`,
      title: "SCF convergence",
      xLabel: "iteration",
      yLabel: "estimated accuracy (Ry)",
      x,
      curves: [{ name: "estimated accuracy (Ry)", series: 0, values: scf.accuracies }],
      logarithmic: true,
      dots: true,
      tableOnly: [energies],
    }),
    lineChart({
      filename: `${filename}_scf_energy`,
      title: "SCF energy",
      xLabel: "iteration",
      yLabel: "|E − E(last iteration)| (Ry)",
      x: x.slice(0, -1),
      curves: [
        {
          name: "|E − E(last)| (Ry)",
          series: 1,
          values: energies.values.slice(0, -1).map((energy) => Math.abs(energy - last)),
        },
      ],
      logarithmic: true,
      dots: true,
    }),
  );
}
