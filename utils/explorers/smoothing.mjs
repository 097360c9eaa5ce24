// @ts-check
import { axes, clip, curve, entropy, explorer, fixed, fmt, grip, it, keep, line, plotBox, scale, short, smoothTarget, text, times } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

const CLASSES = [2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000];
const [LOW, HIGH] = [-4, 14];

/** The loss of logits (m, 0, …, 0) against a target with `on` for the first class and the rest shared by the others; no two terms cancel. @param {number} m @param {number} k @param {number} on @param {number} off */
function marginLoss(m, k, on, off) {
  if (m >= 0) return times((k - 1) * off, m) + Math.log1p((k - 1) * Math.exp(-m));
  return times(on, -m) + Math.log(k - 1) + Math.log1p(Math.exp(m) / (k - 1));
}

/** @param {number} k @param {number} eps @param {string} convention */
function target(k, eps, convention) {
  const q = smoothTarget(k, eps, convention);
  return { on: q[0], off: q[1], least: entropy(q), best: Math.log(q[0]) - Math.log(q[1]) };
}

/** @param {State} s @param {Frame} f */
function frame(s, f) {
  const box = plotBox(f, 40, 14, 34, 44);
  return { box, X: scale(LOW, HIGH, box.l, box.r), Y: scale(0, s.k > 20 ? 8 : 4, box.b, box.t) };
}

/** The first of these places, left ends of a label's foot, where no curve crosses it, nor a box; else the first of all. @param {number[][]} places @param {number} wide @param {((m: number) => number)[]} curves @param {import("./core.mjs").Scale} X @param {import("./core.mjs").Scale} Y @param {import("./core.mjs").Box[]} boxes */
function clearPlace(places, wide, curves, X, Y, boxes) {
  const clear = places.find(([left, y]) => {
    if (boxes.some(({ l, r, t, b }) => left < r + 3 && left + wide > l - 3 && y > t && y < b + 12)) return false;
    return curves.every((f) => {
      const sides = [0, 1, 2, 3, 4, 5].map((i) => {
        const at = Y(f(X.inv(left + (wide * i) / 5)));
        return at < y - 13 ? 1 : at > y + 4 ? -1 : 0;
      });
      return sides[0] && sides.every((side) => side === sides[0]);
    });
  });
  return clear ?? places[0];
}

/** @type {import("./core.mjs").Explorer} */
const smoothing = {
  name: "smoothing",
  title: "Label smoothing: the loss against the margin",
  height: 350,
  narrowHeight: 340,
  controls: [
    { name: "epsilon", label: "smoothing ε", min: 0, max: 0.95, step: 0.01, value: 0.1 },
    { name: "k", label: "classes K", min: 2, max: 1000, step: 1, value: 10, values: CLASSES },
    { name: "margin", label: "margin m", min: LOW, max: HIGH, step: 0.1, value: 8 },
    { name: "convention", label: "convention", kind: "choice", options: [["pytorch", "ε/K (PyTorch)"], ["off_class", "ε/(K−1)"]], value: "pytorch" },
  ],
  settle(s) {
    s.k = Math.round(s.k);
  },
  derive(s) {
    const both = { pytorch: target(s.k, s.epsilon, "pytorch"), off_class: target(s.k, s.epsilon, "off_class") };
    const own = both[/** @type {"pytorch"} */ (s.convention)];
    const p = 1 / (1 + (s.k - 1) * Math.exp(-s.margin));
    return { both, ...own, p, loss: marginLoss(s.margin, s.k, own.on, own.off), hard: marginLoss(s.margin, s.k, 1, 0), slope: p - own.on };
  },
  draw(s, d, f) {
    const { box, X, Y } = frame(s, f);
    const key = [s.k, s.epsilon, s.convention, f.narrow];
    const base = keep(["smoothing", s.k > 20, f.narrow], () => axes(X, Y, f.narrow ? `margin ${it("m")} of the right logit` : `margin ${it("m")}: how far the right logit lies above all others`, "loss in nats", { xTicks: f.narrow ? [-4, 0, 4, 8, 12] : [-4, -2, 0, 2, 4, 6, 8, 10, 12, 14] }));
    const other = s.convention === "pytorch" ? "off_class" : "pytorch";
    const [main, side] = s.convention === "pytorch" ? ["blue", "orange"] : ["orange", "blue"];
    const rival = d.both[other];
    const curves = [[1, 0], [rival.on, rival.off], [d.on, d.off]].map(([on, off]) => (/** @type {number} */ m) => marginLoss(m, s.k, on, off));
    const lines = keep(["margin", ...key], () => curve(curves[0], X, Y, "muted", 1.75, "2 4") + curve(curves[1], X, Y, side, 1.5, "7 4") + curve(curves[2], X, Y, main, 2.5));
    const finite = Number.isFinite(d.best);
    let marks = "";
    const left = f.narrow ? box.r - 172 : box.r - 186;
    const boxes = [{ l: left, r: box.r, t: box.t, b: box.t + 98 }];
    let best = "";
    if (finite) {
      const [bx, by] = [X(d.best), Math.max(box.t, Y(d.least))];
      const [under, over] = [Math.min(box.b - 6, by + 19), by - 12];
      const [bestLeft, foot] = clearPlace([[bx + 7, under], [bx - 72, under], [bx - 7, over], [bx - 32, over], [bx - 7, over - 14], [bx - 20, over - 26]], 65, curves, X, Y, boxes);
      boxes.push({ l: bestLeft, r: bestLeft + 65, t: foot - 12, b: foot });
      marks += line(bx, by, bx, box.b, "green", 1.5, "5 4") + line(bx - 7, by, bx + 7, by, "green", 3);
      best = text(bestLeft, foot, `best ${fmt(d.best, 3)}`, "green", "start", 'class="ce-halo"');
    }
    const names = [["muted", "ε = 0: falls for ever", "2 4"], [main, s.convention === "pytorch" ? "ε/K, as PyTorch does" : "ε/(K−1)", ""], [side, s.convention === "pytorch" ? "ε/(K−1)" : "ε/K, as PyTorch does", "7 4"]];
    let legend = "";
    names.forEach(([stroke, label, dash], i) => {
      legend += line(left, box.t + 12 + i * 19, left + 26, box.t + 12 + i * 19, stroke, 2.25, dash) + text(left + 34, box.t + 16 + i * 19, label, stroke, "start", 'class="ce-halo"');
    });
    legend += text(left, box.t + 78, `target: ${fixed(d.on, 3)} right,`, "ink", "start", 'class="ce-halo"') + text(left, box.t + 95, `${fmt(d.off)} each other`, "ink", "start", 'class="ce-halo"');
    const [x, y] = [X(s.margin), Math.max(box.t, Y(d.loss))];
    const places = [[14, -12], [-56, -12], [-21, -20], [14, -24], [-56, -24], [14, 22], [-56, 22]].map(([right, down]) => [x + right, y + down]);
    const [valueLeft, foot] = clearPlace(places.filter(([at, up]) => up > box.t + 8 && at + 42 < f.w), 42, curves, X, Y, boxes);
    return [base, clip(box, lines), marks, legend, line(x, y, x, box.b, "muted", 1, "2 3") + grip(x, y, main) + best + text(valueLeft, foot, fmt(d.loss), main, "start", 'class="ce-halo"')];
  },
  handles(s, d, f) {
    const { box, X, Y } = frame(s, f);
    return [{ name: "point", x: X(s.margin), y: Math.max(box.t, Y(d.loss)) }];
  },
  drag(name, x, y, s, d, f) {
    return { margin: Math.round(Math.min(HIGH, Math.max(LOW, frame(s, f).X.inv(x))) * 10) / 10 };
  },
  formula(s, d) {
    const [e, u] = [short(s.epsilon), short(1 - s.epsilon)];
    const best = s.epsilon === 0 ? "<span>ε = 0: no margin is best, the loss tends to 0</span>" : s.convention === "pytorch" ? `<span>best <i>m</i> = ln(1 + ${s.k}·${u}/${e}) = <b class="ce-green">${fmt(d.best)}</b></span>` : `<span>best <i>m</i> = ln(${s.k - 1}·${u}/${e}) = <b class="ce-green">${fmt(d.best)}</b></span>`;
    return `${best} <span>least loss = <i>H</i>(<i>q</i>) = <b>${fmt(d.least)}</b></span> <span>here <b>${fmt(d.loss)}</b></span>`;
  },
  describe(s, d) {
    return `Smoothing ${short(s.epsilon)} over ${s.k} classes, ${s.convention === "pytorch" ? "PyTorch’s convention" : "the other convention"}: loss ${fmt(d.loss)} nats at margin ${short(s.margin)}, ${fmt(d.hard)} without smoothing. ${Number.isFinite(d.best) ? `The least loss is ${fmt(d.least)} at margin ${fmt(d.best, 3)}.` : "Without smoothing no margin is best."}`;
  },
  presets: [
    { name: "digits", label: "10 classes, ε = 0.1", state: { k: 10, epsilon: 0.1, margin: 2 } },
    { name: "two", label: "2 classes", state: { k: 2, epsilon: 0.1, margin: 1 } },
    { name: "hundred", label: "100 classes", state: { k: 100, epsilon: 0.1, margin: 5 } },
    { name: "none", label: "no smoothing", state: { epsilon: 0, margin: 5 } },
  ],
  challenges: [
    { id: "least", text: "Stand where the smoothed loss is least, with ε of 0.05 or more.", hint: "The softmax of the logits must equal the smoothed target: p = 1 − ε + ε/K for the right class.", met: (s, d) => s.epsilon >= 0.05 && Math.abs(s.margin - d.best) < 0.06 },
    { id: "twice", text: "Be so sure of the right answer that the smoothed loss is twice its least value.", hint: "Beyond the best margin the loss grows in a straight line.", met: (s, d) => s.epsilon > 0 && s.margin > d.best && d.loss >= 2 * d.least },
    { id: "agree", text: "With ε of 0.05 or more, bring the best margins of both conventions within 0.01 of each other.", hint: "ε/K and ε/(K−1): when do they hardly differ?", met: (s, d) => s.epsilon >= 0.05 && Math.abs(d.both.pytorch.best - d.both.off_class.best) < 0.01 },
    { id: "negative", text: "Smooth so much that a wrong answer is wanted: a best margin below 0.", hint: "Only one of the two conventions can do that.", met: (s, d) => d.best < 0 },
  ],
};

export default explorer(smoothing);
