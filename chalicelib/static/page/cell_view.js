// @ts-check
// The cell in 3D on a canvas: atoms as discs and bonds as lines, sorted by depth.

import { addPointer, distanceToLine } from "./cell_pointer.js";
import { bondSegments, edges, INITIAL_ROTATION, rotate } from "./cell_projection.js";
import { h } from "./dom.js";
import { elementStyle } from "./elements.js";

const STEP = Math.PI / 18;
const ZOOM = 1.2;
const ATOM_SCALE = 0.36; // of the covalent radius
const MAX_PICK_DISTANCE = 8; // pixels

/** @typedef {import("./crystal.js").Vector} Vector */
/** @typedef {import("./crystal.js").Crystal} Crystal */

/**
 * Build a view of a cell, which is rotated with the pointer, the keyboard or buttons.
 * @param {Crystal} crystal
 * @param {{seriesOf: (bondType: string) => number, onSelect: (bond: any) => void}} options
 *   `onSelect` is called with the bond at which the user points
 */
export function cellView(crystal, { seriesOf, onSelect }) {
  const canvas = h("canvas.cell-view", {
    tabindex: "0",
    role: "img",
    "aria-label": `Cell with ${crystal.atoms.length} atoms in 3D. Arrow keys rotate it, + and − zoom, 0 resets. The table of coordinates lists the atoms.`,
  });
  const corners = edges(crystal).flatMap(({ from, to }) => [from, to]);
  const center = /** @type {Vector} */ (
    [0, 1, 2].map((axis) => corners.reduce((sum, at) => sum + at[axis], 0) / corners.length)
  );
  const extent =
    2 * Math.max(...corners.map((at) => Math.hypot(...at.map((value, i) => value - center[i]))));
  let view = { rotation: INITIAL_ROTATION, zoom: 1 };
  /** @type {{weakest: number, bonds: any[], selected: any}} */
  const state = { weakest: 0, bonds: [], selected: null };
  /** @type {import("./cell_projection.js").Segment[]} */
  let segments = [];
  let size = { width: 0, height: 0 };
  let frameRequest = 0;

  const scale = () => (view.zoom * 0.95 * Math.min(size.width, size.height)) / extent;
  /** @param {Vector} position */
  function project(position) {
    const relative = position.map((value, axis) => value - center[axis]);
    const [x, y, z] = view.rotation.map((row) =>
      row.reduce((sum, value, axis) => sum + value * relative[axis], 0),
    );
    return { x: size.width / 2 + x * scale(), y: size.height / 2 - y * scale(), z };
  }
  const shownSegments = () =>
    segments.filter(({ bond }) => bond.icohp >= state.weakest || bond === state.selected);

  function draw() {
    frameRequest = 0;
    const context = canvas.getContext("2d");
    if (!context || !size.width) return;
    const style = getComputedStyle(canvas);
    const ratio = canvas.width / size.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    context.lineCap = "round";
    const strongest = Math.max(...state.bonds.map(({ icohp }) => icohp), 0.001);
    const line = ({ from, to }, color, width) => {
      const [start, end] = [project(from), project(to)];
      return {
        z: (start.z + end.z) / 2,
        draw() {
          context.strokeStyle = color;
          context.lineWidth = width;
          context.beginPath();
          context.moveTo(start.x, start.y);
          context.lineTo(end.x, end.y);
          context.stroke();
        },
      };
    };
    const text = style.getPropertyValue("--text");
    // The depth of the nearest bond of an atom, which must not cover the symbol of the atom.
    const front = new Map();
    const shapes = [
      ...edges(crystal).map((edge) => line(edge, style.getPropertyValue("--muted"), 1)),
      ...shownSegments().map((segment) => {
        const { bond, from } = segment;
        const color = style.getPropertyValue(`--series-${seriesOf(bond.bond_type) % 6}`);
        const shape =
          bond === state.selected
            ? line(segment, text, 8)
            : line(segment, color, 1 + 5 * Math.max(0, bond.icohp / strongest));
        front.set(from, Math.max(front.get(from) ?? shape.z, shape.z));
        return shape;
      }),
      ...crystal.atoms.flatMap(({ element, position }, index) => {
        const { x, y, z } = project(position);
        const { color, radius } = elementStyle(element);
        const selected = [state.selected?.atom_a, state.selected?.atom_b].includes(index + 1);
        const pixels = radius * ATOM_SCALE * scale();
        const disc = () => {
          context.fillStyle = color;
          context.strokeStyle = selected ? text : "#333";
          context.lineWidth = selected ? 3 : 1;
          context.beginPath();
          context.arc(x, y, pixels, 0, 2 * Math.PI);
          context.fill();
          context.stroke();
        };
        const symbol = () => {
          context.font = `${Math.min(13, pixels)}px ${style.fontFamily}`;
          context.textAlign = "center";
          context.textBaseline = "middle";
          context.strokeStyle = color;
          context.lineWidth = 3;
          context.strokeText(element, x, y);
          context.fillStyle = "#111";
          context.fillText(element, x, y);
        };
        const nearest = Math.max(z, front.get(position) ?? z);
        return pixels < 9
          ? [{ z, draw: disc }]
          : [
              { z, draw: disc },
              { z: nearest, draw: symbol },
            ];
      }),
    ];
    for (const shape of shapes.sort((one, other) => one.z - other.z)) shape.draw();
  }
  const redraw = () => {
    if (!frameRequest) frameRequest = requestAnimationFrame(draw);
  };
  const turn = (horizontal, vertical) => {
    view.rotation = rotate(view.rotation, horizontal, vertical);
    redraw();
  };
  const zoom = (factor) => {
    view.zoom = Math.min(8, Math.max(0.5, view.zoom * factor));
    redraw();
  };
  const reset = () => {
    view = { rotation: INITIAL_ROTATION, zoom: 1 };
    redraw();
  };
  /** @type {[string, string, string[], () => void][]} */
  const controls = [
    ["Turn left", "←", ["ArrowLeft"], () => turn(-STEP, 0)],
    ["Turn right", "→", ["ArrowRight"], () => turn(STEP, 0)],
    ["Turn up", "↑", ["ArrowUp"], () => turn(0, STEP)],
    ["Turn down", "↓", ["ArrowDown"], () => turn(0, -STEP)],
    ["Zoom in", "+", ["+", "="], () => zoom(ZOOM)],
    ["Zoom out", "−", ["-"], () => zoom(1 / ZOOM)],
    ["Reset the view", "Reset", ["0"], reset],
  ];
  canvas.addEventListener("keydown", (event) => {
    const action = controls.find(([, , keys]) => keys.includes(event.key))?.[3];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  addPointer(canvas, turn, (x, y) => {
    let shortest = MAX_PICK_DISTANCE;
    let found = null;
    for (const { from, to, bond } of shownSegments()) {
      const distance = distanceToLine({ x, y }, project(from), project(to));
      if (distance < shortest) [shortest, found] = [distance, bond];
    }
    onSelect(found);
  });
  new ResizeObserver(([{ contentRect }]) => {
    size = { width: contentRect.width, height: contentRect.height };
    canvas.width = Math.round(size.width * devicePixelRatio);
    canvas.height = Math.round(size.height * devicePixelRatio);
    draw();
  }).observe(canvas);

  const buttons = controls.map(([label, text, , action]) =>
    h("button", { class: "subtle", "aria-label": label, onclick: action }, text),
  );
  return {
    node: h("div", canvas, h("div.cell-controls", buttons)),
    canvas,
    redraw,
    setBonds(bonds) {
      state.bonds = bonds;
      segments = bondSegments(crystal, bonds);
      redraw();
    },
    /** @param {number} weakest smallest -ICOHP of the bonds that are drawn, in eV */
    setWeakest(weakest) {
      state.weakest = weakest;
      redraw();
    },
    select(bond) {
      state.selected = bond;
      redraw();
    },
  };
}
