// @ts-check
import { axes, clip, colour, explorer, fixed, fmt, grip, it, keep, line, path, px, rect, scale, short, softmax, text } from "./core.mjs";
import { DIGIT_LABELS, DIGIT_LOGITS } from "./temperature_data.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

const LETTERS = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i)).filter((c) => c !== "\\" && c !== "`");
const LABELS = [...DIGIT_LABELS].map(Number);
const LOGITS = LABELS.map((_, i) => [...DIGIT_LOGITS.slice(10 * i, 10 * i + 10)].map((c) => (LETTERS.indexOf(c) - (LETTERS.length >> 1)) / 2));
const PREDICTED = LOGITS.map((z) => z.indexOf(Math.max(...z)));
const ACCURACY = PREDICTED.filter((k, i) => k === LABELS[i]).length / LABELS.length;
const [COLD, HOT] = [0.25, 8];
const STEPS = [0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.1, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4, 5, 6, 7, 8];

/** What temperature t does: ten bins of confidence with how many samples, their sum of confidence and of right answers; the expected calibration error; the mean loss. @param {number} t */
function calibration(t) {
  const bins = Array.from({ length: 10 }, () => ({ n: 0, confidence: 0, right: 0 }));
  let nll = 0;
  for (let i = 0; i < LABELS.length; i++) {
    const z = LOGITS[i];
    const top = z[PREDICTED[i]];
    let rest = 0;
    for (let k = 0; k < 10; k++) if (k !== PREDICTED[i]) rest += Math.exp((z[k] - top) / t);
    nll += (top - z[LABELS[i]]) / t + Math.log1p(rest);
    const sure = 1 / (1 + rest);
    const bin = bins[Math.min(9, Math.floor(sure * 10))];
    bin.n += 1;
    bin.confidence += sure;
    bin.right += PREDICTED[i] === LABELS[i] ? 1 : 0;
  }
  const ece = bins.reduce((sum, b) => sum + Math.abs(b.right - b.confidence), 0) / LABELS.length;
  return { bins, ece, nll: nll / LABELS.length };
}

/** The temperature of least loss. In 1/T the loss is convex: Newton's steps find it, halving where they lead astray. */
function bestTemperature() {
  let [low, beta, high] = [1 / HOT, 1, 1 / COLD];
  for (let k = 0; k < 60; k++) {
    let slope = 0;
    let bend = 0;
    LOGITS.forEach((z, i) => {
      const p = softmax(z.map((v) => v * beta));
      const mean = p.reduce((sum, v, j) => sum + v * z[j], 0);
      slope += mean - z[LABELS[i]];
      bend += p.reduce((sum, v, j) => sum + v * (z[j] - mean) ** 2, 0);
    });
    if (slope > 0) high = beta;
    else low = beta;
    const next = beta - slope / bend;
    const step = next > low && next < high ? next - beta : (low + high) / 2 - beta;
    beta += step;
    if (Math.abs(step) < 1e-15) break;
  }
  return 1 / beta;
}

/** What does not depend on the state. */
const constants = () =>
  keep(["digits"], () => {
    const best = bestTemperature();
    const curves = Array.from({ length: 57 }, (_, i) => {
      const t = COLD * (HOT / COLD) ** (i / 56);
      const { nll, ece } = calibration(t);
      return [Math.log2(t), nll, ece];
    });
    return { best, least: calibration(best).nll, trained: calibration(1), curves };
  });

/** @param {Frame} f */
function frame(f) {
  const bins = f.narrow ? { l: 44, r: 346, t: 34, b: 244 } : { l: 44, r: 330, t: 34, b: 306 };
  const nll = f.narrow ? { l: 44, r: 346, t: 322, b: 432 } : { l: 400, r: 666, t: 34, b: 152 };
  const ece = f.narrow ? { l: 44, r: 346, t: 490, b: 560 } : { l: 400, r: 666, t: 206, b: 306 };
  const T = scale(-2, 3, nll.l, nll.r);
  return { bins, nll, ece, T, N: scale(0, 2, nll.b, nll.t), E: scale(0, 0.5, ece.b, ece.t), X: scale(0, 1, bins.l, bins.r), Y: scale(0, 1, bins.b, bins.t) };
}

/** @type {import("./core.mjs").Explorer} */
const temperature = {
  name: "temperature",
  title: "Temperature and calibration of a real classifier of digits",
  height: 350,
  narrowHeight: 606,
  controls: [{ name: "temperature", label: "temperature", min: COLD, max: HOT, step: 0.01, value: 1, values: STEPS }],
  derive({ temperature: t }) {
    const { best, least } = constants();
    return { ...calibration(t), accuracy: ACCURACY, best, best_nll: least };
  },
  draw(s, d, f) {
    const { bins, nll, ece, T, N, E, X, Y } = frame(f);
    const fifths = [0, 0.2, 0.4, 0.6, 0.8, 1];
    const tTicks = { xTicks: [-2, -1, 0, 1, 2, 3], xText: (/** @type {number} */ v) => short(2 ** v) };
    const base = keep(["temperature", f.narrow], () => axes(X, Y, "confidence", "share of right answers", { xTicks: fifths, yTicks: fifths }) + axes(T, N, "", "loss, nats", { ...tTicks, yTicks: [0, 0.5, 1, 1.5, 2] }) + axes(T, E, `temperature ${it("T")}`, "calibration error (ECE)", { ...tTicks, yTicks: [0, 0.25, 0.5] }) + line(X(0), Y(0), X(1), Y(1), "muted", 1.25, "5 4"));
    const { best, curves } = constants();
    const fixedLines = keep(["nll", f.narrow], () => clip(nll, path(curves.map(([x, v]) => [T(x), N(v)]), "blue", 2.25)) + clip(ece, path(curves.map(([x, , v]) => [T(x), E(v)]), "orange", 2.25)));
    // Where the loss is least is shown to those who have come near.
    const near = Math.abs(s.temperature / best - 1) < 0.03;
    const found = near ? line(T(Math.log2(best)), nll.t, T(Math.log2(best)), nll.b, "green", 1.25, "5 4") + text(T(Math.log2(best)) + 6, nll.t + 12, `best ${it("T")} = ${fmt(best, 3)}`, "green", "start", 'class="ce-halo"') : "";
    let bars = "";
    const width = (X(1) - X(0)) / 10;
    d.bins.forEach((/** @type {{n: number, confidence: number, right: number}} */ b, /** @type {number} */ k) => {
      if (!b.n) return;
      const [right, sure] = [b.right / b.n, b.confidence / b.n];
      const x = X(k / 10);
      bars += rect(x + 1.5, Y(right), width - 3, Y(0) - Y(right), "blue", `fill-opacity="${b.n < 5 ? 0.35 : 0.8}"`);
      // The gap to what was promised: hatched upwards when too sure, downwards when too modest.
      bars += `<path d="M${px(x + width / 2)} ${px(Y(right))}V${px(Y(sure))}" stroke="${colour("orange")}" stroke-width="3"/><path d="M${px(x + 3)} ${px(Y(sure))}h${px(width - 6)}" stroke="${colour("orange")}" stroke-width="2.5"/>`;
      if (right > 0.06) bars += text(x + width / 2, Y(0) - 5, String(b.n), b.n < 5 ? "ink" : "page", "middle", 'style="font-size:10.5px"');
    });
    const note = text(X(0.03), Y(0.95), `right: ${fixed(100 * d.accuracy, 1)}% at every ${it("T")}`, "blue", "start", 'class="ce-halo"') + text(X(0.03), Y(0.95) + 18, "orange: promised", "orange", "start", 'class="ce-halo"');
    const x = T(Math.log2(s.temperature));
    const end = x > (nll.l + nll.r) / 2;
    const off = end ? -14 : 14;
    const [yn, ye] = [Math.max(nll.t, N(d.nll)), E(Math.min(0.5, d.ece))];
    const marks = line(x, yn, x, nll.b, "muted", 1, "2 3") + line(x, ye, x, ece.b, "muted", 1, "2 3") + grip(x, yn, "blue") + grip(x, ye, "orange") + text(x + off, yn - 9, fmt(d.nll), "blue", end ? "end" : "start", 'class="ce-halo"') + text(x + off, ye - 9, fmt(d.ece, 3), "orange", end ? "end" : "start", 'class="ce-halo"');
    return [base, fixedLines, bars + note, found + marks];
  },
  handles(s, d, f) {
    const { nll, ece, T, N, E } = frame(f);
    const x = T(Math.log2(s.temperature));
    return [
      { name: "nll", x, y: Math.max(nll.t, N(d.nll)) },
      { name: "ece", x, y: Math.max(ece.t, E(d.ece)) },
    ];
  },
  drag(name, x, y, s, d, f) {
    const t = 2 ** frame(f).T.inv(x);
    return { temperature: Math.round(Math.min(HOT, Math.max(COLD, t)) * 100) / 100 };
  },
  formula(s, d) {
    return `<span><i>p</i> = softmax(<i>z</i> / ${short(s.temperature)})</span> <span>loss <b class="ce-blue">${fmt(d.nll)}</b></span> <span>ECE <b class="ce-orange">${fmt(d.ece)}</b></span> <span>least possible loss ${fmt(d.best_nll)}</span>`;
  },
  describe(s, d) {
    return `Temperature ${short(s.temperature)}: loss ${fmt(d.nll)} nats, expected calibration error ${fmt(d.ece)}, accuracy ${fixed(100 * d.accuracy, 1)} percent as at every temperature. The least possible loss is ${fmt(d.best_nll)}${Math.abs(s.temperature / d.best - 1) < 0.03 ? `, at temperature ${fmt(d.best, 3)}` : ""}.`;
  },
  presets: [
    { name: "cold", label: "cold: too sure", state: { temperature: 0.4 } },
    { name: "plain", label: "as trained", state: { temperature: 1 } },
    { name: "hot", label: "hot: too modest", state: { temperature: 2.6 } },
  ],
  challenges: [
    { id: "best", text: "Find the temperature of least loss, within 3%.", hint: "The network is too sure of itself: which way must T go?", met: (s, d) => Math.abs(s.temperature / d.best - 1) < 0.03 },
    { id: "half", text: "Bring the calibration error below half of what it is at T = 1.", hint: "Look for orange lines that end where the bars do.", met: (s, d) => d.ece < constants().trained.ece / 2 },
    { id: "modest", text: "Be so modest that the loss is worse than as trained, though every answer stays the same.", hint: "Too much heat: at T = 8 it promises 38% on average and is right in 85.5%.", met: (s, d) => s.temperature > d.best && d.nll > constants().trained.nll },
  ],
};

export default explorer(temperature);
