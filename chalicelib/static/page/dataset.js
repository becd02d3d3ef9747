// The description of the data set: a banner if the data are synthetic; name, licence and citation below the compositions.

import { get, paths } from "./api.js";
import { byId, h } from "./dom.js";

const DOI = /^(?:https:\/\/doi\.org\/|doi:)?(10\.\d{4,9}\/\S+)$/;
const SPDX = /^[A-Za-z0-9.+-]+$/;

export async function showDataset() {
  let info;
  try {
    info = (await get(paths.datasetInfo)).json;
  } catch {
    return; // the compositions report what is wrong
  }
  byId("banner").replaceChildren(...(info.synthetic
    ? [h("p", {}, h("strong", {}, "Synthetic data:"), " made up by a program. Do not train on it, publish it or compare with it.")]
    : []));
  const facts = [
    ["Data set", info.name],
    ["Licence", info.license && (SPDX.test(info.license) ? away(`https://spdx.org/licenses/${info.license}`, info.license) : info.license)],
    ["Cite as", info.citation && citation(info.citation)],
  ].filter(([, value]) => value);
  byId("dataset").replaceChildren(...(facts.length ? [h("dl", {}, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))] : []));
}

function citation(text) {
  const doi = text.match(DOI)?.[1];
  return doi ? away(`https://doi.org/${doi}`, `doi:${doi}`) : text;
}

const away = (href, text) => h("a", { href, rel: "noreferrer" }, text);
