// @ts-check
import { arrow, axes, bceWithLogits, clip, colour, curve, dot, explorer, fixed, fmt, gradBceWithLogits, grip, it, keep, line, path, plotBox, px, rect, scale, short, sigmoid, text } from "./core.mjs";
import { NAIVE_BCE } from "./bce_data.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Derived} Derived */
/** @typedef {import("./core.mjs").Frame} Frame */

const NEAR = 8; // the plain view shows logits up to this
const FAR = 40;
const FORMATS = ["float16", "float32", "float64"];
const STYLE = { float16: ["red", "2 4"], float32: ["orange", "7 4"], float64: ["purple", "12 3 2 3"] };

/** NumPy's naive losses at the tabulated logits, by label and format. @type {Record<string, number[]>} */
const TABLE = Object.fromEntries(Object.entries(NAIVE_BCE).map(([key, list]) => [key, list.split(" ").map(Number)]));

/** @param {State} s */
const isFar = (s) => s.naive || Math.abs(s.z) > NEAR;
/** @param {State} s */
const hard = (s) => s.y === 0 || s.y === 1;

/** @param {State} s @param {Frame} f */
function frame(s, f) {
  const box = plotBox(f, 46, 14, 34, 112);
  const far = isFar(s);
  const reach = far ? FAR : NEAR;
  const X = scale(-reach, reach, box.l, box.r);
  const Y = scale(0, far ? FAR : NEAR, box.b, box.t);
  return { box, X, Y, far, P: scale(0, 1, box.l + 26, box.r - 26), strip: f.h - 32 };
}

/** @type {import("./core.mjs").Explorer} */
const bce = {
  name: "bce",
  title: "The loss of one yes-or-no answer against its logit",
  height: 430,
  narrowHeight: 420,
  controls: [
    { name: "z", label: "logit z", min: -FAR, max: FAR, step: 0.1, value: -2, limits: (s) => (s.naive ? [-FAR, FAR, 0.5] : isFar(s) ? [-FAR, FAR, 0.1] : [-NEAR, NEAR, 0.1]) },
    { name: "y", label: "label y", min: 0, max: 1, step: 0.05, value: 1 },
    { name: "naive", label: "show the naive form −y ln p − (1 − y) ln(1 − p), computed in three float formats", kind: "switch", value: false },
  ],
  // The naive values are NumPy's own, tabulated at every half logit: the slider walks along these.
  settle(s) {
    if (s.naive) s.z = Math.round(s.z * 2) / 2;
  },
  derive(s) {
    const { z, y } = s;
    const p = sigmoid(z);
    const loss = bceWithLogits(z, y);
    const grad = gradBceWithLogits(z, y);
    const naive = s.naive && hard(s) ? Object.fromEntries(FORMATS.map((k) => [k, TABLE[`${k}_${y}`][Math.round((z + FAR) * 2)]])) : null;
    return { p, loss, grad, squared: (p - y) ** 2, naive };
  },
  draw(s, d, f) {
    const { box, X, Y, far, P, strip } = frame(s, f);
    const { z, y } = s;
    const [x0, y0] = [X(z), Y(d.loss)];
    const key = ["bce", y, far, f.narrow];
    const base = keep(["axes", ...key], () => axes(X, Y, `logit ${it("z")}`, "loss in nats", far ? {} : { xTicks: f.narrow ? [-8, -4, 0, 4, 8] : [-8, -6, -4, -2, 0, 2, 4, 6, 8] }));
    const ce = keep(["ce", ...key], () => curve((v) => bceWithLogits(v, y), X, Y, "blue", 2.5));
    let lines = ce;
    let words = "";
    // The label stands where the curve leaves room: on the side of the higher loss.
    const side = y >= 0.5 ? -1 : 1;
    if (d.naive) {
      FORMATS.forEach((k, row) => {
        const list = TABLE[`${k}_${y}`];
        const [stroke, dash] = STYLE[/** @type {"float16"} */ (k)];
        lines += keep([k, ...key], () => path(list.map((v, i) => [X(i / 2 - FAR), Y(v)]), stroke, 2.5, dash));
        // Where the values end: the first infinite one, seen from the side where they are finite.
        const broken = list.map((v, i) => (Number.isFinite(v) ? NaN : i / 2 - FAR)).filter((v) => !Number.isNaN(v));
        if (broken.length) {
          const at = y ? Math.max(...broken) : Math.min(...broken);
          lines += line(X(at), box.t, X(at), box.b, stroke, 1, "1 3");
          const left = y === 1 || k === "float64";
          words += text(X(at) + (left ? -5 : 5), box.b - 10 - row * 17, `${k.slice(5)}: inf`, stroke, left ? "end" : "start", 'class="ce-halo"');
        }
      });
      const column = y ? box.r - 8 : box.l + 168;
      const rows = [["stable form", d.loss, "blue"], ...FORMATS.map((k) => [`naive, ${k}`, d.naive[k], STYLE[/** @type {"float16"} */ (k)][0]])];
      rows.forEach(([label, v, stroke], i) => {
        words += text(column - 72, box.t + 92 + i * 18, String(label), String(stroke), "end", 'class="ce-halo"') + text(column, box.t + 92 + i * 18, fmt(Number(v)), String(stroke), "end", 'font-weight="600"');
      });
    } else {
      lines += keep(["squared", ...key], () => curve((v) => (sigmoid(v) - y) ** 2, X, Y, "orange", 1.75, "5 4"));
      const reach = far ? FAR : NEAR;
      const at = side * reach * 0.7;
      words += text(X(at) - side * 8, Y(bceWithLogits(at, y)) - 6, "cross-entropy", "blue", side < 0 ? "start" : "end", 'class="ce-halo"');
      words += text(X(side * reach) - side * 4, Y(1) - 7, f.narrow ? "squared error" : `squared error (${it("p")} − ${it("y")})²`, "orange", side < 0 ? "start" : "end");
    }
    // The tangent, half a plot wide at most.
    const run = ((f.narrow ? 52 : 84) * (X.domain[1] - X.domain[0])) / (box.r - box.l);
    const tangent = line(X(z - run), Y(d.loss - d.grad * run), X(z + run), Y(d.loss + d.grad * run), "purple", 2);
    const label = Math.min(box.r - 4, Math.max(box.l + 4, x0));
    // On the side away from the curve, where there is room.
    const anchor = y >= 0.5 ? (x0 > box.r - 110 ? "end" : "start") : x0 < box.l + 110 ? "start" : "end";
    const shift = anchor === "end" ? -16 : 16;
    const slope = d.naive ? "" : text(label + shift, Math.max(box.t + 12, y0 - 14), `slope ${fmt(d.grad, 3)}`, "purple", anchor, 'class="ce-halo"');
    const drop = line(x0, y0, x0, box.b, "muted", 1, "2 3");
    // The strip: the gap between p and y is the slope.
    const [pp, py] = [P(d.p), P(y)];
    const gap = d.p - y;
    const track = rect(P(0), strip - 4, P(1) - P(0), 8, "grid", 'rx="4"') + text(P(0) - 9, strip + 5, "0", "muted", "end") + text(P(1) + 9, strip + 5, "1", "muted");
    const marks = `${arrow(py, strip, pp - Math.sign(gap) * 8, strip, "purple", 3)}<path d="M${px(py)} ${strip - 6}l-6 -10h12z" fill="${colour("ink")}"/>${dot(pp, strip, 6, "blue", `stroke="${colour("page")}" stroke-width="1.5"`)}`;
    const nearby = Math.abs(pp - py) < 70;
    const names = `${text(py, strip - 21, `${it("y")} = ${short(y)}`, "ink", nearby && py > pp ? "start" : nearby && py < pp ? "end" : "middle")}${text(pp, strip + 24, `${it("p")} = ${fmt(d.p, 3)}`, "blue", "middle")}`;
    const between = Math.abs(gap) > (f.narrow ? 0.4 : 0.22) ? text((pp + py) / 2, strip - 9, `${it("p")} − ${it("y")} = ${fmt(gap, 3)}`, "purple", "middle") : "";
    return [base, clip(box, lines), clip(box, tangent) + drop + grip(x0, Math.max(box.t, y0), "blue"), words + slope, track + marks + names + between];
  },
  handles(s, d, f) {
    const { X, Y, box } = frame(s, f);
    return [{ name: "point", x: X(s.z), y: Math.max(box.t, Y(d.loss)) }];
  },
  drag(name, x, y, s, d, f) {
    const { X } = frame(s, f);
    const [a, b] = X.domain;
    return { z: Math.round(Math.min(b, Math.max(a, X.inv(x))) * 20) / 20 };
  },
  formula(s, d) {
    const { y } = s;
    const z = `<b class="ce-blue">${short(s.z)}</b>`;
    const neg = `<b class="ce-blue">${s.z > 0 ? `−${short(s.z)}` : short(Math.abs(s.z))}</b>`;
    const whole = y === 1 ? `ln(1 + e<sup>${neg}</sup>)` : y === 0 ? `ln(1 + e<sup>${z}</sup>)` : `${short(y)} ln(1 + e<sup>${neg}</sup>) + ${short(1 - y)} ln(1 + e<sup>${z}</sup>)`;
    return `<span><i>ℓ</i> = ${whole} = <b>${fmt(d.loss)}</b></span> <span>slope <i>σ</i>(<i>z</i>) − <i>y</i> = ${hard(s) ? fmt(d.p) : fixed(d.p, 4)} − ${short(y)} = <b class="ce-purple">${fmt(d.grad)}</b></span>`;
  },
  describe(s, d) {
    const naive = d.naive ? ` The naive form gives ${FORMATS.map((k) => `${fmt(d.naive[k])} in ${k}`).join(", ")}.` : s.naive ? " The naive values are tabulated for the labels 0 and 1." : "";
    return `Logit ${short(s.z)}, label ${short(s.y)}: probability ${fmt(d.p)}, cross-entropy ${fmt(d.loss)} nats, slope ${fmt(d.grad)}, squared error ${fmt(d.squared)}.${naive}`;
  },
  presets: [
    { name: "undecided", label: "undecided", state: { z: 0.5, y: 1 } },
    { name: "sure-and-right", label: "sure and right", state: { z: 4, y: 1 } },
    { name: "sure-and-wrong", label: "sure and wrong", state: { z: -4, y: 1 } },
    { name: "soft-label", label: "a soft label", state: { z: 3, y: 0.8 } },
    { name: "about-to-break", label: "about to break", state: { z: 16.5, y: 0, naive: true } },
  ],
  challenges: [
    { id: "ln2", text: "Make the loss ln 2 = 0.6931.", hint: "That is the loss of a coin: which logit gives p = 1/2?", met: (s, d) => Math.abs(d.loss - Math.LN2) < 5e-4 },
    { id: "five", text: "Be so sure and so wrong that the loss passes 5 nats.", hint: "Far out, the loss is nearly the size of the logit.", met: (s, d) => !s.naive && d.loss > 5 },
    { id: "flat", text: "With a label between 0.6 and 0.95, find the logit where the slope is 0.", hint: "The slope is p − y: the curve is flat where the probability equals the label.", met: (s, d) => s.y >= 0.6 && s.y <= 0.95 && Math.abs(d.grad) < 0.005 },
    { id: "inf", text: "Show the naive form, and find a logit where float32 says inf and float64 does not.", hint: "Take the label 0 and walk to the right: 1 − p is what runs out of digits first.", met: (s, d) => d.naive !== null && d.naive.float32 === Infinity && Number.isFinite(d.naive.float64) },
  ],
};

export default explorer(bce);
