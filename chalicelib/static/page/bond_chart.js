// Plot of -ICOHP against distance: one mark per bond, one series per bond type.

import { axis, frame, nearestPoint, onPointerMove, tooltip } from "./axes.js";
import { h, svg } from "./dom.js";
import { plotButtons, tableButtons } from "./export_data.js";
import { legendSwatch, markPath, seriesClass, seriesIndex } from "./series.js";

const MAX_POINTER_DISTANCE = 20; // in the coordinates of the plot

/**
 * Build the figure of the bonds of one cell.
 * @param {string} nc
 * @param {object[]} types the summaries of all bond types
 * @param {object[]} bonds at least one
 * @param {string} filename of exports, without suffix
 * @param {(bond: object | null) => void} [onSelect] called with the bond that is shown
 * @returns {{node: HTMLElement, select: (bond: object | null) => void}}
 */
export function bondChart(nc, types, bonds, filename, onSelect = () => {}) {
  const ordered = [...bonds].sort((one, other) => one.distance - other.distance);
  const distances = ordered.map((bond) => bond.distance);
  const minStrength = ordered.reduce((min, bond) => Math.min(min, bond.icohp), 0);
  const maxStrength = ordered.reduce((max, bond) => Math.max(max, bond.icohp), 0);
  const { node, toX, toY, box } = frame(
    axis("distance (Å)", distances[0], distances.at(-1), 8),
    axis("−ICOHP (eV)", minStrength, maxStrength),
  );
  const points = ordered.map((bond) => ({ bond, x: toX(bond.distance), y: toY(bond.icohp) }));
  const layers = types.map(({ bond_type: type }) => {
    const series = seriesIndex(nc, type);
    const ofType = points.filter((point) => point.bond.bond_type === type);
    const path = ofType.map((point) => markPath(series, point.x, point.y, 3)).join("");
    return svg("path", { class: `marks ${seriesClass(series)}`, d: path });
  });
  const tip = tooltip(box);
  const plot = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${box.width} ${box.height}`,
      role: "img",
      "aria-label": `−ICOHP against distance of ${bonds.length} bonds; the table below lists the values by bond type`,
    },
    node,
    layers,
    tip.node,
  );
  const hiddenTypes = new Set();
  const visiblePoints = () => points.filter((point) => !hiddenTypes.has(point.bond.bond_type));

  const slider = h("input", {
    type: "range",
    min: "0",
    max: String(points.length - 1),
    value: "0",
    step: "1",
    "aria-label": "Bond, ordered by distance",
  });
  const readout = h(
    "output",
    { class: "readout" },
    "Point at a mark or move the slider to show a bond.",
  );

  function showBond(point) {
    onSelect(point?.bond ?? null);
    if (!point) {
      tip.hide();
      return;
    }
    const { label_a: a, label_b: b, bond_type: type, distance, icohp } = point.bond;
    tip.show(point.x, point.y, [
      `${a}–${b} (${type})`,
      `${distance.toFixed(3)} Å, ${icohp.toFixed(3)} eV`.replace("-", "−"),
    ]);
    readout.textContent = `${a}–${b}, ${type}: ${distance.toFixed(5)} Å, −ICOHP ${icohp.toFixed(5).replace("-", "−")} eV`;
    slider.setAttribute("aria-valuetext", readout.textContent);
  }

  function showSliderBond() {
    const visible = visiblePoints();
    slider.max = String(Math.max(0, visible.length - 1));
    showBond(visible[Number(slider.value)]);
  }

  onPointerMove(plot, box, (position) => {
    if (!position) return;
    const visible = visiblePoints();
    const nearest = nearestPoint(visible, position, MAX_POINTER_DISTANCE);
    if (nearest) slider.value = String(visible.indexOf(nearest));
    showBond(nearest);
  });
  slider.addEventListener("input", showSliderBond);

  const toggleType = (index) => (event) => {
    layers[index].classList.toggle("off", !event.target.checked);
    if (event.target.checked) hiddenTypes.delete(types[index].bond_type);
    else hiddenTypes.add(types[index].bond_type);
    showSliderBond();
  };
  const figure = h(
    "figure",
    { class: "chart" },
    plot,
    h("div", { class: "slider" }, slider, readout),
    h(
      "div",
      { class: "exports" },
      plotButtons(filename, plot),
      tableButtons(filename, () => bondTable(bonds)),
    ),
    h("figcaption", {}, legend(nc, types, toggleType)),
  );
  return {
    node: figure,
    select(bond) {
      const visible = visiblePoints();
      const index = visible.findIndex((point) => point.bond === bond);
      if (index >= 0) slider.value = String(index);
      showBond(visible[index]);
    },
  };
}

const bondTable = (bonds) => ({
  columns: ["atom_a", "atom_b", "bond_type", "distance_angstrom", "minus_icohp_ev"],
  rows: bonds.map((bond) => [
    bond.label_a,
    bond.label_b,
    bond.bond_type,
    bond.distance,
    bond.icohp,
  ]),
});

function legend(nc, types, toggleType) {
  const rows = types.map((type, index) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "label",
          {},
          h("input", { type: "checkbox", checked: true, onchange: toggleType(index) }),
          legendSwatch(seriesIndex(nc, type.bond_type)),
          ` ${type.bond_type}`,
        ),
      ),
      h("td", { class: "number" }, String(type.bonds)),
      h("td", { class: "number" }, type.mean_distance.toFixed(3)),
      h("td", { class: "number" }, type.mean_icohp.toFixed(3).replace("-", "−")),
    ),
  );
  const head = ["Bond type", "Bonds", "Mean distance (Å)", "Mean −ICOHP (eV)"];
  return h(
    "table",
    { class: "legend" },
    h("caption", { class: "visually-hidden" }, "Bond types"),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((text, column) =>
          h("th", { scope: "col", class: column ? "number" : null }, text),
        ),
      ),
    ),
    h("tbody", {}, rows),
  );
}
