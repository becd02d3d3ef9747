// @ts-check
// Colours and radii of elements in the 3D view.

// Colours of Jmol, covalent radii in angstrom (Cordero 2008).
/** @type {Record<string, [string, number]>} */
const ELEMENTS = {
  Ag: ["#c0c0c0", 1.45],
  Al: ["#bfa6a6", 1.21],
  Au: ["#ffd123", 1.36],
  B: ["#ffb5b5", 0.84],
  Be: ["#c2ff00", 0.96],
  Ca: ["#3dff00", 1.76],
  Co: ["#f090a0", 1.5],
  Cr: ["#8a99c7", 1.39],
  Cu: ["#c88033", 1.32],
  Fe: ["#e06633", 1.52],
  Hf: ["#4dc2ff", 1.75],
  Mg: ["#8aff00", 1.41],
  Mo: ["#54b5b5", 1.54],
  Nb: ["#73c2c9", 1.64],
  Ni: ["#50d050", 1.24],
  P: ["#ff8000", 1.07],
  Pd: ["#006985", 1.39],
  Pt: ["#d0d0e0", 1.36],
  Si: ["#f0c8a0", 1.11],
  Ti: ["#bfc2c7", 1.6],
  Y: ["#94ffff", 1.9],
  Zn: ["#7d80b0", 1.22],
  Zr: ["#94e0e0", 1.75],
};

/**
 * @param {string} element
 * @returns {{color: string, radius: number}}
 */
export function elementStyle(element) {
  const [color, radius] = ELEMENTS[element] ?? ["#b0b0b0", 1.4];
  return { color, radius };
}
