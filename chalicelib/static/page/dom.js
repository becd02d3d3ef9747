// @ts-check
// DOM construction. Elements are built from nodes and text, never from markup, so that names in the
// data are shown as text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {string} T
 * @typedef {T extends `${infer Name}.${string}` ? ElementOf<Name>
 *   : T extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[T] : HTMLElement} ElementOf
 */

/**
 * Build an HTML element.
 * @template {string} T
 * @param {T} tag with class names, such as "p.hint"
 * @param {...any} parts attributes first, if there are any (on…: listeners; true: present; null,
 *   false: absent), then children: nodes, texts and nested lists; null and false are ignored
 * @returns {ElementOf<T>}
 */
export const h = (tag, ...parts) =>
  /** @type {ElementOf<T>} */ (fill((name) => document.createElement(name), tag, parts));

/**
 * Build an SVG element; the parameters are those of `h`.
 * @param {string} tag
 * @param {...any} parts
 * @returns {SVGSVGElement}
 */
export const svg = (tag, ...parts) =>
  /** @type {SVGSVGElement} */ (fill((name) => document.createElementNS(SVG, name), tag, parts));

function fill(create, tag, parts) {
  const [name, ...classes] = tag.split(".");
  const element = create(name);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  if (parts[0]?.constructor === Object)
    for (const [key, value] of Object.entries(parts.shift())) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value === true) element.setAttribute(key, "");
      else if (value !== false && value != null) element.setAttribute(key, value);
    }
  element.append(...parts.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/**
 * @param {string} id of an element of index.html
 * @returns {HTMLElement}
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Build a list of names and values. Missing values are left out.
 * @param {any[][]} facts
 */
export const factList = (facts) =>
  h(
    "dl.facts-list",
    facts.map(([name, value]) => value && h("div", h("dt", name), h("dd", value))),
  );

let startAddress = "#/";

/** Keep the address of the filtered start page, to which the other views lead back. */
export const saveStartAddress = (address) => {
  startAddress = address;
};

/**
 * Build the link to the view above this one.
 * @param {string} [href]
 * @param {string} [text]
 */
export const backLink = (href = startAddress, text = "All compositions") =>
  h("p.back", h("a", { href }, `‹ ${text}`));

/**
 * Build a labelled choice.
 * @param {string} id
 * @param {string} label
 * @param {(string | string[])[]} options values, or pairs of value and text
 * @param {(value: string) => void} onChange
 * @param {string} [chosen]
 */
export function choice(id, label, options, onChange, chosen) {
  const select = h(
    "select",
    { id, onchange: () => onChange(select.value) },
    options.flatMap((option) => {
      const [value, text = value] = [option].flat();
      return h("option", { value }, text);
    }),
  );
  if (chosen !== undefined) select.value = chosen;
  return { node: h("div", h("label", { for: id }, label), " ", select), select };
}

/**
 * Show an error in place of the content of a node, unless it is an abort.
 * @param {HTMLElement} node
 * @param {Error} error
 */
export function showError(node, { name, message }) {
  if (name !== "AbortError") node.replaceChildren(h("p.failure", message));
}

/** Announce a change of the page to screen readers. */
export function announce(text) {
  byId("announcer").textContent = text;
}

/**
 * Build a button that is disabled, but keeps the focus, while `action` runs. Errors are shown next
 * to it.
 * @param {string} label
 * @param {() => Promise<void> | void} action
 * @param {Record<string, any>} [attributes]
 */
export function actionButton(label, action, attributes = {}) {
  const note = h("span", { class: "note", role: "status" });
  const button = h(
    "button",
    {
      type: "button",
      ...attributes,
      onclick: async () => {
        if (button.getAttribute("aria-disabled") === "true") return;
        button.setAttribute("aria-disabled", "true");
        note.className = "note";
        note.textContent = "";
        try {
          await action();
        } catch (error) {
          note.className = "note failure";
          note.textContent = error.message;
        } finally {
          button.setAttribute("aria-disabled", "false");
        }
      },
    },
    label,
  );
  return h("span", { class: "action" }, button, note);
}
