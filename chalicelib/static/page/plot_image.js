// @ts-check
// Images of SVG plots. The stylesheet is resolved, so that the images do not need it. The content
// security policy allows no images from blobs, so a PNG is drawn shape by shape.

import { svg } from "./dom.js";

const SCALE = 2;
const PROPERTIES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "font-size",
  "font-family",
  "font-weight",
  "text-anchor",
];

/** @param {SVGElement} element */
const isVisible = (element) => {
  const style = getComputedStyle(element);
  return style.display !== "none" && style.visibility !== "hidden";
};

/**
 * @param {SVGSVGElement} plot
 * @returns {string} a standalone SVG document
 */
export function plotToSvg(plot) {
  const { width, height } = plot.viewBox.baseVal;
  const copy = /** @type {SVGSVGElement} */ (copyWithStyle(plot));
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.prepend(svg("rect", { width, height, fill: backgroundColor() }));
  return new XMLSerializer().serializeToString(copy);
}

/** @param {SVGElement} element */
function copyWithStyle(element) {
  const copy = /** @type {SVGElement} */ (element.cloneNode(false));
  const style = getComputedStyle(element);
  for (const name of PROPERTIES) copy.setAttribute(name, style.getPropertyValue(name));
  copy.removeAttribute("class");
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) copy.append(child.cloneNode());
    else if (child instanceof SVGElement && isVisible(child)) copy.append(copyWithStyle(child));
  }
  return copy;
}

const backgroundColor = () => getComputedStyle(document.body).backgroundColor;

/**
 * @param {SVGSVGElement} plot of lines, rectangles, circles, paths and texts
 * @returns {Promise<Blob>}
 */
export async function plotToPng(plot) {
  const { width, height } = plot.viewBox.baseVal;
  const canvas = document.createElement("canvas");
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = backgroundColor();
  context.fillRect(0, 0, canvas.width, canvas.height);
  const toViewBox = /** @type {DOMMatrix} */ (plot.getCTM()).inverse();
  drawChildren(context, plot, toViewBox);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The image is too large."))));
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {SVGElement} parent
 * @param {DOMMatrix} toViewBox
 */
function drawChildren(context, parent, toViewBox) {
  for (const child of parent.children) {
    if (!(child instanceof SVGGraphicsElement) || !isVisible(child)) continue;
    if (child instanceof SVGGElement) drawChildren(context, child, toViewBox);
    else draw(context, child, toViewBox);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {SVGGraphicsElement} element
 * @param {DOMMatrix} toViewBox
 */
function draw(context, element, toViewBox) {
  const style = getComputedStyle(element);
  const matrix = toViewBox.multiply(/** @type {DOMMatrix} */ (element.getCTM()));
  context.setTransform(new DOMMatrix().scale(SCALE).multiply(matrix));
  context.fillStyle = style.fill === "none" ? "transparent" : style.fill;
  context.strokeStyle = style.stroke === "none" ? "transparent" : style.stroke;
  context.lineWidth = Number.parseFloat(style.strokeWidth);
  context.setLineDash(
    style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(Number.parseFloat),
  );
  if (element instanceof SVGTextElement) {
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.textAlign =
      style.textAnchor === "middle" ? "center" : style.textAnchor === "end" ? "right" : "left";
    const [x, y] = ["x", "y"].map((name) => Number(element.getAttribute(name) ?? 0));
    context.fillText(element.textContent ?? "", x, y);
    return;
  }
  const shape = outline(element);
  context.globalAlpha = Number(style.fillOpacity);
  context.fill(shape);
  context.globalAlpha = Number(style.strokeOpacity);
  context.stroke(shape);
  context.globalAlpha = 1;
}

/** @param {SVGGraphicsElement} element */
function outline(element) {
  const number = (name) => Number(element.getAttribute(name) ?? 0);
  const shape = new Path2D(element.getAttribute("d") ?? "");
  if (element instanceof SVGLineElement) {
    shape.moveTo(number("x1"), number("y1"));
    shape.lineTo(number("x2"), number("y2"));
  } else if (element instanceof SVGRectElement) {
    shape.rect(number("x"), number("y"), number("width"), number("height"));
  } else if (element instanceof SVGCircleElement) {
    shape.arc(number("cx"), number("cy"), number("r"), 0, 2 * Math.PI);
  }
  return shape;
}
