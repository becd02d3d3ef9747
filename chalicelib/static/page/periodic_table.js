// @ts-check
// A small periodic table whose elements can be switched on and off.

import { h } from "./dom.js";

// The rows of the table; a number is a gap of that many columns.
const ROWS = [
  "H 16 He",
  "Li Be 10 B C N O F Ne",
  "Na Mg 10 Al Si P S Cl Ar",
  "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
  "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
  "Cs Ba La Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
  "Fr Ra Ac Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
  "3 Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
  "3 Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr",
];

/**
 * @param {(element: string) => void} onToggle
 * @returns {{node: HTMLElement, update: (counts: Map<string, number>, chosen: string[]) => void}}
 *   `update` makes buttons of the elements in `counts`, the numbers of compositions with them
 */
export function periodicTable(onToggle) {
  const node = h("div.elements", { role: "group", "aria-label": "Elements" });
  /** @type {Map<string, HTMLElement>} */
  const buttons = new Map();

  /** @param {Map<string, number>} counts */
  function draw(counts) {
    buttons.clear();
    node.replaceChildren();
    for (const [rowIndex, row] of ROWS.entries()) {
      let column = 1;
      for (const entry of row.split(" ")) {
        const gap = Number(entry);
        if (gap) {
          column += gap;
          continue;
        }
        const cell = counts.has(entry)
          ? h("button", { onclick: () => onToggle(entry) }, entry)
          : h("span", { "aria-hidden": "true" }, entry);
        if (counts.has(entry)) buttons.set(entry, cell);
        cell.style.gridArea = `${rowIndex + 1} / ${column}`;
        node.append(cell);
        column += 1;
      }
    }
  }

  let drawn = "";
  return {
    node,
    update(counts, chosen) {
      const names = [...counts.keys()].sort().join();
      if (names !== drawn) draw(counts);
      drawn = names;
      for (const [element, button] of buttons) {
        button.setAttribute("aria-pressed", String(chosen.includes(element)));
        button.title = `${counts.get(element)} compositions contain ${element}`;
      }
    },
  };
}
