// DOM construction. Elements are built from nodes and text, never from markup, so that names in the
// data are shown as text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Build an HTML element.
 * @param {string} tag
 * @param {Record<string, any> | null} attributes on…: listeners; true: present; null, false: absent
 * @param {...any} children nodes, texts and nested lists; null and false are ignored
 */
export const h = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** Build an SVG element; the parameters are those of `h`. */
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/**
 * @param {string} id of an element of index.html
 * @returns {HTMLElement}
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Build a list of names and values.
 * @param {[string, string][]} facts
 */
export const factList = (facts) =>
  h(
    "dl",
    { class: "facts-list" },
    facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );

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
