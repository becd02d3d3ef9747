// The runs of a composition: a page of them at a time, each with its state once it is in view.

import { get, paths, post } from "./api.js";
import { strip } from "./cells.js";
import { actionButton, announce, h } from "./dom.js";
import { refresh, watch } from "./standings.js";
import { age, moment } from "./words.js";

const PAGE = 50;

// Shows them in `pane`; returns `mark` (the run that is open), `changed` (something was done to one) and `end`.
export function showRuns(pane, nc) {
  const rows = new Map(); // id_run -> row
  const list = h("ol", { class: "runs" });
  const foot = h("div", { class: "foot" });
  const ending = new AbortController();
  const watched = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => target.row.inView(isIntersecting)), {
    rootMargin: "100px",
  });
  let open = null;

  const go = (idRun) => { location.hash = `#${encodeURIComponent(nc)}/${idRun}`; };

  function place(run) {
    if (rows.has(run.id_run)) return;
    const row = runRow(nc, run);
    rows.set(run.id_run, row);
    let before = list.lastElementChild;
    while (before && Number(before.row.idRun) > Number(run.id_run)) before = before.previousElementSibling;
    if (before) before.after(row.item);
    else list.prepend(row.item);
    row.mark(run.id_run === open);
    watched.observe(row.item);
  }

  async function load(cursor) {
    try {
      const { json, answer } = await get(paths.page(nc, PAGE, cursor), { signal: ending.signal });
      (json[nc] ?? []).forEach(place);
      const following = nextCursor(answer);
      foot.replaceChildren(...(following ? [actionButton(`Show ${PAGE} more`, () => load(following))] : []));
      if (!rows.size) foot.replaceChildren(h("p", { class: "hint large" }, "No run is scheduled yet. “Schedule next run” takes the first cell of this composition in the data bucket that nobody has taken."));
    } catch (error) {
      if (error.name === "AbortError") return;
      foot.replaceChildren(h("p", { class: "failure" }, error.message), actionButton("Try again", () => load(cursor)));
    }
  }

  async function schedule() {
    const { json } = await post(paths.schedule(nc));
    announce(`Run ${json.id_run} is scheduled`);
    await bring(json.id_run);
    go(json.id_run);
  }

  // A run that may not be on the pages that were loaded.
  async function bring(idRun) {
    const { json } = await get(paths.run({ nc, idRun }, "status"), { signal: ending.signal });
    if (!rows.size) foot.replaceChildren();
    place(json);
  }

  const number = h("input", { id: "run-number", inputmode: "numeric", pattern: "[1-9][0-9]{0,8}", size: "6", autocomplete: "off" });
  const wrong = h("span", { class: "note failure", role: "status" });
  const finder = h("form", {
    class: "finder",
    onsubmit: async (event) => {
      event.preventDefault();
      wrong.textContent = "";
      try {
        await bring(number.value.trim());
        go(number.value.trim());
      } catch (error) {
        wrong.textContent = error.message;
      }
    },
  }, h("label", { for: "run-number" }, "Go to run"), " ", number, " ", h("button", { type: "submit" }, "Go"), wrong);

  pane.replaceChildren(
    h("p", { class: "back" }, h("a", { href: "#" }, "‹ Compositions")),
    h("h2", {}, "Runs of ", nc),
    actionButton("Schedule next run", schedule, { class: "primary" }),
    finder, list, foot,
  );
  const loaded = load();

  return {
    async mark(idRun) {
      open = idRun;
      rows.forEach((row, key) => row.mark(key === idRun));
      await loaded;
      if (idRun === open && idRun && !rows.has(idRun)) bring(idRun).catch(() => {}); // the run's own pane says why
    },
    changed: (idRun) => refresh({ nc, idRun }),
    end() {
      ending.abort();
      watched.disconnect();
      rows.forEach((row) => row.inView(false));
    },
  };
}

function runRow(nc, run) {
  const state = h("span", { class: "state" });
  const cells = h("span", { class: "cells" }, strip(run.sub_runs));
  const time = h("time", { datetime: run.run_scheduled_at, title: moment(run.run_scheduled_at), "data-age": true }, age(run.run_scheduled_at));
  const link = h("a", { href: `#${encodeURIComponent(nc)}/${run.id_run}` },
    h("span", { class: "line" }, h("strong", {}, `Run ${run.id_run}`), " ", state, " ", time), cells);
  const item = h("li", {}, link);
  let stop = null;

  function tell(status, error) {
    if (error) {
      state.replaceChildren(badge("unknown"));
      return;
    }
    state.replaceChildren(badge(overall(status)));
    cells.replaceChildren(...strip(status.sub_runs, status.sub_run_outcomes));
  }

  item.row = {
    idRun: run.id_run,
    item,
    mark: (here) => link.setAttribute("aria-current", String(here)),
    inView(visible) {
      if (visible) stop ??= watch({ nc, idRun: run.id_run }, tell);
      else {
        stop?.();
        stop = null;
      }
    },
  };
  return item.row;
}

export const badge = (text) => h("span", { class: `badge ${text.toLowerCase()}` }, text.toLowerCase());

const overall = (status) => (status.sub_runs_status === "RUNNING" ? "RUNNING" : status.run_status);

function nextCursor(answer) {
  const next = (answer.headers.get("Link") ?? "").match(/<[^>]*[?&]cursor=([^&>]+)[^>]*>;\s*rel="?next"?/);
  return next && decodeURIComponent(next[1]);
}
