"use strict";
// Everything that comes from data is set by `textContent`, never parsed as markup.

const { rows, traces, plots } = JSON.parse(document.getElementById("data").textContent);
const PAGE = 50;
const TONES = { pass: "pass", fail: "fail", unsure: "unsure", error: "error" };
const STATUS = { ok: "pass", unsure: "unsure", invalid: "unsure", refused: "unsure", error: "fail" };
const WORST_FIRST = ["fail", "error", "unsure", "pass"];
const FILTERS = {
  label: (row) => [row.label], tag: (row) => row.tags, hop: (row) => row.bad, from: (row) => [row.from],
  to: (row) => [row.to], want: (row) => [row.want], got: (row) => [row.got],
  flip: (row) => (row.flip ? ["any", row.flip] : []),
};
const NAMES = { any: "worse or better" };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function within(parent, ...children) {
  parent.append(...children.filter(Boolean));
  return parent;
}

// The list of cases: a page at a time, each trace built when it is opened first.

const form = document.getElementById("filter");
const list = document.getElementById("list");
const more = document.getElementById("more");
const found = document.getElementById("found");
let hits = [];
let shown = 0;

function fillSelects() {
  for (const [name, values] of Object.entries(FILTERS)) {
    const select = form.elements[name];
    const known = [...new Set(rows.flatMap(values))].filter((value) => value !== null).sort();
    within(select, option("", "any"), ...known.map((value) => option(value, NAMES[value] ?? value)));
    select.parentElement.hidden = known.every((value) => rows.every((row) => values(row).includes(value)));
  }
}

function option(value, text) {
  const made = make("option", "", text);
  made.value = value;
  return made;
}

function filterRows() {
  const wanted = Object.keys(FILTERS).map((name) => [FILTERS[name], form.elements[name].value]).filter(([, value]) => value);
  const text = form.elements.text.value.trim().toLowerCase();
  hits = rows.map((row, place) => place).filter((place) => {
    const row = rows[place];
    return wanted.every(([values, value]) => values(row).includes(value))
      && (!text || row.text.toLowerCase().includes(text) || row.id.toLowerCase().includes(text));
  });
  for (const field of form.elements) field.classList.toggle("on", Boolean(field.value));
  list.replaceChildren();
  shown = 0;
  showMore();
}

function showMore() {
  const next = hits.slice(shown, shown + PAGE);
  within(list, ...next.map(item));
  shown += next.length;
  more.hidden = shown >= hits.length;
  const results = hits.length === 1 ? "1 result" : `${hits.length} results`;
  found.textContent = hits.length === 0 ? "No result fits." : shown < hits.length ? `${results}, the first ${shown} shown.` : `${results}.`;
}

function item(place) {
  const row = rows[place];
  const open = make("button", "row");
  const panel = make("div", "trace");
  panel.id = `trace-${place}`;
  panel.hidden = true;
  open.type = "button";
  open.setAttribute("aria-expanded", "false");
  open.setAttribute("aria-controls", panel.id);
  const said = make("span", "said", row.text || "(no text)");
  said.dir = "auto";
  within(open, pill(row.label), said, make("code", "id", row.repeat ? `${row.id} #${row.repeat}` : row.id), meta(row));
  open.addEventListener("click", () => toggle(open, panel, place));
  return within(make("li"), open, panel);
}

function pill(label) {
  return make("span", `pill ${TONES[label] ?? ""}`, label);
}

function meta(row) {
  const line = make("span", "meta");
  if (row.flip) line.append(make("span", row.flip === "worse" ? "turned" : "turned up", row.flip === "worse" ? "got worse" : "got better"));
  const parts = [
    row.outcome && `ended: ${row.outcome}`,
    row.to && `went wrong: ${row.from} → ${row.to}`,
    row.want && row.got && row.want !== row.got && `expected ${row.want}, got ${row.got}`,
    row.tags.length && row.tags.join(", "),
  ];
  return within(line, ...parts.filter(Boolean).map((text) => make("bdi", "", text)));
}

function toggle(open, panel, place) {
  const isOpen = panel.hidden;
  if (isOpen && !panel.childElementCount) within(panel, ...traceOf(place));
  panel.hidden = !isOpen;
  open.setAttribute("aria-expanded", String(isOpen));
}

// One trace, beside the base's where the result flipped.

function traceOf(place) {
  const trace = traces[place];
  if (!trace) return [make("p", "small", "The trace of this result is not in this file; see hopdesk evals show --case.")];
  const text = make("p", "full", trace.text);
  text.dir = "auto";
  const sides = trace.base
    ? [side("Base", trace.base, trace.parts), side("This run", trace, trace.parts)]
    : [side("Trace", trace, null)];
  return [text, within(make("div", sides.length > 1 ? "sides two" : "sides"), ...sides)];
}

function side(name, trace, parts) {
  const title = within(make("h3"), make("span", "", name), trace.ms === null ? null : make("span", "", milliseconds(trace.ms)));
  const made = within(make("section", "side"), title);
  made.setAttribute("aria-label", name);
  if (trace.error) made.append(make("p", "note", trace.error));
  const marked = trace.hops.findIndex((hop) => hop.hop === parts);
  within(made, ...trace.hops.map((hop, place) => hopOf(hop, scoresOf(trace, hop, place), place === marked)));
  if (parts && parts !== "outcome" && marked < 0) made.append(absent(parts));
  made.append(ending(trace, parts === "outcome"));
  return made;
}

function absent(hop) {
  const head = within(make("header"), make("b", "", hop), make("span", "status", "did not run"), make("span", "here", "parts here"));
  return within(make("article", "hop parts"), head);
}

function worst(labels) {
  return WORST_FIRST.find((label) => labels.includes(label)) ?? "";
}

function scoresOf(trace, hop, place) {
  const isLast = trace.hops.findLastIndex((other) => other.hop === hop.hop) === place;
  return isLast ? trace.scores.filter((score) => score.hop === hop.hop) : [];
}

function hopOf(hop, scores, parts) {
  const box = make("article", `hop ${worst([STATUS[hop.status], ...scores.map((score) => score.label)])}${parts ? " parts" : ""}`);
  const facts = [
    hop.model,
    hop.attempt > 1 && `attempt ${hop.attempt}`,
    hop.tier > 0 && `model ${hop.tier + 1} of the list`,
    hop.repaired && "repaired",
    hop.certainty !== null && `${Math.round(hop.certainty * 100)}% certain`,
    ["cache", "cassette", "frozen"].includes(hop.from) && `from ${hop.from}`,
    hop.tokens > 0 && `${hop.tokens} tokens`,
    Number(hop.usd) > 0 && `$${hop.usd}`,
  ];
  const head = within(make("header"), make("b", "", hop.hop), make("span", `status ${STATUS[hop.status] ?? ""}`, hop.error ? `${hop.status}: ${hop.error}` : hop.status));
  within(head, ...facts.filter(Boolean).map((fact) => make("span", "", fact)));
  if (parts) head.append(make("span", "here", "parts here"));
  return within(box, head, lines(hop.said), marks(scores), raw(hop.parsed));
}

function ending(trace, parts) {
  const kind = trace.outcome ? [trace.outcome.kind, trace.outcome.reason].filter(Boolean).join(" / ") : "none";
  const ran = new Set(trace.hops.map((hop) => hop.hop));
  const scores = trace.scores.filter((score) => !ran.has(score.hop));
  const box = make("article", `hop ${worst(scores.map((score) => score.label))}${parts ? " parts" : ""}`);
  const head = within(make("header"), make("b", "", "outcome"), make("span", "status", kind), parts && make("span", "here", "parts here"));
  return within(box, head, lines(trace.says), marks(scores, new Set(scores.filter((score) => score.hop))), raw(trace.outcome));
}

function lines(said) {
  if (!said.length) return null;
  const items = said.map((line) => {
    const made = make("li", "", line);
    made.dir = "auto";
    return made;
  });
  return within(make("ul", "lines"), ...items);
}

function marks(scores, elsewhere = new Set()) {
  if (!scores.length) return null;
  const passed = scores.filter((score) => score.label === "pass");
  const others = scores.filter((score) => score.label !== "pass").map((score) => {
    const value = score.value === null ? "" : ` ${Number(score.value.toFixed(3))}`;
    return make("li", TONES[score.label], `${score.scorer}${elsewhere.has(score) ? ` (${score.hop})` : ""} ${score.label}${value}${score.critique ? `: ${score.critique}` : ""}`);
  });
  const rest = passed.length ? make("li", "rest", `passed: ${passed.map((score) => score.scorer).join(", ")}`) : null;
  return within(make("ul", "scores"), ...others, rest);
}

function raw(value) {
  if (value === null) return null;
  const details = within(make("details"), make("summary", "", "JSON"));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      const text = make("pre", "", JSON.stringify(value, null, 2));
      text.tabIndex = 0;
      details.append(text);
    }
  });
  return details;
}

function milliseconds(value) {
  return value >= 10000 ? `${(value / 1000).toFixed(1)} s` : value >= 100 ? `${value.toFixed(0)} ms` : `${value.toFixed(1)} ms`;
}

// Links such as #cases?label=fail set the filter, and the filter sets the address.

function readAddress() {
  const [place, query] = location.hash.slice(1).split("?");
  if (place !== "cases" || query === undefined) return;
  const wanted = new URLSearchParams(query);
  for (const name of ["text", ...Object.keys(FILTERS)]) form.elements[name].value = wanted.get(name) ?? "";
  filterRows();
  document.getElementById("cases").scrollIntoView();
}

function writeAddress() {
  const wanted = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, "", wanted.length ? `#cases?${new URLSearchParams(wanted)}` : "#cases");
}

let typing;
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { filterRows(); writeAddress(); }, 120);
});
form.addEventListener("reset", () => setTimeout(() => { filterRows(); writeAddress(); }));
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => {
  const first = shown;
  showMore();
  list.children[first]?.querySelector("button").focus();
});
addEventListener("hashchange", readAddress);

// The theme: the system's until somebody chooses.

const THEMES = ["system", "light", "dark"];
const button = document.getElementById("theme");

function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
  try { localStorage.setItem("hopdesk-theme", theme); } catch { /* a file may have no storage */ }
  drawAll();
}

function keptTheme() {
  try { return THEMES.includes(localStorage.getItem("hopdesk-theme")) ? localStorage.getItem("hopdesk-theme") : "system"; }
  catch { return "system"; }
}

button.addEventListener("click", () => {
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? "system";
  const order = isDark ? ["system", "light", "dark"] : ["system", "dark", "light"];
  setTheme(order[(order.indexOf(now) + 1) % order.length]);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

// The plots, in the page's own colours.

function colour(name) {
  const probe = make("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function draw(id, tracesOf, layoutOf) {
  const place = document.getElementById(id);
  if (!place || !window.Plotly) return;
  const [ink, soft, line] = ["ink", "soft", "line"].map(colour);
  const axis = { color: soft, gridcolor: line, zeroline: false, linecolor: line, ticks: "", automargin: true, fixedrange: true };
  const layout = layoutOf(axis);
  Plotly.react(place, tracesOf(ink), {
    margin: { l: 12, r: 14, t: layout.title ? 34 : 10, b: 12 }, paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: soft }, showlegend: false, bargap: 0.08, dragmode: false,
    hoverlabel: { bgcolor: colour("raised"), bordercolor: line, font: { color: ink } }, ...layout,
  }, { displayModeBar: false, responsive: true });
}

function drawReliability(reliability) {
  const bins = reliability.bins;
  const most = Math.max(...bins.map((bin) => bin.count));
  draw("plot-reliability", () => [
    { x: [0, 1], y: [0, 1], mode: "lines", line: { color: colour("soft"), width: 1, dash: "dot" }, hoverinfo: "skip" },
    {
      x: bins.map((bin) => bin.certainty), y: bins.map((bin) => bin.rate), mode: "lines+markers",
      line: { color: colour("accent"), width: 1.5 },
      marker: { color: colour("accent"), size: bins.map((bin) => 7 + 9 * Math.sqrt(bin.count / most)) },
      error_y: {
        type: "data", symmetric: false, array: bins.map((bin) => bin.high - bin.rate), arrayminus: bins.map((bin) => bin.rate - bin.low),
        color: colour("soft"), thickness: 1, width: 3,
      },
      customdata: bins.map((bin) => [bin.right, bin.count]),
      hovertemplate: "certain %{x:.0%}<br>right %{y:.0%} (%{customdata[0]} of %{customdata[1]})<extra></extra>",
    },
  ], (axis) => ({
    xaxis: { ...axis, title: { text: "certainty", font: { size: 12.5 } }, range: [-0.02, 1.03], tickformat: ".0%" },
    yaxis: { ...axis, title: { text: "share right", font: { size: 12.5 } }, range: [-0.02, 1.05], tickformat: ".0%" },
  }));
}

function drawHistogram(id, histogram, title, unit) {
  const { edges, shares, before, log } = histogram;
  const at = log ? edges.map(Math.log10) : edges;
  const middles = shares.map((share, place) => (at[place] + at[place + 1]) / 2);
  const ranges = shares.map((share, place) => `${unit(edges[place])} to ${unit(edges[place + 1])}`);
  const bars = {
    type: "bar", x: middles, y: shares, width: (at[1] - at[0]) * 0.92, customdata: ranges, name: "this run",
    marker: { color: colour("accent"), opacity: 0.75, line: { width: 0 } }, hovertemplate: "%{customdata}<br>%{y:.1%}<extra></extra>",
  };
  const base = before && {
    x: middles, y: before, mode: "lines", line: { shape: "hvh", color: colour("amber"), width: 1.6 }, name: "base",
    customdata: ranges, hovertemplate: "base, %{customdata}<br>%{y:.1%}<extra></extra>",
  };
  const ticks = log ? { tickvals: roundValues(edges[0], edges.at(-1)).map(Math.log10), ticktext: roundValues(edges[0], edges.at(-1)) } : {};
  draw(id, () => [bars, base].filter(Boolean), (axis) => ({
    title: { text: title, x: 0, xref: "paper", font: { size: 13 } },
    xaxis: { ...axis, gridcolor: "transparent", tickformat: ".7~f", ...ticks }, yaxis: { ...axis, tickformat: ".0%", rangemode: "tozero" },
  }));
}

function roundValues(least, most) {
  const powers = Array.from({ length: Math.ceil(Math.log10(most / least)) + 2 }, (_, place) => 10 ** (Math.floor(Math.log10(least)) + place));
  return powers.flatMap((power) => [1, 2, 5].map((factor) => Number((factor * power).toPrecision(1)))).filter((value) => value >= least && value <= most);
}

function drawHops(hops) {
  const rising = [...hops].reverse();
  const at = (name) => rising.map((hop) => hop[name]);
  draw("plot-hops", () => [{
    type: "box", orientation: "h", y: at("hop"), q1: at("p25"), median: at("p50"), q3: at("p75"), lowerfence: at("p5"), upperfence: at("p95"),
    line: { color: colour("accent"), width: 1.4 }, fillcolor: colour("wash"), width: 0.5, hoverinfo: "x",
  }], (axis) => ({
    title: { text: "Milliseconds by hop, 5th to 95th percentile", x: 0, xref: "paper", font: { size: 13 } },
    xaxis: { ...axis, type: "log", dtick: 1, tickformat: "~g", hoverformat: ".2f" }, yaxis: { ...axis, gridcolor: "transparent", type: "category" },
  }));
}

function drawAll() {
  if (plots.reliability) drawReliability(plots.reliability);
  if (plots.latency) drawHistogram("plot-latency", plots.latency, "Milliseconds a result", (value) => `${value.toPrecision(3)} ms`);
  if (plots.hops.length) drawHops(plots.hops);
  if (plots.cost) drawHistogram("plot-cost", plots.cost, "US dollars a result", (value) => `$${value.toPrecision(3)}`);
}

// Which section is being read.

const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const reader = new IntersectionObserver((seen) => {
  for (const one of seen.filter((entry) => entry.isIntersecting)) {
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(one.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-15% 0px -75% 0px" });
for (const section of document.querySelectorAll("main > section")) reader.observe(section);

fillSelects();
filterRows();
setTheme(keptTheme());
readAddress();
