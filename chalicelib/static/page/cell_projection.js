// @ts-check
// Geometry of the 3D view: rotation, the edges of the cell, and bonds across its boundary.

import { translate } from "./crystal.js";

/** @typedef {import("./crystal.js").Vector} Vector */
/** @typedef {import("./crystal.js").Crystal} Crystal */
/** @typedef {{from: Vector, to: Vector, bond: any}} Segment half of a bond */

/** @type {Vector[]} */
export const INITIAL_ROTATION = rotate(
  rotate(
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    0.5,
    0,
  ),
  0,
  0.3,
);

/**
 * Rotate about the vertical and the horizontal axis of the screen.
 * @param {Vector[]} rotation rows of the matrix
 * @param {number} horizontal angle in radians
 * @param {number} vertical angle in radians
 * @returns {Vector[]}
 */
export function rotate([x, y, z], horizontal, vertical) {
  const combine = (one, other, angle) => [
    /** @type {Vector} */ (one.map((v, i) => v * Math.cos(angle) + other[i] * Math.sin(angle))),
    /** @type {Vector} */ (other.map((v, i) => v * Math.cos(angle) - one[i] * Math.sin(angle))),
  ];
  const [turnedX, turnedZ] = combine(x, z, horizontal);
  const [tiltedY, tiltedZ] = combine(y, turnedZ, vertical);
  return [turnedX, tiltedY, tiltedZ];
}

/** @param {Crystal} crystal */
export function edges({ lattice }) {
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
    translate([0, 0, 0], lattice, [bits & 1, (bits >> 1) & 1, (bits >> 2) & 1]),
  );
  return corners.flatMap((from, start) =>
    [1, 2, 4].filter((bit) => !(start & bit)).map((bit) => ({ from, to: corners[start | bit] })),
  );
}

/** @type {(one: Vector, other: Vector) => Vector} */
const middle = (one, other) =>
  /** @type {Vector} */ (one.map((value, axis) => (value + other[axis]) / 2));

const OFFSETS = [-1, 0, 1];
const NEIGHBOURS = OFFSETS.flatMap((i) => OFFSETS.flatMap((j) => OFFSETS.map((k) => [i, j, k])));
const TOLERANCE = 0.01; // angstrom

/**
 * Find the image of the second atom that a bond leads to. LOBSTER prints the translation of the
 * first atom; the distance shows whether it fits the structure, whose atoms may be outside the cell.
 * @param {Crystal} crystal
 * @param {any} bond as in the responses of the API
 * @returns {number[] | undefined} counts of the lattice vectors
 */
function imageOfBond({ atoms, lattice }, bond) {
  const a = atoms[bond.atom_a - 1].position;
  const b = atoms[bond.atom_b - 1].position;
  const printed = bond.translation.map((count) => -count);
  return [printed, ...NEIGHBOURS].find((counts) => {
    const image = translate(b, lattice, counts);
    const distance = Math.hypot(image[0] - a[0], image[1] - a[1], image[2] - a[2]);
    return Math.abs(distance - bond.distance) < TOLERANCE;
  });
}

/**
 * Split each bond into two halves that start at its atoms in the cell, so that a bond to a periodic
 * image leaves the cell on one side and enters it on the other.
 * @param {Crystal} crystal
 * @param {any[]} bonds as in the responses of the API
 * @returns {Segment[]}
 */
export function bondSegments(crystal, bonds) {
  const { atoms, lattice } = crystal;
  return bonds.flatMap((bond) => {
    const a = atoms[bond.atom_a - 1]?.position;
    const b = atoms[bond.atom_b - 1]?.position;
    const counts = a && b && imageOfBond(crystal, bond);
    if (!counts) return [];
    const imageOfB = translate(b, lattice, counts);
    const imageOfA = translate(
      a,
      lattice,
      counts.map((count) => -count),
    );
    return [
      { from: a, to: middle(a, imageOfB), bond },
      { from: b, to: middle(b, imageOfA), bond },
    ];
  });
}
