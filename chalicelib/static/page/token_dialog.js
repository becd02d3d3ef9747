// @ts-check
// The dialog for the token, and its button, which is hidden if the service requires no token.

import { get, paths, token } from "./api.js";
import { byId } from "./dom.js";

/**
 * Connect the dialog with the requests and the button.
 * @param {() => void} onChange called after the user has entered or removed the token
 */
export function setUpTokenDialog(onChange) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("token-dialog"));
  const field = /** @type {HTMLInputElement} */ (byId("token"));
  let settle = (_text) => {};
  const open = () =>
    new Promise((resolve) => {
      settle = resolve;
      field.value = "";
      dialog.returnValue = "";
      byId("token-button").hidden = false;
      dialog.showModal();
    });
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    token.set(field.value.trim());
    dialog.close(field.value.trim());
  });
  byId("token-remove").addEventListener("click", () => {
    token.set(null);
    dialog.close("");
  });
  byId("token-cancel").addEventListener("click", () => dialog.close(""));
  dialog.addEventListener("close", () => {
    field.value = "";
    settle(dialog.returnValue || null);
  });
  byId("token-button").addEventListener("click", async () => {
    if (await open()) onChange();
  });
  token.setDialog(open);
}

/** Show the button if the service requires tokens, or if this tab has one. */
export async function showTokenButton() {
  const button = byId("token-button");
  button.hidden = !token.get() && button.hidden;
  try {
    const { json } = await get(paths.whoami);
    if (json.auth === "token") button.hidden = false;
  } catch {
    // The view shows why the service does not respond.
  }
}
