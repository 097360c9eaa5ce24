// @ts-check
import { colour, explorer, fixed, fmt, px, rect, scale, short, text } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */

const WEIGHTS = [0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20];
const SHARES = ["plain", "weight", "pos_weight"];

/** @type {import("./core.mjs").Explorer} */
const weights = {
  name: "weights",
  title: "What class weights do to the mean, and to the gradient",
  height: 326,
  narrowHeight: 350,
  controls: [
    { name: "common", label: "common, N₀", min: 1, max: 40, step: 1, value: 12 },
    { name: "rare", label: "rare, N₁", min: 1, max: 20, step: 1, value: 3 },
    { name: "p_common", label: "p for common", min: 0.01, max: 0.99, step: 0.01, value: 0.9 },
    { name: "p_rare", label: "p for rare", min: 0.01, max: 0.99, step: 0.01, value: 0.6 },
    { name: "w_common", label: "weight w₀", min: 0.1, max: 20, step: 0.1, value: 1, values: WEIGHTS },
    { name: "w_rare", label: "weight w₁", min: 0.1, max: 20, step: 0.1, value: 4, values: WEIGHTS },
    { name: "pos_weight", label: "pos_weight", min: 0.1, max: 20, step: 0.1, value: 4, values: WEIGHTS },
    { name: "reduction", label: "reduction", kind: "choice", options: [["mean", "mean"], ["sum", "sum"]], value: "mean" },
  ],
  settle(s) {
    s.common = Math.round(s.common);
    s.rare = Math.round(s.rare);
  },
  derive(s) {
    const n = s.common + s.rare;
    const [l0, l1] = [-Math.log(s.p_common), -Math.log(s.p_rare)];
    const sum = s.reduction === "sum";
    const row = (/** @type {number} */ w0, /** @type {number} */ w1, /** @type {number} */ mean) => {
      const by = sum ? 1 : mean;
      const [one0, one1] = [(w0 * l0) / by, (w1 * l1) / by];
      const loss = s.common * one0 + s.rare * one1;
      return { by, one0, one1, loss, share: (s.rare * one1) / loss, grad: (w1 * (s.p_rare - 1)) / by };
    };
    return { n, plain: row(1, 1, n), weight: row(s.w_common, s.w_rare, s.common * s.w_common + s.rare * s.w_rare), pos_weight: row(1, s.pos_weight, n) };
  },
  draw(s, d, f) {
    const most = Math.max(...SHARES.map((k) => d[k].loss));
    const power = 10 ** Math.floor(Math.log10(most));
    const reach = ([1, 2, 3, 5, 10].find((m) => m * power >= most * 1.02) ?? 20) * power;
    const X = scale(0, reach, 14, f.w - 14);
    const total = { plain: "N", weight: "Σw", pos_weight: "N" };
    const names = { plain: "no weights", weight: f.narrow ? "CrossEntropyLoss(weight)" : `CrossEntropyLoss(weight=[${short(s.w_common)}, ${short(s.w_rare)}])`, pos_weight: f.narrow ? "BCEWithLogits(pos_weight)" : `BCEWithLogitsLoss(pos_weight=${short(s.pos_weight)})` };
    const gap = f.narrow ? 92 : 84;
    let out = `${rect(14, 8, 12, 12, "blue")}${text(32, 19, "common samples")}${rect(158, 8, 12, 12, "orange")}${text(176, 19, "rare samples")}`;
    SHARES.forEach((key, i) => {
      const row = d[/** @type {"plain"} */ (key)];
      const y = 50 + i * gap;
      const divisor = s.reduction === "sum" ? "sum" : `÷ ${total[/** @type {"plain"} */ (key)]} = ${short(row.by)}`;
      out += text(14, y, names[/** @type {"plain"} */ (key)], "ink", "start", 'font-weight="600"') + text(f.w - 14, y, `${divisor}:  ${fmt(row.loss)}`, "ink", "end");
      const split = X(s.common * row.one0);
      out += rect(14, y + 8, split - 14, 18, "blue") + rect(split, y + 8, X(row.loss) - split, 18, "orange");
      // A line between any two samples, so that each one's share is seen.
      let cuts = "";
      for (let k = 1; k < d.n; k++) {
        const at = k <= s.common ? k * row.one0 : s.common * row.one0 + (k - s.common) * row.one1;
        cuts += `M${px(X(at))} ${y + 8}v18`;
      }
      out += `<path d="${cuts}" stroke="${colour("page")}" stroke-width="1"/>`;
      const says = `rare: ${fixed(100 * row.share, 0)}%`;
      out += text(14, y + 44, f.narrow ? says : `share of the rare samples: ${fixed(100 * row.share, 0)}%`, "orange") + text(f.w - 14, y + 44, f.narrow ? `slope, a rare logit: ${fmt(row.grad)}` : `slope on the logit of a rare sample: ${fmt(row.grad)}`, "purple", "end");
    });
    const foot = 46 + 3 * gap - (f.narrow ? 14 : 18);
    let axis = `M14 ${foot}H${f.w - 14}`;
    let marks = "";
    for (let k = 0; k <= 4; k++) {
      axis += `M${px(X((reach * k) / 4))} ${foot}v4`;
      marks += text(X((reach * k) / 4), foot + 18, short((reach * k) / 4), "muted", k === 0 ? "start" : k === 4 ? "end" : "middle");
    }
    return [out, `<path d="${axis}" stroke="${colour("muted")}"/>${marks}${text(f.w / 2, foot + 36, "loss in nats", "ink", "middle")}`];
  },
  formula(s, d) {
    if (s.reduction === "sum") return `<span>CrossEntropyLoss: ${s.common}·${short(s.w_common)}·${fixed(-Math.log(s.p_common), 3)} + ${s.rare}·${short(s.w_rare)}·${fixed(-Math.log(s.p_rare), 3)} =\u00a0<b>${fmt(d.weight.loss)}</b></span>`;
    return `<span>CrossEntropyLoss: (${s.common}·${short(s.w_common)}·${fixed(-Math.log(s.p_common), 3)} + ${s.rare}·${short(s.w_rare)}·${fixed(-Math.log(s.p_rare), 3)}) / (${s.common}·${short(s.w_common)} + ${s.rare}·${short(s.w_rare)}) =\u00a0<b>${fmt(d.weight.loss)}</b></span>`;
  },
  describe(s, d) {
    return `${s.common} common and ${s.rare} rare samples, reduction ${s.reduction}: without weights ${fmt(d.plain.loss)} nats, the rare ones ${fixed(100 * d.plain.share, 0)} percent of it; CrossEntropyLoss with weights ${fmt(d.weight.loss)}, ${fixed(100 * d.weight.share, 0)} percent; BCEWithLogitsLoss with pos_weight ${fmt(d.pos_weight.loss)}, ${fixed(100 * d.pos_weight.share, 0)} percent.`;
  },
  presets: [
    { name: "none", label: "all weights 1", state: { w_common: 1, w_rare: 1, pos_weight: 1 } },
    { name: "balanced", label: "30 to 2", state: { common: 30, rare: 2, p_common: 0.9, p_rare: 0.3, w_rare: 5, pos_weight: 5 } },
    { name: "single", label: "one rare sample", state: { common: 20, rare: 1, p_common: 0.9, p_rare: 0.2, w_rare: 5, pos_weight: 5 } },
  ],
  challenges: [
    { id: "half", text: "With at most one rare sample in five, let them make 45 to 55% of the weighted mean.", hint: "Raise the weight of the rare samples until both colours are equally long.", met: (s, d) => s.rare * 4 <= s.common && d.weight.share >= 0.45 && d.weight.share <= 0.55 && s.reduction === "mean" && s.w_rare !== s.w_common },
    { id: "cancel", text: "Find weights that are not 1 and change nothing in the mean of CrossEntropyLoss.", hint: "The mean divides by the weights it has used.", met: (s, d) => s.reduction === "mean" && s.w_common !== 1 && Math.abs(d.weight.loss - d.plain.loss) < 1e-9 },
    { id: "inflate", text: "Make the mean with pos_weight more than 3 times the mean without.", hint: "BCEWithLogitsLoss divides by N, whatever the weights are.", met: (s, d) => s.reduction === "mean" && d.pos_weight.loss > 3 * d.plain.loss },
    { id: "agree", text: "Let both weighted losses agree exactly, and differ from the plain one.", hint: "They differ in the denominator only: which reduction has none?", met: (s, d) => Math.abs(d.weight.loss - d.pos_weight.loss) < 1e-9 && Math.abs(d.weight.loss - d.plain.loss) > 0.01 },
  ],
};

export default explorer(weights);
