// @ts-check
// The structure of a sub-run: 3D view, lattice, density, coordinates, radial distribution.

import { coordinateTable, elementLegend } from "./atom_table.js";
import { cellView } from "./cell_view.js";
import { cellParameters, density, parseXyz, radialDistribution, volume } from "./crystal.js";
import { factList, h } from "./dom.js";
import { exportButtons, saveBlob } from "./export_data.js";
import { exportName, readText } from "./file_text.js";
import { lineChart } from "./line_chart.js";
import { seriesIndex } from "./series.js";

/** @typedef {import("./crystal.js").Crystal} Crystal */

const RANGE = { end: 6, step: 0.1 }; // angstrom

/**
 * Show the structure of a sub-run.
 * @param {HTMLElement} section
 * @param {import("./file_text.js").SubRun} subRun
 * @param {{names: Set<string>, onSelect: (bond: any) => void}} options `names` of the files;
 *   `onSelect` is called with the bond at which the user points
 */
export async function showCell(section, subRun, { names, onSelect }) {
  const name = `${subRun.nc}.xyz`;
  const title = h("h4", "Cell");
  if (!names.has(name)) {
    section.replaceChildren(title, h("p.hint", `This sub-run has no ${name}.`));
    return null;
  }
  section.replaceChildren(title, h("p.hint", "Loading the structure…"));
  try {
    const crystal = parseXyz(await readText(subRun, name));
    if (!crystal) {
      const text = `${name} is not an extended XYZ file with a lattice.`;
      section.replaceChildren(title, h("p.failure", text));
      return null;
    }
    return drawCell(section, title, crystal, { subRun, name, onSelect });
  } catch (error) {
    const { message } = error;
    section.replaceChildren(title, h("p.failure", message));
    return null;
  }
}

/**
 * @param {HTMLElement} section
 * @param {HTMLElement} title
 * @param {Crystal} crystal
 * @param {{subRun: import("./file_text.js").SubRun, name: string, onSelect: (bond: any) => void}} options
 */
function drawCell(section, title, crystal, { subRun, name, onSelect }) {
  const { nc } = subRun;
  const view = cellView(crystal, { seriesOf: (type) => seriesIndex(nc, type), onSelect });
  const readout = h("output", "");
  const slider = h("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "40",
    step: "1",
    "aria-label": "Weakest bond that is drawn, in percent of the strongest",
  });
  const threshold = h("div.slider", { hidden: true }, slider, readout);
  let strongest = 0;
  const update = () => {
    const weakest = (strongest * Number(slider.value)) / 100;
    readout.textContent = `bonds of at least ${weakest.toFixed(2)} eV`;
    slider.setAttribute("aria-valuetext", readout.textContent);
    view.setWeakest(weakest);
  };
  slider.addEventListener("input", update);
  const facts = h("div");
  section.replaceChildren(
    title,
    h(
      "div.cell-layout",
      h("div", view.node, threshold, pngButton(view.canvas, exportName(subRun))),
      h(
        "div",
        elementLegend(crystal),
        facts,
        coordinateTable(crystal),
        exportButtons(`${exportName(subRun)}_coordinates`, () => ({
          columns: ["atom", "element", "x_angstrom", "y_angstrom", "z_angstrom"],
          rows: crystal.atoms.map(({ element, position }, index) => [
            index + 1,
            element,
            ...position,
          ]),
        })),
      ),
    ),
    h("p.hint", `Positions and lattice from ${name}. Drag to rotate.`),
    distributionChart(crystal, subRun) ?? "",
  );
  const setMasses = (masses) => facts.replaceChildren(factList(latticeFacts(crystal, masses)));
  setMasses(new Map());
  return {
    setMasses,
    select: view.select,
    /** @param {any[]} bonds */
    setBonds(bonds) {
      strongest = bonds.reduce((max, { icohp }) => Math.max(max, icohp), 0);
      threshold.hidden = false;
      view.setBonds(bonds);
      update();
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} name
 */
const pngButton = (canvas, name) =>
  h(
    "button",
    {
      class: "subtle",
      onclick: () => canvas.toBlob((blob) => blob && saveBlob(`${name}.png`, blob)),
    },
    "Save the cell as PNG",
  );

/**
 * @param {Crystal} crystal
 * @param {Map<string, number>} masses
 * @returns {[string, string][]}
 */
function latticeFacts(crystal, masses) {
  const { lengths, angles } = cellParameters(crystal.lattice);
  const mass = density(crystal, masses);
  return [
    ["Atoms", String(crystal.atoms.length)],
    ["a, b, c", `${lengths.map((length) => length.toFixed(3)).join(", ")} Å`],
    ["α, β, γ", angles.map((angle) => `${angle.toFixed(2)}°`).join(", ")],
    ["Volume", `${volume(crystal.lattice).toFixed(2)} Å³`],
    [
      "Density",
      mass === null ? "unknown: no masses in the SCF output" : `${mass.toFixed(3)} g/cm³`,
    ],
  ];
}

/**
 * @param {Crystal} crystal
 * @param {import("./file_text.js").SubRun} subRun
 */
function distributionChart(crystal, subRun) {
  const { r, total, pairs } = radialDistribution(crystal, RANGE);
  const curves = [...pairs].map(([name, values]) => ({
    name,
    series: seriesIndex(subRun.nc, name),
    values,
  }));
  return lineChart({
    filename: `${exportName(subRun)}_radial_distribution`,
    title: "Radial distribution of all atoms",
    xLabel: "r (Å)",
    yLabel: "g(r)",
    x: r,
    curves: [{ name: "all atoms", series: 0, values: total, strong: true }],
    note: `Periodic images included, bins of ${RANGE.step} Å. The pairs of elements are in the table.`,
    tableOnly: curves,
  });
}
