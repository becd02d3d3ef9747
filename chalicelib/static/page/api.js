// @ts-check
// HTTP requests to the API, with the token of this browser tab if one is set.

export const ROOT = new URL("../../", import.meta.url);
const TOKEN = "dataops.token";
const MAX_ATTEMPTS = 4;

let pendingDialog = null;
let openTokenDialog = async () => null;

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN)),
  // `open` shows a dialog and resolves to a token, or to null if it was cancelled.
  setDialog: (open) => {
    openTokenDialog = open;
  },
};

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const segments = (...parts) => parts.map(encodeURIComponent).join("/");

/** @param {Record<string, any>} parameters those without a value are left out */
function withQuery(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return query.size ? `${path}?${query}` : path;
}

export const paths = {
  compositions: "v1/compositions",
  summary: "v1/summary",
  /** @param {Record<string, any>} filters */
  subRuns: (filters) => withQuery("v1/sub-runs", filters),
  datasets: (...parts) => ["v1/datasets", ...parts.map(encodeURIComponent)].join("/"),
  whoami: "v1/whoami",
  datasetInfo: "v1/dataset-info",
  schedule: (nc) => `v1/generate/${segments(nc)}`,
  run: (run, resource) => `v1/generate/${segments(run.nc, run.idRun)}/${resource}`,
  subRun: (subRun, resource) =>
    `v1/generate/${segments(subRun.nc, subRun.idRun, subRun.subRun)}/${resource}`,
  bonds: (subRun, limit, cursor) => withQuery(paths.subRun(subRun, "bonds"), { limit, cursor }),
  file: (subRun, name) => paths.subRun(subRun, `files/${segments(name)}`),
  runsPage: (nc, limit, cursor) => withQuery("v1/generate/available", { nc, limit, cursor }),
};

export const absoluteUrl = (path) => new URL(path, ROOT).href;

/**
 * @param {string} path
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<{json: any, response: Response}>} the decoded body, and the response for its
 *   status and headers
 */
export const get = (path, { signal } = {}) => request(path, { signal });

/**
 * Load all pages of a list.
 * @param {string} path without a query
 * @param {string} key of the entries in a page
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<any[]>}
 */
export async function getAll(path, key, options) {
  const entries = [];
  for (let cursor; ; ) {
    const { json } = await get(withQuery(path, { cursor }), options);
    entries.push(...json[key]);
    cursor = json.next_cursor;
    if (!cursor) return entries;
  }
}

/**
 * @param {string} path
 * @returns {Promise<string>}
 */
export const getText = async (path) =>
  (await request(path, {}, (response) => response.text())).json;

/** Return a new idempotency key. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/**
 * Send a POST with an idempotency key, which makes the retries of `request` safe.
 * @param {string} path
 * @param {object} [body]
 * @param {{key?: string, signal?: AbortSignal}} [options] a new key by default
 * @returns {Promise<{json: any, response: Response}>}
 */
export function post(path, body = {}, { key = newKey(), signal } = {}) {
  const headers = { "Idempotency-Key": key, "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function request(path, options, decode = (response) => response.json()) {
  for (let attempt = 1; ; attempt += 1) {
    const sentToken = token.get();
    const response = await send(path, options, sentToken);
    const json = await (response.ok ? decode(response) : response.json()).catch(() => null);
    if (response.ok && json !== null) return { json, response };
    if (attempt < MAX_ATTEMPTS) {
      if (response.status === 401 && (await obtainToken(sentToken))) continue;
      if (response.status === 503 || json?.code === "idempotency_key_in_flight") {
        await sleep(retryAfterSeconds(response), options.signal);
        continue;
      }
    }
    throw toApiError(response, json);
  }
}

async function send(path, options, sentToken) {
  const headers = { Accept: "application/json", ...options.headers };
  if (sentToken) headers.Authorization = `Bearer ${sentToken}`;
  try {
    return await fetch(absoluteUrl(path), { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "unreachable",
      "The service does not respond. Check that it is running and that you are online.",
    );
  }
}

function toApiError(response, json) {
  const detail = json?.detail ?? json?.message ?? json?.Message ?? response.statusText;
  if (response.status === 401) {
    const reason = token.get()
      ? "The token is unknown, revoked or expired."
      : "A token is required.";
    return new ApiError(401, "invalid_token", `${reason} Choose “Token…” above.`);
  }
  if (response.status === 403)
    return new ApiError(403, "forbidden", `The token does not allow this: ${detail}.`);
  const requestId =
    response.status >= 500 && json?.request_id ? ` (request ${json.request_id})` : "";
  const message = detail || `The service returned status ${response.status}`;
  return new ApiError(response.status, json?.code ?? "error", `${message}${requestId}`);
}

// Return true if a token other than the refused one is set. A request that was sent before the user
// entered the token may fail after that; it is repeated without another dialog.
async function obtainToken(refused) {
  if (token.get() && token.get() !== refused) return true;
  pendingDialog ??= openTokenDialog().finally(() => {
    pendingDialog = null;
  });
  return Boolean(await pendingDialog);
}

/**
 * @param {Response} response
 * @returns {number} the delay of `Retry-After`, limited to 1-30 s
 */
export const retryAfterSeconds = (response) =>
  Math.min(30, Math.max(1, Number(response.headers.get("Retry-After")) || 1));

/**
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>} rejects with AbortError if `signal` is aborted
 */
export function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer);
      reject(new DOMException("cancelled", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
