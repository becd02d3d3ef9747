// The API, asked with the reader's token where there is one.

export const ROOT = new URL("../../", import.meta.url);
const TOKEN = "dataops.token";
const TRIES = 4;

let asking = null;
let ask = async () => null;

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN)),
  // `dialog` resolves to a token, or to null where there is none to be had.
  askWith: (dialog) => { ask = dialog; },
};

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const segments = (...parts) => parts.map(encodeURIComponent).join("/");

export const paths = {
  compositions: "v1/compositions",
  datasetInfo: "v1/dataset-info",
  schedule: (nc) => `v1/generate/${segments(nc)}`,
  run: (run, what) => `v1/generate/${segments(run.nc, run.idRun)}/${what}`,
  subRun: (subRun, what) => `v1/generate/${segments(subRun.nc, subRun.idRun, subRun.subRun)}/${what}`,
  file: (subRun, name) => paths.subRun(subRun, `files/${segments(name)}`),
  page: (nc, limit, cursor) => `v1/generate/available?${new URLSearchParams({ nc, limit, ...(cursor && { cursor }) })}`,
};

export const address = (path) => new URL(path, ROOT).href;

// The JSON of an answer; `answer` besides, for its status and headers.
export async function get(path, { signal } = {}) {
  return request(path, { signal });
}

export async function post(path, body) {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = { "Idempotency-Key": key, "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
}

async function request(path, options) {
  for (let tries = 1; ; tries += 1) {
    const sent = token.get();
    const answer = await answerTo(path, options, sent);
    const json = await answer.json().catch(() => null);
    if (answer.ok && json !== null) return { json, answer };
    if (answer.status === 401 && tries < TRIES && (await newToken(sent))) continue;
    // The key, or a GET, makes it safe to ask once more.
    if ((answer.status === 503 || json?.code === "idempotency_key_in_flight") && tries < TRIES) {
      await pause(retryAfter(answer), options.signal);
      continue;
    }
    throw problem(answer, json);
  }
}

async function answerTo(path, options, sent) {
  const headers = { Accept: "application/json", ...options.headers };
  if (sent) headers.Authorization = `Bearer ${sent}`;
  try {
    return await fetch(address(path), { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The service does not answer: is it running, and is there a network?");
  }
}

function problem(answer, json) {
  const detail = json?.detail ?? json?.message ?? json?.Message ?? answer.statusText;
  if (answer.status === 401) return new ApiError(401, "unauthorised", "This needs a token: press “Token…” above.");
  if (answer.status === 403) return new ApiError(403, "forbidden", `The token does not allow this (${detail}).`);
  const request = answer.status >= 500 && json?.request_id ? ` (request ${json.request_id})` : "";
  return new ApiError(answer.status, json?.code ?? "error", `${detail || `The service answered ${answer.status}`}${request}`);
}

// Whether there is another token than the one that was refused. A request may have been sent before the reader entered one.
async function newToken(refused) {
  if (token.get() && token.get() !== refused) return true;
  asking ??= ask().finally(() => { asking = null; });
  return Boolean(await asking);
}

export const retryAfter = (answer) => Math.min(30, Math.max(1, Number(answer.headers.get("Retry-After")) || 1));

export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
