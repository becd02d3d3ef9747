// @ts-check
// Advisories of versions of datasets: badges and banners.

import { h } from "./dom.js";
import { routes } from "./routes.js";

const TONES = { withdrawn: "bad", deprecated: "fair", superseded: "fair" };

/** Build a badge for each kind of advisory of a version. */
export const advisoryBadges = ({ advisories }) =>
  [...new Set(advisories.map(({ kind }) => kind))].map((kind) =>
    h("span", { class: `badge ${TONES[kind]}` }, kind),
  );

/** Build a banner for each advisory of a version. */
export const advisoryBanners = ({ name, advisories }) =>
  advisories.map(({ kind, reason, sub_runs: subRuns, superseded_by: other }) =>
    h(
      "p",
      { class: `advisory ${TONES[kind]}`, role: "note" },
      h("strong", `${kind[0].toUpperCase()}${kind.slice(1)}: `),
      reason,
      other && [" See ", h("a", { href: routes.dataset(name, other) }, `${name} ${other}`), "."],
      subRuns?.length > 0 && ` Sub-runs: ${subRuns.join(", ")}.`,
    ),
  );
