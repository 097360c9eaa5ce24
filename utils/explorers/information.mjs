// @ts-check
import { axes, colour, entropy, explorer, fixed, fmt, it, klDivergence, line, px, rect, scale, short, text } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Frame} Frame */

const NAMES = ["A", "B", "C"];

/** Sets one share; the others keep their proportions and fill up to 1. @param {number[]} list @param {number} item @param {number} value */
function share(list, item, value) {
  const rest = list.reduce((sum, v, k) => (k === item ? sum : sum + v), 0);
  return list.map((v, k) => (k === item ? value : rest > 0 ? (v / rest) * (1 - value) : (1 - value) / (list.length - 1)));
}

/** @param {number[]} list */
function normal(list) {
  const sum = list.reduce((a, b) => a + b, 0);
  if (sum === 0) return list.map(() => 1 / list.length);
  return Math.abs(sum - 1) < 1e-9 ? list : list.map((v) => v / sum);
}

/** @param {State} s */
const unit = (s) => (s.unit === "bits" ? Math.LN2 : 1);

/** @param {Frame} f */
const bars = (f) => ({ l: 40, r: f.w - 14, t: 34, b: f.narrow ? 170 : 176 });

/** Where the bar of outcome k stands. @param {State} s @param {Frame} f @param {number} k @param {number} which */
function place(s, f, k, which) {
  const box = bars(f);
  const slot = (box.r - box.l) / s.q.length;
  const width = Math.min(54, slot * 0.32);
  return { x: box.l + slot * (k + 0.5) + (which ? 4 : -4 - width), width };
}

/** @type {import("./core.mjs").Explorer} */
const information = {
  name: "information",
  title: "Entropy, cross-entropy and divergence of two distributions",
  height: 392,
  narrowHeight: 384,
  controls: [
    { name: "q", label: "outcomes", kind: "list", min: 0, max: 1, step: 0.01, value: [0.7, 0.2, 0.1], lengths: [2, 3], names: NAMES.map((n) => `truth q(${n})`), join: share },
    { name: "p", label: "model", kind: "list", min: 0, max: 1, step: 0.01, value: [0.3, 0.4, 0.3], lengths: [2, 3], bound: true, names: NAMES.map((n) => `model p(${n})`), join: share },
    { name: "unit", label: "unit", kind: "choice", options: [["nats", "nats"], ["bits", "bits"]], value: "nats" },
  ],
  settle(s) {
    // The model follows the truth in the number of outcomes.
    s.q = normal(s.q);
    s.p = normal(s.q.map((/** @type {number} */ _, /** @type {number} */ k) => s.p[k] ?? 0));
  },
  derive(s) {
    const u = unit(s);
    const { p } = s;
    const plog = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.reduce((sum, v, k) => (v === 0 ? sum : sum - v * Math.log(b[k])), 0) / u;
    return { entropy: entropy(s.q) / u, cross_entropy: plog(s.q, p), kl: klDivergence(s.q, p) / u, entropy_model: entropy(p) / u, cross_entropy_reversed: plog(p, s.q), kl_reversed: klDivergence(p, s.q) / u };
  },
  draw(s, d, f) {
    const box = bars(f);
    const X = scale(0, s.q.length, box.l, box.r);
    const Y = scale(0, 1, box.b, box.t);
    const base = axes(X, Y, "", "probability", { xTicks: [], yTicks: [0, 0.5, 1] });
    let shapes = "";
    const logP = s.unit === "bits" ? '−log<tspan dy="3" font-size="9.5">2</tspan> <tspan dy="-3" font-style="italic">p</tspan>' : `−ln ${it("p")}`;
    s.q.forEach((/** @type {number} */ _, /** @type {number} */ k) => {
      [s.q[k], s.p[k]].forEach((v, which) => {
        const { x, width } = place(s, f, k, which);
        const fill = which ? "blue" : "green";
        shapes += rect(x, Y(v), width, box.b - Y(v), fill, which ? "" : 'fill-opacity=".85"') + rect(x + width / 2 - 11, Y(v) - 2, 22, 4, fill, 'rx="2"') + text(x + width / 2, Y(v) - 8, `${which ? it("p") : it("q")} ${fixed(v)}`, fill, "middle", 'class="ce-halo"');
      });
      const surprise = -Math.log(s.p[k]) / unit(s);
      shapes += text(X(k + 0.5), box.b + 18, NAMES[k], "ink", "middle", 'font-weight="600"') + text(X(k + 0.5), box.b + 35, `${f.narrow ? "" : "surprise "}${logP} = ${fixed(surprise)}${f.narrow ? "" : ` ${s.unit}`}`, "muted", "middle");
    });
    // Lengths: each sum is laid end to end.
    const most = Math.max(d.cross_entropy, d.cross_entropy_reversed, d.entropy, d.entropy_model);
    const reach = [2, 4, 8].find((v) => v >= most * 1.02) ?? 16;
    const L = scale(0, reach, f.narrow ? 14 : 40, f.w - 14);
    const top = box.b + 60;
    const gap = f.narrow ? 56 : 52;
    const rows = [
      [d.entropy, d.kl, `${it("H")}(${it("q")}, ${it("p")})`, `${it("H")}(${it("q")})`, `KL(${it("q")}‖${it("p")})`, d.cross_entropy, "green", "orange"],
      [d.entropy_model, d.kl_reversed, `${it("H")}(${it("p")}, ${it("q")})`, `${it("H")}(${it("p")})`, `KL(${it("p")}‖${it("q")})`, d.cross_entropy_reversed, "blue", "purple"],
    ];
    let lengths = "";
    rows.forEach(([own, extra, sumName, ownName, extraName, sum, fillOwn, fillExtra], i) => {
      const y = top + i * gap;
      const [e, k] = [Number(own), Number(extra)];
      const end = Number.isFinite(k) ? L(Math.min(reach, e + k)) : f.w - 4;
      lengths += text(L(0), y + 12, `${ownName} ${fixed(e, 3)} + ${extraName} ${fixed(k, 3)} = ${sumName} ${fixed(Number(sum), 3)}`);
      lengths += rect(L(0), y + 20, L(e) - L(0), 14, String(fillOwn)) + rect(L(e), y + 20, Math.max(0, end - L(e)), 14, String(fillExtra), 'fill-opacity=".8"') + line(L(e), y + 17, L(e), y + 37, "ink", 1.5);
    });
    const foot = top + 2 * gap - 6;
    let ruler = `M${px(L(0))} ${foot}H${px(L(reach))}`;
    let numbers = "";
    for (let v = 0; v <= reach; v += reach / 4) {
      ruler += `M${px(L(v))} ${foot}v4`;
      numbers += text(L(v), foot + 18, short(v), "muted", v === 0 ? "start" : v === reach ? "end" : "middle");
    }
    return [base, shapes, lengths, `<path d="${ruler}" stroke="${colour("muted")}"/>${numbers}${text((L(0) + L(reach)) / 2, foot + 36, s.unit, "ink", "middle")}`];
  },
  handles(s, d, f) {
    const box = bars(f);
    const Y = scale(0, 1, box.b, box.t);
    return s.q.flatMap((/** @type {number} */ q, /** @type {number} */ k) =>
      [q, s.p[k]].map((v, which) => {
        const { x, width } = place(s, f, k, which);
        return { name: `${which ? "p" : "q"}${k}`, x: x + width / 2, y: Y(v) };
      }),
    );
  },
  drag(name, x, y, s, d, f) {
    const box = bars(f);
    const v = Math.round(Math.min(1, Math.max(0, scale(0, 1, box.b, box.t).inv(y))) * 100) / 100;
    const list = name[0] === "q" ? s.q : s.p;
    return { [name[0]]: share(list, Number(name[1]), v) };
  },
  formula(s, d) {
    const sum = s.q.map((/** @type {number} */ v, /** @type {number} */ k) => `${fixed(v)}·${fixed(-Math.log(s.p[k]) / unit(s))}`).join(" + ");
    return `<span><i>H</i>(<i>q</i>, <i>p</i>) = −Σ <i>q</i> ${s.unit === "bits" ? "log<sub>2</sub>" : "ln"} <i>p</i> = ${sum} =\u00a0<b class="ce-orange">${fmt(d.cross_entropy)}</b> ${s.unit}</span>`;
  },
  describe(s, d) {
    return `Truth ${s.q.map((/** @type {number} */ v) => fixed(v)).join(", ")}, model ${s.p.map((/** @type {number} */ v) => fixed(v)).join(", ")}: entropy ${fmt(d.entropy)}, cross-entropy ${fmt(d.cross_entropy)}, KL divergence ${fmt(d.kl)}, the other way round ${fmt(d.kl_reversed)} ${s.unit}.`;
  },
  presets: [
    { name: "coin", label: "fair coin, wrong model", state: { q: [0.5, 0.5], p: [0.8, 0.2] } },
    { name: "one-hot", label: "a one-hot truth", state: { q: [1, 0, 0], p: [0.6, 0.3, 0.1] } },
    { name: "close", label: "nearly right", state: { q: [0.5, 0.3, 0.2], p: [0.45, 0.35, 0.2] } },
    { name: "far", label: "far apart", state: { q: [0.9, 0.05, 0.05], p: [0.05, 0.05, 0.9] } },
  ],
  challenges: [
    { id: "zero", text: "Bring the divergence to 0 (below 0.0005) with a truth that is not uniform.", hint: "Cross-entropy is least, and equal to the entropy, when the model equals the truth.", met: (s, d) => d.kl < 5e-4 && Math.max(...s.q) - Math.min(...s.q) > 0.1 },
    { id: "asymmetric", text: "Make KL(q‖p) more than twice KL(p‖q), and both finite.", hint: "Give the model little where the truth has some: ln(q/p) is then large, weighted by q.", met: (s, d) => Number.isFinite(d.kl) && d.kl_reversed > 0.01 && d.kl > 2 * d.kl_reversed },
    { id: "infinite", text: "Make the cross-entropy infinite.", hint: "Call something impossible that does happen.", met: (s, d) => d.cross_entropy === Infinity },
    { id: "bit", text: "With three outcomes, make the entropy of the truth exactly 1 bit.", hint: "One bit is one fair coin.", met: (s, d) => s.q.length === 3 && Math.abs(d.entropy * unit(s) - Math.LN2) < 0.002 },
  ],
};

export default explorer(information);
