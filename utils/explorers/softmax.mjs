// @ts-check
import { arrow, axes, clip, crossEntropy, explorer, fixed, fmt, it, line, logSoftmax, rect, scale, short, softmax, text } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

const REACH = 8; // logits go from −8 to 8
const SHIFTS = [-1000, -800, -700, -500, -300, -200, -100, -50, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 700, 705, 710, 800, 1000];
const TEMPERATURES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 1.8, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** Logits above, probabilities below, a column a class; room for a number on the highest bar. @param {State} s @param {Frame} f */
function frame(s, f) {
  const upper = { l: 40, r: f.w - 14, t: 34, b: 178 };
  const lower = { l: 40, r: f.w - 14, t: 230, b: 376 };
  const X = scale(0, s.z.length, upper.l, upper.r);
  return { upper, lower, X, width: Math.min(64, (X(1) - X(0)) * 0.38), Z: scale(-REACH, 1.2 * REACH, upper.b, upper.t), P: scale(0, 1.12, lower.b, lower.t) };
}

/** @type {import("./core.mjs").Explorer} */
const softmaxExplorer = {
  name: "softmax",
  title: "From logits to probabilities, loss and gradient",
  height: 432,
  narrowHeight: 432,
  controls: [
    { name: "z", label: "classes", kind: "list", min: -REACH, max: REACH, step: 0.1, value: [2, 1, -1], lengths: [3, 6], names: Array.from({ length: 6 }, (_, k) => `logit z${"₀₁₂₃₄₅"[k]}`) },
    { name: "label", label: "label", min: 0, max: 5, step: 1, value: 1, limits: (s) => [0, s.z.length - 1, 1] },
    { name: "temperature", label: "temperature", min: 0.1, max: 10, step: 0.1, value: 1, values: TEMPERATURES },
    { name: "shift", label: "common shift", min: -1000, max: 1000, step: 1, value: 0, values: SHIFTS },
  ],
  settle(s) {
    s.label = Math.min(s.z.length - 1, Math.round(s.label));
  },
  derive(s) {
    const z = s.z.map((/** @type {number} */ v) => (v + s.shift) / s.temperature);
    const p = softmax(z);
    const target = p.map((_, k) => (k === s.label ? 1 : 0));
    // The entry of the label is minus the sum of the others: nothing is lost where p is nearly 1.
    const grad = p.map((v, k) => (k === s.label ? -p.reduce((sum, w, j) => (j === k ? sum : sum + w), 0) : v) / s.temperature);
    const e = z.map((/** @type {number} */ v) => Math.exp(v));
    const sum = e.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    return { p, logp: logSoftmax(z), loss: crossEntropy(z, target), grad, naive: e.map((/** @type {number} */ v) => v / sum) };
  },
  draw(s, d, f) {
    const { upper, lower, X, width, Z, P } = frame(s, f);
    const base = axes(X, Z, "", `logits ${it("z")}${s.shift ? ` + ${it("c")}` : ""}`, { xTicks: [], yTicks: [-8, -4, 0, 4, 8], bare: true }) + axes(X, P, "", `probabilities ${it("p")}, and ${s.temperature === 1 ? "the gradient " : ""}${it("p")} − ${it("q")}${s.temperature === 1 ? "" : `, ${it("T")} times the gradient`}`, { xTicks: [], yTicks: [0, 0.5, 1] });
    let bars = line(upper.l, Z(0), upper.r, Z(0), "muted", 1);
    let words = "";
    s.z.forEach((/** @type {number} */ v, /** @type {number} */ k) => {
      const x = X(k + 0.5);
      const own = k === s.label;
      const top = Math.min(Z(v), Z(0));
      bars += rect(x - width / 2, top, width, Math.abs(Z(v) - Z(0)), "blue", 'fill-opacity=".85"') + rect(x - 11, Z(v) - 2, 22, 4, "blue", 'rx="2"');
      words += text(x, v >= 0 ? Z(v) - 9 : Z(v) + 19, s.shift === 0 ? short(v) : short(v + s.shift), "blue", "middle", 'class="ce-halo"');
      const h = P(0) - P(d.p[k]);
      bars += rect(x - width / 2, P(d.p[k]), width, h, "green", 'fill-opacity=".85"');
      if (own) bars += `<path d="M${x - width / 2} ${P(0)}V${P(1)}h${width}V${P(0)}" stroke="var(--ce-ink)" stroke-width="1.25" stroke-dasharray="4 3"/>`;
      const tight = f.narrow && s.z.length > 4;
      words += text(x, P(d.p[k]) - 7, fixed(d.p[k], tight ? 2 : 3), "green", "middle", 'class="ce-halo"') + text(x, lower.b + 18, `class ${k}`, "ink", "middle", own ? 'font-weight="600"' : "");
      if (own) words += text(x, lower.b + 34, "label", "ink", "middle", 'font-weight="600"');
      // Gradient descent moves a logit against its arrow: up for the label, down for the others.
      const gap = d.p[k] - (own ? 1 : 0);
      const at = x + width / 2 + 9;
      words += arrow(at, own ? P(1) : P(0), at, P(d.p[k]), own ? "purple" : "orange", 2.25);
      if (!tight && Math.abs(gap) >= 0.06) words += text(at + 6, (P(d.p[k]) + (own ? P(1) : P(0))) / 2 + 4, (gap > 0 ? "+" : "") + fixed(gap, 2), own ? "purple" : "orange");
    });
    const broken = d.naive.some((/** @type {number} */ v) => Number.isNaN(v));
    const note = broken ? text(f.w / 2, f.h - 4, f.narrow ? "exp(z) ÷ Σ exp(z) as it stands: nan" : "exp(z) ÷ Σ exp(z), without taking the greatest off first: nan", "red", "middle") : "";
    return [base, clip({ l: 0, r: f.w, t: 0, b: f.h }, bars), words, note];
  },
  handles(s, d, f) {
    const { X, Z } = frame(s, f);
    return s.z.map((/** @type {number} */ v, /** @type {number} */ k) => ({ name: `z${k}`, x: X(k + 0.5), y: Z(v) }));
  },
  drag(name, x, y, s, d, f) {
    const { Z } = frame(s, f);
    const z = [...s.z];
    z[Number(name[1])] = Math.round(Math.min(REACH, Math.max(-REACH, Z.inv(y))) * 10) / 10;
    return { z };
  },
  formula(s, d) {
    const shifted = (/** @type {number} */ v) => short(Number(((v + s.shift) / s.temperature).toPrecision(4)));
    const terms = s.z.map((/** @type {number} */ v) => `e<sup>${shifted(v)}</sup>`);
    const sum = (terms.length > 4 ? [terms[0], terms[1], "…", terms[terms.length - 1]] : terms).join(" + ");
    return `<span><i>p</i><sub>${s.label}</sub> = ${terms[s.label]} / (${sum}) = <b class="ce-green">${fmt(d.p[s.label])}</b></span> <span>−ln <i>p</i><sub>${s.label}</sub> = <b>${fmt(d.loss)}</b></span>`;
  },
  describe(s, d) {
    const broken = d.naive.some((/** @type {number} */ v) => Number.isNaN(v));
    return `Probabilities ${d.p.map((/** @type {number} */ v) => fmt(v, 3)).join(", ")}; label ${s.label}: cross-entropy ${fmt(d.loss)} nats; gradient ${d.grad.map((/** @type {number} */ v) => fmt(v, 3)).join(", ")}.${broken ? " The exponentials without a shift overflow or vanish: nan." : ""}`;
  },
  presets: [
    { name: "undecided", label: "undecided", state: { z: [0.5, 0, -0.5, 0], label: 0 } },
    { name: "right", label: "sure and right", state: { z: [3, 0, -1], label: 0 } },
    { name: "wrong", label: "sure and wrong", state: { z: [6, 0, -1], label: 2 } },
    { name: "hot", label: "hot", state: { z: [4, 1, -2, 0], label: 0, temperature: 5 } },
    { name: "shifted", label: "shifted by 500", state: { z: [2, 1, -1], label: 1, shift: 500 } },
  ],
  challenges: [
    { id: "lnk", text: "With four classes or more, make the loss ln K, within 0.002.", hint: "That is the loss of someone who knows nothing.", met: (s, d) => s.z.length >= 4 && Math.abs(d.loss - Math.log(s.z.length)) < 0.002 },
    { id: "naive", text: "Make the naive softmax nan while the probabilities stay as they are.", hint: "Add the same number to all logits: which exponential overflows first?", met: (s, d) => s.shift !== 0 && d.naive.some((/** @type {number} */ v) => Number.isNaN(v)) },
    { id: "half", text: "Leave the logits unequal, and bring every probability within 0.05 of the others.", hint: "Heat: divide all logits by a large T.", met: (s, d) => Math.max(...s.z) - Math.min(...s.z) >= 1 && Math.max(...d.p) - Math.min(...d.p) < 0.05 },
    { id: "quiet", text: "Without heat (T of 1 or less), make every entry of the gradient smaller than 0.01.", hint: "The gradient is p − q, with q the one-hot label: what must p be?", met: (s, d) => s.temperature <= 1 && d.grad.every((/** @type {number} */ g) => Math.abs(g) < 0.01) },
  ],
};

export default explorer(softmaxExplorer);
