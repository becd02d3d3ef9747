// @ts-check
// The structure of a periodic cell: extended XYZ files, lattice, density, radial distribution.

/** @typedef {[number, number, number]} Vector */
/** @typedef {{element: string, position: Vector}} Atom position in angstrom */
/** @typedef {{atoms: Atom[], lattice: Vector[]}} Crystal */

const AVOGADRO = 6.02214076e23;
const ANGSTROM3_IN_CM3 = 1e-24;

/**
 * @param {string} text of an extended XYZ file, as ASE writes it
 * @returns {Crystal | null} null if the text has no lattice or fewer atoms than its first line states
 */
export function parseXyz(text) {
  const [count, comment = "", ...lines] = text.split("\n");
  const numbers = (/Lattice="([^"]*)"/.exec(comment)?.[1] ?? "").trim().split(/\s+/).map(Number);
  const atoms = lines.slice(0, Number(count)).flatMap((line) => {
    const [element, ...position] = line.trim().split(/\s+/);
    const vector = position.slice(0, 3).map(Number);
    return vector.length === 3 && vector.every(Number.isFinite)
      ? [{ element, position: /** @type {Vector} */ (vector) }]
      : [];
  });
  if (numbers.length !== 9 || !numbers.every(Number.isFinite)) return null;
  if (!atoms.length || atoms.length !== Number(count)) return null;
  const lattice = [0, 3, 6].map((start) => /** @type {Vector} */ (numbers.slice(start, start + 3)));
  return volume(lattice) > 0 ? { atoms, lattice } : null;
}

/** @type {(one: Vector, other: Vector) => number} */
const dot = (one, other) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];

/** @type {(one: Vector, other: Vector) => Vector} */
const cross = (one, other) => [
  one[1] * other[2] - one[2] * other[1],
  one[2] * other[0] - one[0] * other[2],
  one[0] * other[1] - one[1] * other[0],
];

/** @param {Vector[]} lattice */
export const volume = ([a, b, c]) => Math.abs(dot(a, cross(b, c)));

/**
 * @param {Vector[]} lattice
 * @returns {{lengths: number[], angles: number[]}} a, b, c in angstrom; alpha, beta, gamma in degrees
 */
export function cellParameters(lattice) {
  const lengths = lattice.map((vector) => Math.hypot(...vector));
  const angles = [
    [1, 2],
    [0, 2],
    [0, 1],
  ].map(
    ([one, other]) =>
      (Math.acos(dot(lattice[one], lattice[other]) / (lengths[one] * lengths[other])) * 180) /
      Math.PI,
  );
  return { lengths, angles };
}

/**
 * @param {Crystal} crystal
 * @param {Map<string, number>} masses in u, by element
 * @returns {number | null} g/cm3, or null if a mass is unknown
 */
export function density({ atoms, lattice }, masses) {
  let mass = 0;
  for (const { element } of atoms) mass += masses.get(element) ?? Number.NaN;
  const grams = mass / AVOGADRO / (volume(lattice) * ANGSTROM3_IN_CM3);
  return Number.isNaN(grams) ? null : grams;
}

/**
 * Translate a position by lattice vectors.
 * @param {Vector} position
 * @param {Vector[]} lattice
 * @param {number[]} counts of the lattice vectors
 * @returns {Vector}
 */
export const translate = (position, lattice, counts) =>
  /** @type {Vector} */ (
    position.map((value, axis) =>
      counts.reduce((sum, count, index) => sum + count * lattice[index][axis], value),
    )
  );

/**
 * Compute the radial distribution function g(r) of all atoms and of each pair of elements.
 * @param {Crystal} crystal
 * @param {{end: number, step: number}} range of r, in angstrom
 * @returns {{r: number[], total: number[], pairs: Map<string, number[]>}} `r` are bin centres
 */
export function radialDistribution({ atoms, lattice }, { end, step }) {
  const bins = Math.round(end / step);
  const cellVolume = volume(lattice);
  // The rows of the inverse lattice give fractional coordinates and the distance of lattice planes.
  const inverse = [0, 1, 2].map((axis) =>
    cross(lattice[(axis + 1) % 3], lattice[(axis + 2) % 3]).map(
      (value) => value / dot(lattice[0], cross(lattice[1], lattice[2])),
    ),
  );
  const images = inverse.map((row) => Math.floor(end * Math.hypot(...row) + 0.5));
  /** @type {Vector[]} */
  const shifts = [];
  for (let i = -images[0]; i <= images[0]; i += 1)
    for (let j = -images[1]; j <= images[1]; j += 1)
      for (let k = -images[2]; k <= images[2]; k += 1)
        shifts.push(translate([0, 0, 0], lattice, [i, j, k]));
  const total = new Array(bins).fill(0);
  /** @type {Map<string, number[]>} */
  const pairs = new Map();
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { element } of atoms) counts.set(element, (counts.get(element) ?? 0) + 1);
  atoms.forEach((one, first) => {
    for (let second = first; second < atoms.length; second += 1) {
      const other = atoms[second];
      const name = [one.element, other.element].sort().join("-");
      const histogram = pairs.get(name) ?? new Array(bins).fill(0);
      pairs.set(name, histogram);
      const delta = /** @type {Vector} */ (
        other.position.map((value, axis) => value - one.position[axis])
      );
      const wrap = inverse.map((row) => -Math.round(dot(/** @type {Vector} */ (row), delta)));
      const [x, y, z] = translate(delta, lattice, wrap);
      const weight = first === second ? 1 : 2; // both orders
      for (const shift of shifts) {
        const square = (x + shift[0]) ** 2 + (y + shift[1]) ** 2 + (z + shift[2]) ** 2;
        const bin = Math.floor(Math.sqrt(square) / step);
        if (bin >= bins || square === 0) continue;
        total[bin] += weight;
        histogram[bin] += weight;
      }
    }
  });
  const shell = (bin) => (4 / 3) * Math.PI * step ** 3 * ((bin + 1) ** 3 - bin ** 3);
  const normalize = (histogram, ordered) =>
    histogram.map((count, bin) => (count * cellVolume) / (ordered * shell(bin)));
  return {
    r: total.map((_, bin) => (bin + 0.5) * step),
    total: normalize(total, atoms.length ** 2),
    pairs: new Map(
      [...pairs].map(([name, histogram]) => {
        const [a, b] = name.split("-").map((element) => counts.get(element) ?? 0);
        const same = name.split("-")[0] === name.split("-")[1];
        return [name, normalize(histogram, same ? a * a : 2 * a * b)];
      }),
    ),
  };
}
