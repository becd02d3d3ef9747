// @ts-check
// The pointer on the 3D view: drags and clicks.

const DRAG_DISTANCE = 4; // pixels
const PIXELS_PER_RADIAN = 120;

/**
 * Turn the view by dragging, and report clicks in the coordinates of the canvas.
 * @param {HTMLElement} canvas
 * @param {(horizontal: number, vertical: number) => void} turn
 * @param {(x: number, y: number) => void} onClick
 */
export function addPointer(canvas, turn, onClick) {
  /** @type {{x: number, y: number, moved: boolean} | null} */
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    last = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const [x, y] = [event.clientX - last.x, event.clientY - last.y];
    if (!last.moved && Math.hypot(x, y) < DRAG_DISTANCE) return;
    turn(x / PIXELS_PER_RADIAN, -y / PIXELS_PER_RADIAN);
    last = { x: event.clientX, y: event.clientY, moved: true };
  });
  canvas.addEventListener("pointerup", (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    if (last && !last.moved) onClick(event.clientX - left, event.clientY - top);
    last = null;
  });
  canvas.addEventListener("pointercancel", () => {
    last = null;
  });
}

/** @typedef {{x: number, y: number}} Point */
/**
 * Return the distance of a point to the line from `from` to `to`.
 * @type {(at: Point, from: Point, to: Point) => number}
 */
export function distanceToLine(at, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = ((at.x - from.x) * dx + (at.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - from.x - part * dx, at.y - from.y - part * dy);
}
