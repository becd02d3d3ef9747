// @ts-check
// Values in the files of Quantum ESPRESSO and LOBSTER, read line by line.

/**
 * @typedef {{
 *   program: string | null, energies: number[], accuracies: number[],
 *   masses: Map<string, number>, facts: [string, string][],
 * }} ScfOutput energies and accuracies in Ry, per iteration
 */

const NUMBER = "([-+\\d.]+(?:[eEdD][-+]?\\d+)?)";

/** @type {[string, RegExp, string][]} */
const FACTS = [
  ["Wave function cutoff", new RegExp(`kinetic-energy cutoff +=\\s*${NUMBER}`), " Ry"],
  ["Charge density cutoff", new RegExp(`charge density cutoff +=\\s*${NUMBER}`), " Ry"],
  ["Convergence threshold", new RegExp(`convergence threshold +=\\s*${NUMBER}`), " Ry"],
  ["Mixing beta", new RegExp(`mixing beta +=\\s*${NUMBER}`), ""],
  ["Exchange and correlation", /Exchange-correlation +=\s*(.*?)\s*(?:\(|$)/m, ""],
  ["Electrons", new RegExp(`number of electrons +=\\s*${NUMBER}`), ""],
  ["k points", /number of k points=\s*(\d+)/, ""],
];

/**
 * @param {string} text of `pw.x`
 * @returns {ScfOutput}
 */
export function parseScfOutput(text) {
  const energies = [...text.matchAll(/^!? +total energy +=\s*([-\d.]+) Ry/gm)];
  const accuracies = [...text.matchAll(/^ +estimated scf accuracy +<\s*([-\d.Ee+]+) Ry/gm)];
  const species = /atomic species +valence.*\n((?: +[A-Z][a-z]?\w* .*\n)+)/.exec(text)?.[1] ?? "";
  return {
    program: /Program PWSCF (v\.\S+(?: \([^)]*\))?)/.exec(text)?.[1] ?? null,
    energies: energies.map(([, value]) => Number(value)),
    accuracies: accuracies.map(([, value]) => Number(value)),
    masses: new Map(
      [...species.matchAll(/^ +(\S+) +\S+ +([\d.]+)/gm)].map(([, name, mass]) => [
        name,
        Number(mass),
      ]),
    ),
    facts: FACTS.flatMap(([name, pattern, unit]) => {
      const value = pattern.exec(text)?.[1];
      return value ? [/** @type {[string, string]} */ ([name, `${tidy(value)}${unit}`])] : [];
    }),
  };
}

/** @param {string} value */
const tidy = (value) => (/^\d+\.\d*0$/.test(value) ? String(Number(value)) : value);

/**
 * @param {string} text of an input of `pw.x`
 * @returns {string[]} file names of the pseudopotentials
 */
export function parsePseudopotentials(text) {
  const block = /ATOMIC_SPECIES\s*\n((?:\s*\S+\s+[\d.]+\s+\S+\s*\n)+)/.exec(text)?.[1] ?? "";
  return [...block.matchAll(/^\s*\S+\s+[\d.]+\s+(\S+)/gm)].map(([, name]) => name);
}

/**
 * @param {string} text of the log of LOBSTER
 * @returns {[string, string][]}
 */
export function parseLobsterLog(text) {
  /** @type {[string, RegExp][]} */
  const patterns = [
    ["LOBSTER", /^LOBSTER (v\S+(?: \([^)]*\))?)/m],
    ["Charge spilling", /abs\. charge spilling:\s*(\S+)/],
  ];
  const bases = new Set([...text.matchAll(/^[A-Z][a-z]? \(([^)]+)\) /gm)].map(([, name]) => name));
  const facts = patterns.flatMap(([name, pattern]) => {
    const value = pattern.exec(text)?.[1];
    return value ? [/** @type {[string, string]} */ ([name, value])] : [];
  });
  return bases.size ? [...facts, ["LOBSTER basis", [...bases].join(", ")]] : facts;
}
