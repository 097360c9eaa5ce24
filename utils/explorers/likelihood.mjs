// @ts-check
import { axes, clip, curve, explorer, fmt, grip, it, keep, line, scale, short, small, text, times } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

const COUNTS = [...Array.from({ length: 21 }, (_, i) => i), 25, 30, 35, 40, 50, 60, 70, 80, 100, 120, 150, 200, 250, 300, 400, 500, 600, 700, 800, 900, 1000];
const TOP = 3; // nats a flip, the height of the right-hand panel

/** ln L(θ) @param {number} k @param {number} m @param {number} t */
const logLikelihood = (k, m, t) => times(k, Math.log(t)) + times(m, Math.log1p(-t));

/** The product itself, as a loop in float64 makes it; the heads stand evenly among the flips. @param {number} k @param {number} m @param {number} t */
function product(k, m, t) {
  let out = 1;
  for (let i = 0; i < k + m; i++) out *= Math.floor(((i + 1) * k) / (k + m)) > Math.floor((i * k) / (k + m)) ? t : 1 - t;
  return out;
}

/** Two panels over θ: side by side, or one above the other. @param {Frame} f */
function frame(f) {
  const boxes = f.narrow
    ? [{ l: 40, r: 346, t: 34, b: 184 }, { l: 40, r: 346, t: 268, b: 418 }]
    : [{ l: 40, r: 330, t: 34, b: 290 }, { l: 384, r: 668, t: 34, b: 290 }];
  return boxes.map((box, i) => ({ box, X: scale(0, 1, box.l, box.r), Y: scale(0, i ? TOP : 1, box.b, box.t) }));
}

/** @typedef {ReturnType<typeof frame>[0]} Panel */

/**
 * The likelihood beside its point: outside the hill, where neither the curve nor the line at the best θ runs.
 * @param {Frame} f @param {Panel} panel @param {number} theta @param {number} best @param {number} ay @param {(t: number) => number} relative @param {string} value
 */
function likelihoodLabel(f, { box, X, Y }, theta, best, ay, relative, value) {
  let y = Math.max(box.t + 16, ay - 8);
  const wide = 6.5 * (value.length + 4);
  const level = Math.min(0.999, Y.inv(y + 4));
  const places = [0, 1].map((end) => {
    // Where the hill is as high as the label's foot, between the best θ and this end.
    let [low, high] = [end, best];
    for (let i = 0; i < 24; i++) {
      const middle = (low + high) / 2;
      if (relative(middle) < level) low = middle;
      else high = middle;
    }
    return end ? Math.max(X(theta) + 15, X(low) + 7) : Math.min(X(theta) - 15, X(low) - 7);
  });
  const fits = [places[0] - wide > box.l + 2, places[1] + wide < box.r + 12];
  const own = theta > best ? 1 : 0;
  const side = fits[own] ? own : 1 - own;
  let x = places[side];
  if (!fits[side]) {
    // No room on either side: above the point, as near to its own edge as it can be.
    x = own ? box.r + 10 - wide : box.l + 4 + wide;
    y = Math.max(box.t + 16, Math.min(ay - 18, Y(relative(X.inv(x))) - 7));
    if (y < ay - 60) return ""; // that far away nobody would see whose it is; the formula has it
    return text(x, y, `${it("L")} = ${value}`, "blue", own ? "start" : "end", 'class="ce-halo"');
  }
  return text(x, y, `${it("L")} = ${value}`, "blue", side ? "start" : "end", 'class="ce-halo"');
}

/** The loss a flip above its point, clear of the curve and of the line at the best θ. @param {Panel} panel @param {number} theta @param {number} best @param {number} by @param {(t: number) => number} mean @param {string} value */
function lossLabel({ box, X, Y }, theta, best, by, mean, value) {
  const [at, line] = [X(theta), X(best)];
  let left = Math.abs(line - at) < 66 === theta <= best;
  let x = at + (left ? -15 : 15);
  if (x < box.l + 44 && left) [left, x] = [false, Math.max(at + 15, line + 7)];
  else if (x > box.r - 44 && !left) [left, x] = [true, Math.min(at - 15, line - 7)];
  const over = Y(Math.max(mean(X.inv(x)), mean(X.inv(x + (left ? -44 : 44))))) - 7;
  return text(x, Math.max(box.t + 44, Math.min(by - 10, over)), value, "orange", left ? "end" : "start", 'class="ce-halo"');
}

/** @type {import("./core.mjs").Explorer} */
const likelihood = {
  name: "likelihood",
  title: "How well a probability of heads explains the flips",
  height: 340,
  narrowHeight: 468,
  controls: [
    { name: "successes", label: "heads", min: 0, max: 1000, step: 1, value: 7, values: COUNTS },
    { name: "failures", label: "tails", min: 0, max: 1000, step: 1, value: 3, values: COUNTS },
    { name: "theta", label: "probability θ", min: 0.001, max: 0.999, step: 0.001, value: 0.4 },
  ],
  settle(s) {
    s.successes = Math.round(s.successes);
    s.failures = Math.round(s.failures);
  },
  derive({ successes: k, failures: m, theta }) {
    const n = k + m;
    const best = n ? k / n : null;
    const log = logLikelihood(k, m, theta);
    const least = best === null ? 0 : -(best === 0 || best === 1 ? 0 : logLikelihood(k, m, best));
    const lost = best !== null && keep(["lost", k, m], () => product(k, m, best) === 0);
    return { n, best, lost, likelihood: product(k, m, theta), log_likelihood: log, nll: -log, mean: n ? -log / n : 0, least, ratio: Math.exp(log + least) };
  },
  draw(s, d, f) {
    const { successes: k, failures: m, theta } = s;
    const [one, two] = frame(f);
    const xTicks = f.narrow ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.2, 0.4, 0.6, 0.8, 1];
    const key = [k, m, f.narrow];
    const grid = keep(["likelihood", f.narrow], () => axes(one.X, one.Y, `probability of heads ${it("θ")}`, "likelihood ÷ its greatest value", { xTicks, yTicks: [0, 0.25, 0.5, 0.75, 1] }) + axes(two.X, two.Y, `probability of heads ${it("θ")}`, "−ln likelihood, nats a flip", { xTicks, yTicks: [0, 1, 2, 3] }));
    const { lost } = d;
    const relative = (/** @type {number} */ t) => Math.exp(logLikelihood(k, m, t) + d.least);
    const mean = (/** @type {number} */ t) => (d.n ? -logLikelihood(k, m, t) / d.n : 0);
    let left = keep(["relative", ...key], () => curve(relative, one.X, one.Y, lost ? "muted" : "blue", lost ? 1.25 : 2.5, lost ? "4 4" : "", 300));
    if (lost) left += line(one.box.l, one.box.b, one.box.r, one.box.b, "red", 3);
    // At an end that the flips rule out it is infinite, and leaves through the top.
    const right = keep(["mean", ...key], () => curve((t) => Math.min(2 * TOP, mean(t)), two.X, two.Y, "orange", 2.5, "", 160));
    let marks = "";
    if (d.best !== null) {
      for (const { X, box } of [one, two]) marks += line(X(d.best), box.t, X(d.best), box.b, "green", 1.25, "5 4");
      const [from, room] = d.best > 0.5 ? [-6, two.X(d.best) - two.box.l] : [6, two.box.r - two.X(d.best)];
      const words = ["best: share of heads", `= ${fmt(d.best, 3)}`];
      (room > 178 ? [words.join(" ")] : words).forEach((word, i) => {
        marks += text(two.X(d.best) + from, two.box.t + 12 + 17 * i, word, "green", from < 0 ? "end" : "start", 'class="ce-halo"');
      });
    }
    if (lost) marks += text((one.box.l + one.box.r) / 2, one.box.t + 76, "the product is 0 in float64", "red", "middle", 'class="ce-halo"') + text((one.box.l + one.box.r) / 2, one.box.t + 93, "at every θ", "red", "middle", 'class="ce-halo"');
    const height = lost ? 0 : d.ratio;
    const [ax, ay, bx, by] = [one.X(theta), one.Y(height), two.X(theta), Math.max(two.box.t, two.Y(d.mean))];
    const drop = line(ax, ay, ax, one.box.b, "muted", 1, "2 3") + line(bx, by, bx, two.box.b, "muted", 1, "2 3");
    const best = d.best ?? 0.5;
    const [words, nats] = [lost ? "" : likelihoodLabel(f, one, theta, best, ay, relative, small(d.likelihood)), lossLabel(two, theta, best, by, mean, fmt(d.mean))];
    return [grid, clip(one.box, left) + clip({ ...two.box, l: two.box.l - 2, r: two.box.r + 2 }, right), marks, drop + grip(ax, ay, lost ? "red" : "blue") + grip(bx, by, "orange") + words + nats];
  },
  handles(s, d, f) {
    const [one, two] = frame(f);
    return [
      { name: "left", x: one.X(s.theta), y: one.Y(d.lost ? 0 : d.ratio) },
      { name: "right", x: two.X(s.theta), y: Math.max(two.box.t, two.Y(d.mean)) },
    ];
  },
  drag(name, x, y, s, d, f) {
    const { X } = frame(f)[name === "left" ? 0 : 1];
    return { theta: Math.round(Math.min(0.999, Math.max(0.001, X.inv(x))) * 1000) / 1000 };
  },
  formula({ successes: k, failures: m, theta }, d) {
    const [t, u] = [short(theta), short(1 - theta)];
    return `<span><i>L</i> = ${t}<sup>${k}</sup> · ${u}<sup>${m}</sup> = <b class="${d.likelihood === 0 ? "ce-red" : "ce-blue"}">${small(d.likelihood)}</b></span> <span>−ln <i>L</i> = −${k} ln ${t} − ${m} ln ${u} = <b class="ce-orange">${fmt(d.nll)}</b></span>`;
  },
  describe(s, d) {
    const best = d.best === null ? "No flips yet." : `The best θ is ${fmt(d.best, 3)}.`;
    return `${s.successes} heads and ${s.failures} tails, θ = ${short(s.theta)}: likelihood ${d.likelihood === 0 ? "0, underflowed" : small(d.likelihood)}, negative log-likelihood ${fmt(d.nll)} nats, ${fmt(d.mean)} a flip. ${best}`;
  },
  presets: [
    { name: "ten", label: "7 of 10", state: { successes: 7, failures: 3, theta: 0.5 } },
    { name: "four", label: "3 of 4", state: { successes: 3, failures: 1, theta: 0.5 } },
    { name: "hundred", label: "70 of 100", state: { successes: 70, failures: 30, theta: 0.63 } },
    { name: "thousand", label: "700 of 1000", state: { successes: 700, failures: 300, theta: 0.68 } },
  ],
  challenges: [
    { id: "top", text: "Put θ where the likelihood is greatest, for 5 flips or more with both outcomes.", hint: "Seven heads in ten flips: which probability of heads would you expect?", met: (s, d) => d.n >= 5 && s.successes > 0 && s.failures > 0 && Math.abs(s.theta - d.best) <= 0.0006 },
    { id: "hundredth", text: "Find a θ that explains the flips 100 times worse than the best one.", hint: "Go away from the share of heads; with more flips you need not go far.", met: (s, d) => d.ratio <= 0.01 },
    { id: "underflow", text: "Flip so often that the product is exactly 0 although the loss is an ordinary number.", hint: "The least positive float64 is 5·10⁻³²⁴: about 1075 halves multiplied.", met: (s, d) => d.likelihood === 0 && Number.isFinite(d.nll) },
    { id: "end", text: "Choose flips for which the best θ lies at an end, where the loss a flip would be 0.", hint: "What would you conclude from four heads in four flips?", met: (s, d) => d.best === 0 || d.best === 1 },
  ],
};

export default explorer(likelihood);
