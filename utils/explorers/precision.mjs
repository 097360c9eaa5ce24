// @ts-check
import { axes, clip, dot, explorer, fmt, grip, it, keep, line, path, rect, scale, short, text } from "./core.mjs";
import { PRECISION } from "./precision_data.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

/** What NumPy gives at each tabulated logit, by format, formula, label and kind. @type {Record<string, number[]>} */
const SEEN = Object.fromEntries(Object.entries(PRECISION).map(([key, list]) => [key, list.split(" ").map(Number)]));
const MISTAKES = SEEN.mistakes;
/** @type {[string, string, string, string, string][]} formula, name, short name, colour, dashes */
const FORMULAS = [
  ["naive", "naive: −ln of p", "naive", "red", ""],
  ["clipped", "clipped to 1e−7", "clipped", "orange", "9 4"],
  ["probability", "BCELoss(σ(z))", "BCELoss(σ(z))", "purple", "3 4"],
  ["logit", "BCEWithLogitsLoss", "from logits", "blue", ""],
];
const CLOSE = [0, 1, 3, 10, 30, 100, 300, 1000];

/** Logits and losses on a scale that shows 1 and 1000 alike. @param {number} v */
const bent = (v) => Math.log10(1 + v);

/** @param {Frame} f */
function frame(f) {
  const r = f.narrow ? 346 : 424;
  const value = { l: 44, r, t: 34, b: f.narrow ? 190 : 200 };
  const grad = f.narrow ? { l: 44, r, t: 246, b: 314 } : { l: 44, r, t: 258, b: 334 };
  const X = scale(0, bent(1000), value.l, value.r);
  return { value, grad, X, V: scale(0, bent(1000), value.b, value.t), G: scale(0, 1.2, grad.b, grad.t) };
}

/** @param {State} s @param {string} formula @param {string} kind */
const column = (s, formula, kind) => SEEN[`${s.dtype}_${formula}_${s.label}_${kind}`];

/** Infinity stands at the upper edge, nan has no place. @param {number} v */
const height = (v) => (v === Infinity ? bent(1e9) : bent(v));

/** @type {import("./core.mjs").Explorer} */
const precision = {
  name: "precision",
  title: "Four ways to compute one loss, in three float formats",
  height: 382,
  narrowHeight: 486,
  controls: [
    { name: "wrong_by", label: "wrong by |z|", min: 0, max: 1000, step: 0.5, value: 12, values: MISTAKES, snap: true },
    { name: "label", label: "label y", kind: "choice", options: [["0", "0: logit +|z|"], ["1", "1: logit −|z|"]], value: "0" },
    { name: "dtype", label: "format", kind: "choice", options: [["float16", "float16"], ["float32", "float32"], ["float64", "float64"]], value: "float32" },
    { name: "formula", label: "formula", kind: "choice", options: FORMULAS.map(([v, , name]) => [v, name]), value: "naive" },
  ],
  derive(s) {
    const i = MISTAKES.indexOf(s.wrong_by);
    const rows = FORMULAS.map(([name]) => [column(s, name, "value")[i], column(s, name, "grad")[i]]);
    const [value, grad] = rows[FORMULAS.findIndex(([name]) => name === s.formula)];
    return { rows, value, grad };
  },
  draw(s, d, f) {
    const { value, grad, X, V, G } = frame(f);
    const xTicks = CLOSE.map(bent);
    const name = (/** @type {number} */ v) => short(Math.round(10 ** v - 1));
    const base = keep(["precision", f.narrow], () => axes(X, V, "", "loss in nats", { xTicks, yTicks: xTicks, xText: name, yText: name }) + axes(X, G, f.narrow ? `wrong by |${it("z")}|` : `how far the logit lies on the wrong side, |${it("z")}|`, "size of the gradient", { xTicks, yTicks: [0, 0.5, 1], xText: name }));
    let curves = "";
    let slopes = "";
    let words = "";
    const order = [...FORMULAS.filter(([k]) => k !== s.formula), ...FORMULAS.filter(([k]) => k === s.formula)];
    for (const [k, , , stroke, dash] of order) {
      const width = k === s.formula ? 4 : 1.75;
      const key = [s.dtype, s.label, k, width, f.narrow];
      curves += keep(["value", ...key], () => path(column(s, k, "value").map((v, i) => [X(bent(MISTAKES[i])), V(height(v))]), stroke, width, dash));
      slopes += keep(["slope", ...key], () => path(column(s, k, "grad").map((v, i) => [X(bent(MISTAKES[i])), G(Math.abs(v))]), stroke, width, dash));
    }
    const own = FORMULAS.find(([k]) => k === s.formula) ?? FORMULAS[0];
    const x = X(bent(s.wrong_by));
    const first = column(s, s.formula, "value").findIndex((v) => v === Infinity);
    if (first > 0) words += text(X(bent(MISTAKES[first])) + 5, value.t + 12, `inf from ${short(MISTAKES[first])}`, own[3], "start", 'class="ce-halo"');
    const gone = column(s, s.formula, "grad").findIndex((v) => Number.isNaN(v) || Math.abs(v) < 1e-6);
    if (gone > 0) words += text(X(bent(MISTAKES[gone])) + 5, grad.b - 8, `${Number.isNaN(column(s, s.formula, "grad")[gone]) ? "nan" : column(s, s.formula, "grad")[gone] ? "under 10⁻⁶" : "0"} from ${short(MISTAKES[gone])}`, own[3], "start", 'class="ce-halo"');
    const cursor = line(x, value.t, x, value.b, "muted", 1, "2 3") + line(x, grad.t, x, grad.b, "muted", 1, "2 3");
    const tip = Number.isNaN(d.value) ? "" : grip(x, Math.max(value.t, V(height(d.value))), own[3]);
    const low = Number.isNaN(d.grad) ? "" : dot(x, G(Math.min(1.2, Math.abs(d.grad))), 5, own[3]);
    // The numbers themselves.
    const [left, top] = f.narrow ? [14, 378] : [452, 62];
    const [c1, c2] = f.narrow ? [left + 236, left + 332] : [left + 146, left + 216];
    const gap = f.narrow ? 24 : 50;
    let table = text(c1, top, "loss", "muted", "end") + text(c2, top, "gradient", "muted", "end");
    FORMULAS.forEach(([k, long, , stroke, dash], i) => {
      const y = top + 26 + i * gap;
      const chosen = k === s.formula;
      if (chosen) table += rect(left - 8, y - (f.narrow ? 16 : 17), c2 - left + 16, f.narrow ? 23 : 45, "soft", 'rx="4"');
      table += line(left, y - 4, left + 22, y - 4, stroke, chosen ? 4 : 2, dash) + text(left + 30, y, long, stroke, "start", chosen ? 'font-weight="600"' : "");
      const [v, g] = d.rows[i];
      const below = f.narrow ? y : y + 20;
      table += text(c1, below, fmt(v, 3), "ink", "end", 'font-weight="600"') + text(c2, below, fmt(g, 3), "ink", "end", 'font-weight="600"');
    });
    return [base, clip({ ...value, t: value.t - 1 }, curves) + clip(grad, slopes), cursor + tip + low + words, table];
  },
  handles(s, d, f) {
    const { value, X, V } = frame(f);
    return [{ name: "point", x: X(bent(s.wrong_by)), y: Math.max(value.t, V(Number.isNaN(d.value) ? 0 : height(d.value))) }];
  },
  drag(name, x, y, s, d, f) {
    const v = frame(f).X.inv(x);
    return { wrong_by: Math.min(1000, Math.max(0, 10 ** v - 1)) };
  },
  formula(s, d) {
    const [, , name] = FORMULAS.find(([k]) => k === s.formula) ?? FORMULAS[0];
    return `<span>exact: ln(1 + e<sup>${short(s.wrong_by)}</sup>) = <b class="ce-blue">${fmt(s.wrong_by + Math.log1p(Math.exp(-s.wrong_by)))}</b></span> <span>${name}, ${s.dtype}: <b>${fmt(d.value)}</b>, gradient <b>${fmt(d.grad)}</b></span>`;
  },
  describe(s, d) {
    return `Label ${s.label}, wrong by ${short(s.wrong_by)}, ${s.dtype}: ${FORMULAS.map(([, , name], i) => `${name} gives loss ${fmt(d.rows[i][0], 3)} and gradient ${fmt(d.rows[i][1], 3)}`).join("; ")}.`;
  },
  presets: [
    { name: "ordinary", label: "wrong by 2", state: { wrong_by: 2 } },
    { name: "half", label: "half precision", state: { wrong_by: 6, dtype: "float16" } },
    { name: "one", label: "label 1", state: { wrong_by: 30, label: "1", formula: "probability" } },
    { name: "double", label: "double precision", state: { wrong_by: 30, dtype: "float64", formula: "probability" } },
  ],
  challenges: [
    { id: "first", text: "Find the first step at which the naive form in float32 says inf for label 0.", hint: "p must round to 1: beside 1, e to the −|z| is lost from 2⁻²⁴ on, and ln 2²⁴ is 16.6.", met: (s, d) => s.dtype === "float32" && s.formula === "naive" && s.label === "0" && d.value === Infinity && s.wrong_by <= 17 },
    { id: "dead", text: "Find a wrong answer, by 15 or more, that teaches nothing: a gradient of exactly 0.", hint: "Look at the formulas that keep the probability away from 0 and 1.", met: (s, d) => s.wrong_by >= 15 && d.grad === 0 },
    { id: "hundred", text: "Make BCELoss say 100 where the true loss is below 50.", hint: "It keeps logarithms above −100: when does ln(1 − p) first fall below?", met: (s, d) => s.formula === "probability" && d.value === 100 && s.wrong_by < 50 },
    { id: "side", text: "In float32, show that the naive form bears label 1 at a logit where it breaks with label 0.", hint: "Small probabilities have many digits, those near 1 have few.", met: (s, d) => s.dtype === "float32" && s.formula === "naive" && s.label === "1" && s.wrong_by >= 17 && Number.isFinite(d.value) },
  ],
};

export default explorer(precision);
