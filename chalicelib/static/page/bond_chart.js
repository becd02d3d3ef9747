// @ts-check
// Plot of -ICOHP against distance: one mark per bond, one series per bond type.

import { axis, frame } from "./axes.js";
import { chartFigure } from "./chart_figure.js";
import { h, svg } from "./dom.js";
import { formatNumber } from "./labels.js";
import { onPointAt, tooltip } from "./plot_pointer.js";
import { legendSwatch, markPath, seriesClass, seriesIndex } from "./series.js";
import { htmlTable } from "./tables.js";

const MAX_POINTER_DISTANCE = 20; // in the coordinates of the plot

/**
 * Build an empty plot of bonds.
 * @param {string} description for screen readers
 * @param {any[]} bonds at least one
 */
export const bondFrame = (description, bonds) =>
  frame(
    `−ICOHP against distance of ${description}`,
    axis(
      "distance (Å)",
      bonds.map((bond) => bond.distance),
      8,
    ),
    axis("−ICOHP (eV)", [0, ...bonds.map((bond) => bond.icohp)]),
  );

/**
 * Build the figure of the bonds of one cell.
 * @param {string} nc
 * @param {any[]} types the summaries of all bond types
 * @param {any[]} bonds at least one
 * @param {string} filename of exports, without suffix
 * @param {(bond: any) => void} onSelect called with the bond that is shown, or null
 * @returns {{node: HTMLElement, select: (bond: any) => void}}
 */
export function bondChart(nc, types, bonds, filename, onSelect) {
  const ordered = [...bonds].sort((one, other) => one.distance - other.distance);
  const { plot, toX, toY, box } = bondFrame(
    `${bonds.length} bonds; the table below lists the values by bond type`,
    bonds,
  );
  const points = ordered.map((bond) => ({ bond, x: toX(bond.distance), y: toY(bond.icohp) }));
  const layers = types.map(({ bond_type: type }) => {
    const series = seriesIndex(nc, type);
    const ofType = points.filter((point) => point.bond.bond_type === type);
    const path = ofType.map((point) => markPath(series, point.x, point.y, 3)).join("");
    return svg("path", { class: `marks ${seriesClass(series)}`, d: path });
  });
  const tip = tooltip(box);
  plot.append(...layers, tip.node);
  const hiddenTypes = new Set();
  const visiblePoints = () => points.filter((point) => !hiddenTypes.has(point.bond.bond_type));

  const slider = h("input", {
    type: "range",
    min: "0",
    max: String(points.length - 1),
    value: "0",
    "aria-label": "Bond, ordered by distance",
    oninput: showSliderBond,
  });
  const readout = h("output.readout", "Point at a mark or move the slider to show a bond.");

  function showBond(point) {
    onSelect(point?.bond ?? null);
    if (!point) {
      tip.hide();
      return;
    }
    const { label_a: a, label_b: b, bond_type: type, distance, icohp } = point.bond;
    tip.show(point.x, point.y, [
      `${a}–${b} (${type})`,
      `${distance.toFixed(3)} Å, ${formatNumber(icohp, 3)} eV`,
    ]);
    readout.textContent = `${a}–${b}, ${type}: ${distance.toFixed(5)} Å, −ICOHP ${formatNumber(icohp, 5)} eV`;
    slider.setAttribute("aria-valuetext", readout.textContent);
  }

  function showSliderBond() {
    const visible = visiblePoints();
    slider.max = String(Math.max(0, visible.length - 1));
    showBond(visible[Number(slider.value)]);
  }

  onPointAt(plot, box, MAX_POINTER_DISTANCE, visiblePoints, (nearest) => {
    if (nearest) slider.value = String(visiblePoints().indexOf(nearest));
    showBond(nearest);
  });

  const toggleType = (index) => (event) => {
    layers[index].classList.toggle("off", !event.target.checked);
    if (event.target.checked) hiddenTypes.delete(types[index].bond_type);
    else hiddenTypes.add(types[index].bond_type);
    showSliderBond();
  };
  const legend = htmlTable(
    "Bond types",
    ["Bond type", "Bonds", "Mean distance (Å)", "Mean −ICOHP (eV)"],
    types.map((type, index) => [
      h(
        "label",
        h("input", { type: "checkbox", checked: true, onchange: toggleType(index) }),
        legendSwatch(seriesIndex(nc, type.bond_type)),
        ` ${type.bond_type}`,
      ),
      type.bonds,
      formatNumber(type.mean_distance, 3),
      formatNumber(type.mean_icohp, 3),
    ]),
  );
  const getTable = () => ({
    columns: ["atom_a", "atom_b", "bond_type", "distance_angstrom", "minus_icohp_ev"],
    rows: bonds.map((one) => [one.label_a, one.label_b, one.bond_type, one.distance, one.icohp]),
  });
  return {
    node: chartFigure({ plot, filename, getTable }, h("div.slider", slider, readout), legend),
    select(bond) {
      const visible = visiblePoints();
      const index = visible.findIndex((point) => point.bond === bond);
      if (index >= 0) slider.value = String(index);
      showBond(visible[index]);
    },
  };
}
