// @ts-check
import { arrow, axes, bceWithLogits, clip, colour, explorer, fixed, fmt, grip, it, keep, line, path, px, scale, short, text } from "./core.mjs";
import { CLOUD } from "./training_data.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Derived} Derived */
/** @typedef {import("./core.mjs").Frame} Frame */
/** @typedef {{w: number[], loss: number, size: number}} Step weights, loss and size of the gradient */

const REACH = 3;
const STEPS = 200;
const NUMBERS = CLOUD.split(" ").map(Number);
const FIXED = Array.from({ length: NUMBERS.length / 3 }, (_, i) => NUMBERS.slice(3 * i, 3 * i + 3));
/** @type {Record<string, number[]>} */
const STARTS = { zero: [0, 0, 0], wrong: [-4, -4, 0], right: [2, 2, 0] };
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3];

/** All points: those that stay, then the reader's, one of each class. @param {State} s */
const allPoints = (s) => [...FIXED, [...s.points[0], 0], [...s.points[1], 1]];

/** Gradient descent on the whole set. @param {State} s @param {string} objective @returns {Step[]} */
function descend(s, objective) {
  const points = allPoints(s);
  const n = points.length;
  let w = STARTS[s.start];
  const out = [];
  for (let t = 0; t <= STEPS; t++) {
    const g = [0, 0, 0];
    let loss = 0;
    for (const [x1, x2, y] of points) {
      // One exponential a point gives p, 1 − p and both losses; p − y is −(1 − p) for label 1.
      const z = w[0] * x1 + w[1] * x2 + w[2];
      const size = Math.abs(z);
      const e = Math.exp(-size);
      const far = 1 / (1 + e);
      const p = z > 0 ? far : e * far;
      const q = z > 0 ? e * far : far;
      const gap = y ? -q : p;
      const pull = objective === "ce" ? gap : 2 * gap * p * q;
      loss += objective === "ce" ? Math.log1p(e) + (z > 0 === (y === 1) ? 0 : size) : gap * gap;
      g[0] += pull * x1;
      g[1] += pull * x2;
      g[2] += pull;
    }
    const mean = g.map((v) => v / n);
    out.push({ w, loss: loss / n, size: Math.hypot(mean[0], mean[1], mean[2]) });
    w = w.map((v, k) => v - s.rate * mean[k]);
  }
  return out;
}

/** @param {State} s @returns {Record<string, Step[]>} */
const runsOf = (s) => keep(["runs", s.points, s.rate, s.start], () => ({ ce: descend(s, "ce"), squared: descend(s, "squared") }));

/** @param {Frame} f */
function frame(f) {
  const map = f.narrow ? { l: 30, r: 346, t: 34, b: 272 } : { l: 30, r: 366, t: 34, b: 306 };
  const loss = f.narrow ? { l: 44, r: 346, t: 336, b: 416 } : { l: 424, r: 666, t: 34, b: 146 };
  const size = f.narrow ? { l: 44, r: 346, t: 478, b: 558 } : { l: 424, r: 666, t: 200, b: 306 };
  const tall = ((map.b - map.t) / (map.r - map.l)) * REACH;
  return { map, loss, size, X: scale(-REACH, REACH, map.l, map.r), Y: scale(-tall, tall, map.b, map.t), T: scale(0, STEPS, loss.l, loss.r), L: scale(0, 2, loss.b, loss.t), G: scale(-4, 0.5, size.b, size.t) };
}

/** A point's mark: a circle for class 0, a square for class 1. @param {number} x @param {number} y @param {number} label */
const mark = (x, y, label, big = false) => {
  const r = big ? 7 : 5;
  const edge = big ? `stroke="${colour("ink")}" stroke-width="2"` : `stroke="${colour("page")}"`;
  return label ? `<rect x="${px(x - r)}" y="${px(y - r)}" width="${2 * r}" height="${2 * r}" fill="${colour("blue")}" ${edge}/>` : `<circle cx="${px(x)}" cy="${px(y)}" r="${r}" fill="${colour("orange")}" ${edge}/>`;
};

/**
 * Where a point's label crosses the fewest lines and points: beside, above or below it. Left end and foot.
 * @param {number} x @param {number} y @param {import("./core.mjs").Box} map @param {(x: number, y: number) => number} z @param {number[][]} points
 */
function freePlace(x, y, map, z, points) {
  const wide = 62;
  const places = [[x + 13, y + 5], [x - 13 - wide, y + 5], [x - wide / 2, y - 14], [x - wide / 2, y + 25], [x + 6, y - 24]];
  const costs = places.map(([left, foot]) => {
    const [right, head] = [left + wide, foot - 12];
    const inside = left > map.l && right < map.r && head > map.t && foot < map.b - (left < map.l + 116 ? 24 : 4);
    const corners = [z(left, head), z(right, head), z(left, foot), z(right, foot)];
    const crossed = [-Math.log(9), 0, Math.log(9)].filter((level) => Math.min(...corners) < level && Math.max(...corners) > level);
    const hidden = points.filter(([a, b]) => a > left - 6 && a < right + 6 && b > head - 6 && b < foot + 6);
    return (inside ? 0 : 100) + 2 * crossed.length + Number(crossed.includes(0)) + hidden.length;
  });
  return places[costs.indexOf(Math.min(...costs))];
}

/** @type {import("./core.mjs").Explorer} */
const training = {
  name: "training",
  title: "Gradient descent with cross-entropy and with squared error",
  height: 350,
  narrowHeight: 604,
  controls: [
    { name: "step", label: "step", min: 0, max: STEPS, step: 1, value: 20 },
    { name: "rate", label: "learning rate", min: 0.01, max: 3, step: 0.01, value: 0.5, values: RATES },
    { name: "objective", label: "train with", kind: "choice", options: [["ce", "cross-entropy"], ["squared", "squared error"]], value: "ce" },
    { name: "start", label: "start", kind: "choice", options: [["zero", "from 0"], ["wrong", "sure and wrong"], ["right", "nearly right"]], value: "zero" },
    { name: "points", label: "movable points", kind: "points", min: -REACH, max: REACH, step: 0.1, lengths: [4, 4], value: [[0.6, 1.5], [-1.1, 0.2]] },
  ],
  settle(s) {
    s.step = Math.round(s.step);
  },
  derive(s) {
    const own = runsOf(s)[s.objective];
    const { w, loss, size } = own[s.step];
    const points = allPoints(s);
    const z = points.map(([x1, x2]) => w[0] * x1 + w[1] * x2 + w[2]);
    const right = points.filter(([, , y], i) => (z[i] > 0 ? 1 : 0) === y).length;
    return { w, loss, size, accuracy: right / points.length, n: points.length, costs: points.slice(-2).map(([, , y], i) => bceWithLogits(z[points.length - 2 + i], y)) };
  },
  draw(s, d, f) {
    const { map, loss, size, X, Y, T, L, G } = frame(f);
    const runsNow = runsOf(s);
    const edge = `<path d="M${map.l} ${map.t}H${map.r}V${map.b}H${map.l}Z" stroke="${colour("grid")}"/>`;
    const frames = keep(["training", s.objective, f.narrow], () => edge + text(map.l - 2, map.t - 14, `points, and where ${it("p")} = ½`) + text(map.r, map.t - 14, "arrow: class 1", "purple", "end") + axes(T, L, "", `loss, ${s.objective === "ce" ? "cross-entropy in nats" : "squared error"}`, { xTicks: [0, 50, 100, 150, 200], yTicks: [0, 0.5, 1, 1.5, 2] }) + axes(T, G, "step", "size of the gradient", { xTicks: [0, 50, 100, 150, 200], yTicks: [-4, -3, -2, -1, 0], yText: (v) => (v === 0 ? "1" : `10${["⁻⁴", "⁻³", "⁻²", "⁻¹"][v + 4]}`) }));
    const [a, b] = s.objective === "ce" ? ["ce", "squared"] : ["squared", "ce"];
    const colours = { ce: "blue", squared: "orange" };
    const tone = (/** @type {string} */ k) => colours[/** @type {"ce"} */ (k)];
    const logSize = (/** @type {Step} */ r) => Math.log10(Math.max(r.size, 1e-9));
    const lines = keep(["lines", s.points, s.rate, s.start, s.objective, f.narrow], () => clip(loss, path(runsNow[a].map((r, t) => [T(t), L(r.loss)]), tone(a), 2.5)) + clip(size, path(runsNow[b].map((r, t) => [T(t), G(logSize(r))]), tone(b), 1.75, "6 4") + path(runsNow[a].map((r, t) => [T(t), G(logSize(r))]), tone(a), 2.5)));
    const dots = FIXED.map(([x, y, label]) => mark(X(x), Y(y), label)).join("");
    // The boundary, and on both sides of it the lines where p is 0.1 and 0.9.
    const [w1, w2, c] = d.w;
    const norm = Math.hypot(w1, w2);
    let boundary = "";
    if (norm > 1e-6) {
      for (const [level, width, dash] of [[0, 2.5, ""], [Math.log(9), 1.25, "4 4"], [-Math.log(9), 1.25, "4 4"]]) {
        const at = (Number(level) - c) / norm;
        const [cx, cy, dx, dy] = [(w1 / norm) * at, (w2 / norm) * at, -w2 / norm, w1 / norm];
        boundary += line(X(cx - 9 * dx), Y(cy - 9 * dy), X(cx + 9 * dx), Y(cy + 9 * dy), "purple", Number(width), String(dash));
      }
      const [cx, cy] = [(-w1 * c) / norm ** 2, (-w2 * c) / norm ** 2];
      if (Math.abs(cx) < REACH && Math.abs(cy) < REACH) boundary += arrow(X(cx), Y(cy), X(cx) + (30 * w1) / norm, Y(cy) - (30 * w2) / norm, "purple", 2);
    }
    const own = s.points.map((/** @type {number[]} */ [x, y], /** @type {number} */ k) => {
      const [left, foot] = freePlace(X(x), Y(y), map, (left, top) => w1 * X.inv(left) + w2 * Y.inv(top) + c, [...FIXED, s.points[1 - k]].map(([a, b]) => [X(a), Y(b)]));
      return mark(X(x), Y(y), k, true) + text(left, foot, `costs ${fixed(d.costs[k])}`, k ? "blue" : "orange", "start", 'class="ce-halo"');
    });
    const ends = [runsNow.ce, runsNow.squared].map((run) => Math.min(size.b - 9, Math.max(size.t + 12, G(logSize(run[STEPS])) - 7)));
    // Where both curves end together, one name stands above the other.
    if (Math.abs(ends[0] - ends[1]) < 15) ends[ends[0] > ends[1] ? 1 : 0] = Math.max(...ends) - 15;
    const names = ["cross-entropy", "squared error"].map((name, k) => text(T(198), ends[k], name, k ? "orange" : "blue", "end", 'class="ce-halo"')).join("");
    const x = T(s.step);
    const end = s.step > 110;
    const off = end ? -14 : 14;
    const [yl, yg] = [Math.max(loss.t, L(d.loss)), Math.min(size.b, G(Math.log10(Math.max(d.size, 1e-9))))];
    // The value beside its point, clear of both curves if it can be.
    const feet = [yg - 10, yg - 24, yg + 20].filter((y, i) => !i || (y > size.t + 11 && y < size.b - 3)).map((y) => Math.max(size.t + 12, y));
    const hits = feet.map((y) => {
      const span = [0, 10, 20, 30, 40].map((t) => Math.min(STEPS, Math.max(0, Math.round(T.inv(x + off + (end ? -t : t))))));
      return span.flatMap((t) => [runsNow.ce[t], runsNow.squared[t]]).filter((r) => Math.abs(G(logSize(r)) - y + 4) < 11).length;
    });
    const foot = feet[hits.indexOf(Math.min(...hits))];
    // Near the end the names stand there: before them.
    const at = end && x + off > T(198) - 84 && ends.some((e) => Math.abs(e - foot) < 14) ? T(198) - 90 : x + off;
    const now = grip(x, yl, tone(a)) + grip(x, yg, tone(a)) + text(x + off, Math.max(loss.t + 12, yl - 10), fmt(d.loss), tone(a), end ? "end" : "start", 'class="ce-halo"') + text(at, foot, fmt(d.size), tone(a), end ? "end" : "start", 'class="ce-halo"');
    const key = text(map.l + 8, map.b - 10, `right: ${Math.round(d.accuracy * d.n)} of ${d.n}`, "ink", "start", 'class="ce-halo" font-weight="600"');
    return [frames, lines + names, clip(map, dots + boundary), key + own.join(""), now];
  },
  handles(s, d, f) {
    const { loss, X, Y, T, L } = frame(f);
    return [
      ...s.points.map((/** @type {number[]} */ [x, y], /** @type {number} */ k) => ({ name: `p${k}`, x: X(x), y: Y(y), label: `movable point of class ${k}: arrow keys move it` })),
      { name: "step", x: T(s.step), y: Math.max(loss.t, L(d.loss)) },
    ];
  },
  drag(name, x, y, s, d, f) {
    const { X, Y, T } = frame(f);
    if (name === "step") return { step: Math.round(Math.min(STEPS, Math.max(0, T.inv(x)))) };
    return this.nudge?.(name, X.inv(x) * 10 - s.points[Number(name[1])][0] * 10, Y.inv(y) * 10 - s.points[Number(name[1])][1] * 10, s) ?? {};
  },
  nudge(name, dx, dy, s) {
    if (name === "step") return {};
    const k = Number(name[1]);
    const bound = (/** @type {number} */ v, /** @type {number} */ most) => Math.round(Math.min(most, Math.max(-most, v)) * 10) / 10;
    const points = s.points.map((/** @type {number[]} */ p) => [...p]);
    points[k] = [bound(points[k][0] + dx / 10, 2.9), bound(points[k][1] + dy / 10, 2.2)];
    return { points };
  },
  formula(s, d) {
    const pull = s.objective === "ce" ? "(<i>p</i> − <i>y</i>) <i>x</i>" : "2 (<i>p</i> − <i>y</i>) <i>p</i> (1 − <i>p</i>) <i>x</i>";
    return `<span>gradient: mean of ${pull}, size <b>${fmt(d.size)}</b></span> <span><i>w</i> = (${d.w.slice(0, 2).map((/** @type {number} */ v) => fixed(v)).join(", ")}), <i>b</i> = ${fixed(d.w[2])}</span>`;
  },
  describe(s, d) {
    return `${s.objective === "ce" ? "Cross-entropy" : "Squared error"}, learning rate ${short(s.rate)}, step ${s.step}: loss ${fmt(d.loss)}, size of the gradient ${fmt(d.size)}, ${Math.round(d.accuracy * d.n)} of ${d.n} points right. The movable points cost ${d.costs.map((/** @type {number} */ v) => fixed(v)).join(" and ")} nats.`;
  },
  presets: [
    { name: "zero", label: "a fresh start", state: { step: 10 } },
    { name: "mistake", label: "a confident mistake", state: { start: "wrong", objective: "squared", step: 20, rate: 1 } },
    { name: "outlier", label: "an outlier", state: { step: 50, points: [[2.4, 1.8], [-1.1, 0.2]] } },
  ],
  challenges: [
    { id: "stall", text: "See squared error stall: start sure and wrong, and after 150 steps have less than half of the points right.", hint: "Its gradient carries p(1 − p), which is nearly 0 for one who is sure. Try a small learning rate too.", met: (s, d) => s.objective === "squared" && s.start === "wrong" && s.step >= 150 && d.accuracy < 0.5 },
    { id: "rescue", text: "From the same start, get at least 19 points right within 60 steps.", hint: "Cross-entropy pulls with p − y, whole, however sure the mistake is.", met: (s, d) => s.start === "wrong" && s.step <= 60 && Math.round(d.accuracy * d.n) >= 19 },
    { id: "all", text: "Move the two free points so that after 100 steps or fewer every point is right.", hint: "Orange belongs below on the left, blue above on the right.", met: (s, d) => s.step >= 1 && s.step <= 100 && d.accuracy === 1 },
    { id: "costly", text: "After 100 steps or more with cross-entropy, let one movable point cost more than 3 nats.", hint: "Put it deep among the other class.", met: (s, d) => s.objective === "ce" && s.step >= 100 && Math.max(...d.costs) > 3 },
  ],
};

export default explorer(training);
