// Elements are made of nodes and text, never of markup: whatever a name holds is shown as it is spelled.

const SVG = "http://www.w3.org/2000/svg";

// An element with attributes (on…: listeners; true: present; null and false: absent) and children (nodes, text, lists; null: none).
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

// Tell those who do not see the page what changed on it.
export function announce(text) {
  byId("announcer").textContent = text;
}

// A button that is disabled while what it does goes on, keeps the focus, and shows a failure beside itself.
export function actionButton(label, action, attributes = {}) {
  const note = h("span", { class: "note", role: "status" });
  const button = h("button", {
    type: "button",
    ...attributes,
    onclick: async () => {
      if (button.getAttribute("aria-disabled") === "true") return;
      button.setAttribute("aria-disabled", "true");
      note.className = "note";
      note.textContent = "";
      try {
        await action((text) => { note.textContent = text; });
      } catch (error) {
        note.className = "note failure";
        note.textContent = error.message;
      } finally {
        button.setAttribute("aria-disabled", "false");
      }
    },
  }, label);
  return h("span", { class: "action" }, button, note);
}
