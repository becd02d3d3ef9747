// -ICOHP against distance, a mark for each bond, by bond type.

import { axis, follow, frame, mark, reading, sample, seriesClass, seriesOf } from "./axes.js";
import { h, s } from "./dom.js";

const REACH = 20; // how far from a mark, in the plot's units, the pointer still means it

// A figure of the `bonds` of a cell of `nc`; `types` are the summaries of all bond types.
export function bondChart(nc, types, bonds) {
  if (!bonds.length) return h("p", { class: "hint" }, "ICOHPLIST.lobster holds no bond.");
  const ordered = [...bonds].sort((one, other) => one.distance - other.distance);
  const distances = ordered.map((bond) => bond.distance);
  const strengths = ordered.map((bond) => bond.icohp);
  const { node, toX, toY, box } = frame(
    axis("distance (Å)", distances[0], distances.at(-1), 8),
    axis("−ICOHP (eV)", strengths.reduce((least, next) => Math.min(least, next), 0), strengths.reduce((most, next) => Math.max(most, next), 0)),
  );
  const points = ordered.map((bond) => ({ bond, x: toX(bond.distance), y: toY(bond.icohp) }));
  const layers = types.map(({ bond_type: type }) => {
    const series = seriesOf(nc, type);
    const own = points.filter((point) => point.bond.bond_type === type);
    return s("path", { class: `marks ${seriesClass(series)}`, d: own.map((point) => mark(series, point.x, point.y, 3)).join("") });
  });
  const tip = reading(box);
  const svg = s("svg", {
    class: "plot", viewBox: `0 0 ${box.width} ${box.height}`, role: "img",
    "aria-label": `−ICOHP against distance of ${bonds.length} bonds; the values by bond type stand in the table that follows`,
  }, node, layers, tip.node);
  const hidden = new Set();
  const visible = () => points.filter((point) => !hidden.has(point.bond.bond_type));

  const slider = h("input", { type: "range", min: "0", max: String(points.length - 1), value: "0", step: "1", "aria-label": "Bond, by distance" });
  const said = h("output", { class: "said" }, "Point at a mark, or move the slider, to read a bond.");

  function read(point) {
    if (!point) {
      tip.hide();
      return;
    }
    const { label_a: a, label_b: b, bond_type: type, distance, icohp } = point.bond;
    tip.show(point.x, point.y, [`${a}–${b} (${type})`, `${distance.toFixed(3)} Å, ${icohp.toFixed(3)} eV`.replace("-", "−")]);
    said.textContent = `${a}–${b}, ${type}: ${distance.toFixed(5)} Å, −ICOHP ${icohp.toFixed(5).replace("-", "−")} eV`;
    slider.setAttribute("aria-valuetext", said.textContent);
  }

  function slide() {
    const shown = visible();
    slider.max = String(Math.max(0, shown.length - 1));
    read(shown[Number(slider.value)]);
  }

  follow(svg, box, (at) => {
    if (!at) return;
    const near = visible().map((point, number) => ({ point, number, away: Math.hypot(point.x - at.x, point.y - at.y) }))
      .reduce((best, next) => (next.away < best.away ? next : best), { away: REACH });
    if (near.point) slider.value = String(near.number);
    read(near.point);
  });
  slider.addEventListener("input", slide);

  const toggle = (number) => (event) => {
    layers[number].classList.toggle("off", !event.target.checked);
    if (event.target.checked) hidden.delete(types[number].bond_type);
    else hidden.add(types[number].bond_type);
    slide();
  };
  return h("figure", { class: "chart" }, svg,
    h("div", { class: "scrub" }, slider, said),
    h("figcaption", {}, legend(nc, types, toggle)));
}

function legend(nc, types, toggle) {
  const rows = types.map((type, number) => h("tr", {},
    h("th", { scope: "row" }, h("label", {}, h("input", { type: "checkbox", checked: true, onchange: toggle(number) }), sample(seriesOf(nc, type.bond_type)), ` ${type.bond_type}`)),
    h("td", { class: "number" }, String(type.bonds)),
    h("td", { class: "number" }, type.mean_distance.toFixed(3)),
    h("td", { class: "number" }, type.mean_icohp.toFixed(3).replace("-", "−")),
  ));
  const head = ["Bond type", "Bonds", "Mean distance (Å)", "Mean −ICOHP (eV)"];
  return h("table", { class: "legend" }, h("caption", { class: "unseen" }, "Bond types"),
    h("thead", {}, h("tr", {}, head.map((text, column) => h("th", { scope: "col", class: column ? "number" : null }, text)))), h("tbody", {}, rows));
}
