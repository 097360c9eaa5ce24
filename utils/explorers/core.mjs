// @ts-check
// What all explorers share: the loss maths, drawing, the form, dragging, challenges, syncing.
// No dependency. Every import and export statement stands on one line: Python joins this file with
// an explorer's into one module (anywidget) or into classic scripts (the website), see __init__.py.

/**
 * @typedef {Record<string, any>} State   the values of the controls, by name
 * @typedef {Record<string, any>} Derived what `derive` computes from a state
 * @typedef {{w: number, h: number, narrow: boolean}} Frame the drawing's size, in its own units
 * @typedef {{name: string, x: number, y: number, label?: string, aria?: string}} Handle
 * @typedef {object} Control
 * @property {string} name
 * @property {string} label
 * @property {"range"|"choice"|"switch"|"list"|"points"} [kind] range when left out
 * @property {any} value      the default
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step]
 * @property {number[]} [values]  an uneven list for the slider to walk along
 * @property {boolean} [snap]     only the slider's own steps are allowed
 * @property {string} [unit]
 * @property {[string, string][]} [options]  choice: value and label
 * @property {[number, number]} [lengths]    list: the least and the greatest length
 * @property {boolean} [bound]              list: its length follows from the other controls
 * @property {string[]} [names]              list: a label for each item
 * @property {(s: State) => [number, number, number]} [limits] the slider's own range in this state
 * @property {(s: State) => boolean} [when]  shown only then
 * @property {(list: number[], item: number, value: number) => number[]} [join]  list: sets one item, keeps a bond with the others
 * @typedef {object} Challenge
 * @property {string} id
 * @property {string} text
 * @property {string} hint
 * @property {(s: State, d: Derived) => boolean} met
 * @typedef {object} Explorer
 * @property {string} name
 * @property {string} title
 * @property {Control[]} controls
 * @property {(s: State) => Derived} derive
 * @property {(s: State, d: Derived, f: Frame) => string[]} draw  layers of SVG markup; pure
 * @property {(s: State, d: Derived) => string} describe  one sentence with the numbers
 * @property {(s: State, d: Derived) => string} formula   HTML
 * @property {{name: string, label: string, state: State}[]} presets
 * @property {Challenge[]} challenges
 * @property {number} [height]
 * @property {number} [narrowHeight]
 * @property {(s: State, d: Derived, f: Frame) => Handle[]} [handles]
 * @property {(name: string, x: number, y: number, s: State, d: Derived, f: Frame) => State} [drag]
 * @property {(name: string, dx: number, dy: number, s: State) => State} [nudge]
 * @property {(s: State) => void} [settle]  brings controls that depend on each other together
 * @typedef {object} Model  what anywidget gives, and what element.mjs gives on the website
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {(event: string, callback: (...args: any[]) => void) => void} on
 * @property {(event: string, callback: (...args: any[]) => void) => void} off
 * @property {() => void} save_changes
 */

// ---- Mathematics: the same stable forms as utils/losses.py, in float64 --------------------------

/** @param {number} z */
export const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

/** ln(1 + e^z) @param {number} z */
export const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** a·b, where 0 times anything is 0 @param {number} a @param {number} b */
export const times = (a, b) => (a === 0 ? 0 : a * b);

/** a·ln b, where 0·ln 0 is 0 @param {number} a @param {number} b */
export const xlogy = (a, b) => (a === 0 ? 0 : a * Math.log(b));

/** Binary cross-entropy of a logit: no two terms cancel. @param {number} z @param {number} y */
export const bceWithLogits = (z, y, posWeight = 1) =>
  times(posWeight * y, softplus(-z)) + times(1 - y, softplus(z));

/** Its slope; for posWeight 1 this is σ(z) − y. @param {number} z @param {number} y */
export const gradBceWithLogits = (z, y, posWeight = 1) =>
  (1 - y) * sigmoid(z) - posWeight * y * sigmoid(-z);

/** @param {number[]} z */
export function softmax(z) {
  const m = Math.max(...z);
  const e = z.map((v) => Math.exp(v - m));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** ln softmax(z)_k. The greatest term's 1 is kept out of the sum (log1p), so that a loss near 0 keeps its digits. @param {number[]} z */
export function logSoftmax(z) {
  const top = z.indexOf(Math.max(...z));
  const rest = z.reduce((sum, v, k) => (k === top ? sum : sum + Math.exp(v - z[top])), 0);
  const tail = Math.log1p(rest);
  return z.map((v) => v - z[top] - tail);
}

/** −Σ q ln p from logits @param {number[]} z @param {number[]} q */
export const crossEntropy = (z, q) => {
  const logp = logSoftmax(z);
  return q.reduce((sum, v, k) => sum - times(v, logp[k]), 0);
};

/** @param {number[]} q */
export const entropy = (q) => q.reduce((sum, v) => sum - xlogy(v, v), 0);

/** KL(q ‖ p) @param {number[]} q @param {number[]} p */
export const klDivergence = (q, p) =>
  q.reduce((sum, v, k) => {
    if (v === 0) return sum;
    // Near 0 the logarithm of the ratio comes from the difference, which is exact.
    const excess = (p[k] - v) / v;
    return sum + v * (Math.abs(excess) < 0.5 ? -Math.log1p(excess) : Math.log(v) - Math.log(p[k]));
  }, 0);

/** The target of label smoothing. @param {number} k @param {number} eps @param {string} convention */
export function smoothTarget(k, eps, convention = "pytorch", right = 0) {
  const [on, off] = convention === "pytorch" ? [1 - eps + eps / k, eps / k] : [1 - eps, eps / (k - 1)];
  return Array.from({ length: k }, (_, j) => (j === right ? on : off));
}

// ---- Numbers as readers see them ---------------------------------------------------------------

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** @param {string} s */
const minus = (s) => s.replace("-", "−");

/** Fixed decimals where they say something, else a power of ten. @param {number} x */
export function fmt(x, decimals = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
  const size = Math.abs(x);
  if (x === 0 || (size >= 0.5 * 10 ** -decimals && size < 1e6)) {
    const s = x.toFixed(decimals);
    return minus(Number(s) === 0 ? s.replace("-", "") : s);
  }
  const [mantissa, exponent] = x.toExponential(2).split("e");
  const power = [...String(Math.abs(Number(exponent)))].map((c) => SUPERSCRIPT[Number(c)]).join("");
  return minus(`${mantissa}·10${Number(exponent) < 0 ? "⁻" : ""}${power}`);
}

/** So many decimals, whatever is lost. @param {number} x */
export const fixed = (x, decimals = 2) => (Number.isFinite(x) ? minus(x.toFixed(decimals)).replace(/^−(?=[0.]*$)/, "") : fmt(x));

/** A number that may be very small. @param {number} x */
export const small = (x) => fmt(x, x !== 0 && Math.abs(x) < 0.01 ? 0 : 4);

/** Powers of ten as HTML sets them. @param {string} s */
export const raised = (s) => s.replace(/[\u207b\u2070\xb9\xb2\xb3\u2074-\u2079]+/g, (p) => `<sup>${[...p].map((c) => (c === "⁻" ? "−" : SUPERSCRIPT.indexOf(c))).join("")}</sup>`);

/** As short as a control shows it. @param {number} x */
export const short = (x) => minus(String(Number(x.toPrecision(6))));

/** @param {unknown} s */
export const esc = (s) => String(s).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A letter of mathematics in SVG text. @param {string} s */
export const it = (s) => `<tspan font-style="italic">${s}</tspan>`;

// ---- Drawing: strings of SVG, coloured by CSS variables -----------------------------------------

/** @param {number} v */
export const px = (v) => Math.round(v * 10) / 10;

/** @param {string} name a colour of the palette: ink, muted, grid, blue … page */
export const colour = (name) => `var(--ce-${name})`;

/** @type {Map<string, any>} */
const kept = new Map();
/**
 * What `make` gives for this key, made once: for curves that most moves leave as they are.
 * @template T @param {unknown[]} key all that `make` depends on @param {() => T} make @returns {T}
 */
export function keep(key, make) {
  const name = JSON.stringify(key);
  if (!kept.has(name)) {
    if (kept.size > 99) kept.clear();
    kept.set(name, make());
  }
  return kept.get(name);
}

/** A linear scale with its inverse. @param {number} d0 @param {number} d1 @param {number} r0 @param {number} r1 */
export function scale(d0, d1, r0, r1) {
  const k = (r1 - r0) / (d1 - d0);
  /** @param {number} v */
  const f = (v) => r0 + (v - d0) * k;
  /** @param {number} r */
  f.inv = (r) => d0 + (r - r0) / k;
  f.domain = [d0, d1];
  f.range = [r0, r1];
  return f;
}
/** @typedef {ReturnType<typeof scale>} Scale */

/** Round values from lo to hi, about n of them. @param {number} lo @param {number} hi */
export function ticks(lo, hi, n = 6) {
  const raw = (hi - lo) / n;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10) * power;
  const out = [];
  for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) out.push(Number((i * step).toPrecision(12)));
  return out;
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} stroke */
export const line = (x1, y1, x2, y2, stroke, width = 1.5, dash = "") =>
  `<path d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}" stroke="${colour(stroke)}" stroke-width="${width}"${dash && ` stroke-dasharray="${dash}"`}/>`;

/** @param {number} x @param {number} y @param {string} markup */
export const text = (x, y, markup, fill = "ink", anchor = "start", extra = "") =>
  `<text x="${px(x)}" y="${px(y)}" fill="${colour(fill)}"${anchor === "start" ? "" : ` text-anchor="${anchor}"`}${extra && ` ${extra}`}>${markup}</text>`;

/** @param {number} x @param {number} y @param {number} r @param {string} fill */
export const dot = (x, y, r, fill, extra = "") => `<circle cx="${px(x)}" cy="${px(y)}" r="${r}" fill="${colour(fill)}"${extra && ` ${extra}`}/>`;

/** @param {number} x @param {number} y @param {number} w @param {number} h @param {string} fill */
export const rect = (x, y, w, h, fill, extra = "") =>
  `<rect x="${px(w < 0 ? x + w : x)}" y="${px(h < 0 ? y + h : y)}" width="${px(Math.abs(w))}" height="${px(Math.abs(h))}" fill="${colour(fill)}"${extra && ` ${extra}`}/>`;

/** A line through points in drawing units, lifted where a value is not finite. @param {number[][]} points @param {string} stroke */
export function path(points, stroke, width = 2.25, dash = "") {
  let d = "";
  let up = true;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) up = true;
    else {
      d += `${up ? "M" : "L"}${px(x)} ${px(Math.max(-2000, Math.min(4000, y)))}`;
      up = false;
    }
  }
  return `<path d="${d}" stroke="${colour(stroke)}" stroke-width="${width}"${dash && ` stroke-dasharray="${dash}"`}/>`;
}

/** A function's curve over a scale's domain. @param {(x: number) => number} f @param {Scale} X @param {Scale} Y @param {string} stroke */
export function curve(f, X, Y, stroke, width = 2.25, dash = "", n = 120) {
  const [a, b] = X.domain;
  const points = [];
  for (let i = 0; i <= n; i++) {
    const x = a + ((b - a) * i) / n;
    points.push([X(x), Y(f(x))]);
  }
  return path(points, stroke, width, dash);
}

/** An arrow from one point to another, with a head that fits its length. @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} stroke */
export function arrow(x1, y1, x2, y2, stroke, width = 2.25) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (length < 1) return "";
  const head = Math.min(8, length);
  const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [bx, by] = [x2 - ux * head, y2 - uy * head];
  const [sx, sy] = [-uy * head * 0.5, ux * head * 0.5];
  return `${line(x1, y1, bx, by, stroke, width)}<path d="M${px(x2)} ${px(y2)}L${px(bx + sx)} ${px(by + sy)}L${px(bx - sx)} ${px(by - sy)}Z" fill="${colour(stroke)}" stroke="none"/>`;
}

/** Draws inside a box only. @param {Box} box @param {string} markup */
export const clip = (box, markup) => {
  const [w, h] = [box.r - box.l, box.b - box.t];
  return `<svg x="${box.l}" y="${box.t}" width="${w}" height="${h}" viewBox="${box.l} ${box.t} ${w} ${h}">${markup}</svg>`;
};
/** @typedef {{l: number, r: number, t: number, b: number}} Box */

/** The plotting area of a frame. @param {Frame} f */
export const plotBox = (f, left = 46, right = 14, top = 30, bottom = 44) => ({ l: left, r: f.w - right, t: top, b: f.h - bottom });

/**
 * Grid, numbers and names of two axes. The name of the upright axis stands level, above it.
 * @param {Scale} X @param {Scale} Y @param {string} xName @param {string} yName
 * @param {{xTicks?: number[], yTicks?: number[], xText?: (v: number) => string, yText?: (v: number) => string, bare?: boolean}} [o] bare: no line at the foot
 */
export function axes(X, Y, xName, yName, o = {}) {
  const [l, r] = X.range;
  const [b, t] = Y.range;
  const xs = o.xTicks ?? ticks(X.domain[0], X.domain[1], (r - l) / 75);
  const ys = o.yTicks ?? ticks(Y.domain[0], Y.domain[1], (b - t) / 50);
  let grid = "";
  let marks = "";
  for (const v of ys) {
    grid += `M${px(l)} ${px(Y(v))}H${px(r)}`;
    marks += text(l - 7, Y(v) + 4, o.yText ? o.yText(v) : short(v), "muted", "end");
  }
  let small = "";
  for (const v of xs) {
    small += `M${px(X(v))} ${px(b)}v4`;
    marks += text(X(v), b + 18, o.xText ? o.xText(v) : short(v), "muted", "middle");
  }
  return `<path d="${grid}" stroke="${colour("grid")}"/>${o.bare ? "" : `<path d="M${px(l)} ${px(b)}H${px(r)}${small}" stroke="${colour("muted")}"/>`}${marks}${xName && text((l + r) / 2, b + 37, xName, "ink", "middle")}${text(Math.max(4, l - 42), t - 14, yName)}`;
}

/** The dot that a reader drags. @param {number} x @param {number} y @param {string} fill */
export const grip = (x, y, fill) => `${dot(x, y, 12, fill, 'fill-opacity=".18"')}${dot(x, y, 6.5, fill, `stroke="${colour("page")}" stroke-width="1.5"`)}`;

// ---- State: whatever comes in, a state that can be drawn goes on --------------------------------

/** @param {Control} c @param {State} s @returns {[number, number, number]} */
const limitsOf = (c, s) => (c.limits ? c.limits(s) : [c.min ?? 0, c.max ?? 1, c.step ?? 1]);

/** @param {number[]} list @param {number} v */
const nearest = (list, v) => list.reduce((best, x, i) => (Math.abs(x - v) < Math.abs(list[best] - v) ? i : best), 0);

/** @param {Control} c @param {unknown} raw @param {number} fallback @param {string[]} notices */
function oneNumber(c, raw, fallback, notices) {
  const [min, max] = [c.min ?? 0, c.max ?? 1];
  let v = typeof raw === "string" ? (raw.trim() === "" ? NaN : Number(raw.replace("−", "-"))) : typeof raw === "number" ? raw : NaN;
  if (Number.isNaN(v)) {
    notices.push(`${c.label}: not a number, so ${short(fallback)} is shown.`);
    return fallback;
  }
  if (v < min || v > max) {
    v = Math.min(max, Math.max(min, v));
    notices.push(`${c.label} goes from ${short(min)} to ${short(max)}: ${short(v)} is shown.`);
  }
  if (c.values && c.snap) return c.values[nearest(c.values, v)];
  if (c.snap) return Number(Math.min(max, min + Math.round((v - min) / (c.step ?? 1)) * (c.step ?? 1)).toPrecision(12));
  return v;
}

/**
 * The nearest state that the explorer can show, and what had to be changed.
 * @param {Explorer} def @param {State} raw @param {State} [fallback] @returns {[State, string[]]}
 */
export function clean(def, raw, fallback = {}) {
  /** @type {string[]} */
  const notices = [];
  /** @type {State} */
  let given = raw;
  if (raw.preset !== undefined && raw.preset !== null && raw.preset !== "") {
    const preset = def.presets.find((p) => p.name === raw.preset);
    if (preset) given = { ...raw, ...preset.state };
    else notices.push(`There is no preset “${esc(raw.preset)}”.`);
  }
  /** @type {State} */
  const s = {};
  for (const c of def.controls) {
    const base = fallback[c.name] ?? c.value;
    let v = given[c.name];
    if (v === undefined || v === null) s[c.name] = structuredClone(base);
    else if (c.kind === "choice") {
      const known = c.options?.some(([o]) => o === v);
      if (!known) notices.push(`${c.label}: “${esc(v)}” is unknown, so “${esc(base)}” is shown.`);
      s[c.name] = known ? v : base;
    } else if (c.kind === "switch") {
      s[c.name] = v === true || v === 1 || v === "true" || v === "1";
    } else if (c.kind === "list" || c.kind === "points") {
      if (typeof v === "string") v = v.split(",");
      if (c.kind === "points" && Array.isArray(v)) v = v.flat();
      const [least, most] = c.lengths ?? [base.flat().length, base.flat().length];
      const flat = base.flat();
      if (!Array.isArray(v)) {
        notices.push(`${c.label}: not a list, so the default is shown.`);
        v = flat;
      }
      if (v.length < least || v.length > most) notices.push(`${c.label}: ${least === most ? least : `${least} to ${most}`} numbers are wanted, ${v.length} came.`);
      const n = Math.min(most, Math.max(least, v.length));
      const items = Array.from({ length: n }, (_, i) => (i < v.length ? oneNumber(c, v[i], flat[i] ?? c.min ?? 0, notices) : (flat[i] ?? 0)));
      s[c.name] = c.kind === "points" ? items.flatMap((x, i) => (i % 2 ? [] : [[x, items[i + 1]]])) : items;
    } else s[c.name] = oneNumber(c, v, base, notices);
  }
  def.settle?.(s);
  return [s, [...new Set(notices)]];
}

/**
 * Acts once nothing has been heard for so many milliseconds. What is heard in between sets no new
 * timer: a slider is heard a hundred times a second. @param {number} rest @param {() => void} act
 */
export function afterRest(rest, act) {
  let last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const wake = () => {
    const left = last + rest - performance.now();
    timer = left > 0 ? setTimeout(wake, left) : undefined;
    if (!timer) act();
  };
  return {
    hear() {
      last = performance.now();
      timer ??= setTimeout(wake, rest);
    },
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** @param {any} a @param {any} b */
const same = (a, b) => a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));

// ---- The markup of an explorer: the same at build time and alive --------------------------------

/** @param {Explorer} def @param {boolean} narrow @returns {Frame} */
export const frameOf = (def, narrow) => (narrow ? { w: 360, h: def.narrowHeight ?? 330, narrow } : { w: 680, h: def.height ?? 370, narrow });

/** @param {Control} c @param {State} s @param {number} [item] */
function rangeRow(c, s, item) {
  const label = item === undefined ? c.label : (c.names?.[item] ?? `${c.label} ${item}`);
  const v = item === undefined ? s[c.name] : (s[c.name][item] ?? 0);
  const hidden = (c.when && !c.when(s)) || (item !== undefined && item >= s[c.name].length);
  const [min, max, step] = limitsOf(c, s);
  const slider = c.values ? `min="0" max="${c.values.length - 1}" step="1" value="${nearest(c.values, v)}" aria-valuetext="${short(v)}"` : `min="${min}" max="${max}" step="${step}" value="${v}"`;
  const key = `data-name="${c.name}"${item === undefined ? "" : ` data-item="${item}"`}`;
  const name = label + (c.unit ? `, ${c.unit}` : "");
  return `<div class="ce-row" ${key}${hidden ? " hidden" : ""}><span class="ce-label" aria-hidden="true">${esc(label).replace(/[\u2080-\u2089]/g, (c) => `<sub>${c.charCodeAt(0) - 0x2080}</sub>`)}</span><input type="range" class="ce-range" ${key} aria-label="${esc(name)}" ${slider}><input type="number" class="ce-number" ${key} aria-label="${esc(name)}, as a number" min="${c.min}" max="${c.max}" step="any" inputmode="decimal" value="${Number(v.toPrecision(6))}"></div>`;
}

/** @param {Control} c @param {State} s */
function row(c, s) {
  const hidden = c.when && !c.when(s) ? " hidden" : "";
  const key = `data-name="${c.name}"`;
  if (c.kind === "points") return "";
  if (c.kind === "switch") return `<div class="ce-row ce-switch" ${key}${hidden}><label><input type="checkbox" ${key}${s[c.name] ? " checked" : ""}> ${esc(c.label)}</label></div>`;
  if (c.kind === "choice") {
    const options = (c.options ?? []).map(([v, label]) => `<label><input type="radio" name="${c.name}" ${key} value="${esc(v)}"${s[c.name] === v ? " checked" : ""}><span>${esc(label)}</span></label>`);
    const long = (c.options ?? []).map((o) => o[1]).join("").length > 20;
    return `<fieldset class="ce-row ce-choice${long ? " ce-full" : ""}" ${key}${hidden}><legend>${esc(c.label)}</legend><div>${options.join("")}</div></fieldset>`;
  }
  if (c.kind !== "list") return rangeRow(c, s);
  const [least, most] = c.lengths ?? [0, 0];
  const rows = Array.from({ length: most }, (_, i) => rangeRow(c, s, i)).join("");
  if (least === most || c.bound) return `<div class="ce-list">${rows}</div>`;
  const n = s[c.name].length;
  return `<div class="ce-list"><div class="ce-row ce-count" ${key}><span class="ce-label">${esc(c.label)}: <output>${n}</output></span><span><button type="button" class="ce-button" ${key} data-count="-1" aria-label="one ${esc(c.label)} fewer"${n <= least ? " disabled" : ""}>−</button> <button type="button" class="ce-button" ${key} data-count="1" aria-label="one ${esc(c.label)} more"${n >= most ? " disabled" : ""}>+</button></span></div>${rows}</div>`;
}

/** @param {Explorer} def @param {State} s @param {Derived} d @param {boolean} narrow */
const picture = (def, s, d, narrow) => {
  const f = frameOf(def, narrow);
  const layers = def.draw(s, d, f).map((layer) => `<g>${layer}</g>`);
  return `<svg class="${narrow ? "ce-narrow" : "ce-wide"}" viewBox="0 0 ${f.w} ${f.h}" role="img" aria-label="${esc(def.describe(s, d))}" fill="none">${layers.join("")}</svg>`;
};

/** @param {Explorer} def @param {State} s @param {Derived} d */
function handlesMarkup(def, s, d) {
  const f = frameOf(def, false);
  return (def.handles?.(s, d, f) ?? [])
    .map((h) => {
      const place = `style="left:${px((h.x / f.w) * 1000) / 10}%;top:${px((h.y / f.h) * 1000) / 10}%" data-handle="${h.name}"`;
      return h.label ? `<button type="button" class="ce-handle" ${place} aria-label="${esc(h.label)}"></button>` : `<div class="ce-handle" ${place} aria-hidden="true"></div>`;
    })
    .join("");
}

/** Everything inside the widget's element, for a clean state. @param {Explorer} def @param {State} s */
export function markup(def, s) {
  const d = def.derive(s);
  const presets = def.presets.map((p) => `<button type="button" class="ce-button" data-preset="${p.name}">${esc(p.label)}</button>`).join("");
  const challenges = def.challenges.map((c) => `<li data-challenge="${c.id}"><span class="ce-mark" role="img" aria-label="not yet"></span><span>${esc(c.text)}<span class="ce-hint" hidden></span></span><button type="button" class="ce-button ce-more" data-hint="${c.id}">Hint</button></li>`);
  return `<form class="ce" data-module="${def.name}" aria-label="${esc(def.title)}" novalidate autocomplete="off"><div class="ce-figure">${picture(def, s, d, false)}${picture(def, s, d, true)}${handlesMarkup(def, s, d)}</div><p class="ce-formula">${raised(def.formula(s, d))}</p><div class="ce-panel"><div class="ce-controls">${def.controls.map((c) => row(c, s)).join("")}</div><div class="ce-tools">${presets}<button type="button" class="ce-button ce-reset" data-reset>Reset</button></div><p class="ce-notice" role="status"></p><div class="ce-challenges"><p class="ce-progress">Challenges: <output>0 of ${def.challenges.length}</output></p><ol>${challenges.join("")}</ol></div><p class="ce-say" aria-live="polite"></p></div></form>`;
}

// ---- What a browser remembers ------------------------------------------------------------------

const STORE = "ce-challenges";
const HINT_AFTER = 30_000; // milliseconds from the first touch to the first hint
const SAY_AFTER = 700; // milliseconds of rest before the live region speaks

/** The challenges met so far, by explorer. @returns {Record<string, string[]>} */
export function challengesMet() {
  try {
    const met = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return met && typeof met === "object" && !Array.isArray(met) ? met : {};
  } catch {
    return {};
  }
}

/** @param {string} module @param {string} id */
function remember(module, id) {
  const met = challengesMet();
  const own = Array.isArray(met[module]) ? met[module] : [];
  try {
    localStorage.setItem(STORE, JSON.stringify({ ...met, [module]: [...own, id] }));
  } catch {} // private mode: remembered until the page goes
}

// ---- From one picture to the next --------------------------------------------------------------

/** @typedef {{tags: string[], nodes?: any[]}} Written what was written into an element: markup, cut before each tag; and its nodes, in the same order */

/** The nodes of what was written, if they are all there: something else may have changed the page. @param {Element} place @param {string[]} tags @returns {any[] | undefined} */
function nodesOf(place, tags) {
  const walker = document.createTreeWalker(place, 5); // elements and texts
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  const wanted = tags.map((tag, i) => Number(i > 0 && tag[0] !== "/") + Number(tag.indexOf(">") + 1 < tag.length));
  return nodes.length === wanted.reduce((a, b) => a + b) ? nodes : undefined;
}

/** @param {string} tag @returns {Map<string, string>} */
const attributesOf = (tag) => new Map([...tag.matchAll(/ ([\w-]+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));

/** @param {string} tag */
const nameOf = (tag) => tag.match(/^[\w/]*/)?.[0];

/**
 * Sets the values that differ, where the tags are the same, and says whether they were: parsing
 * markup anew is most of what a picture costs. @param {Element} place @param {Written} was @param {string[]} tags
 */
function altered(place, was, tags) {
  if (was.tags.length !== tags.length || tags.some((tag, i) => tag !== was.tags[i] && nameOf(tag) !== nameOf(was.tags[i]))) return false;
  const nodes = (was.nodes ??= nodesOf(place, was.tags));
  if (!nodes) return false;
  let n = -1;
  for (let i = 0; i < tags.length; i++) {
    const [a, b] = [was.tags[i], tags[i]];
    const [from, to] = i ? [a.indexOf(">") + 1, b.indexOf(">") + 1] : [0, 0];
    if (i && b[0] !== "/") n++;
    const element = nodes[n];
    if (to < b.length) n++;
    if (a === b) continue;
    // An entity would have to be read; a text that comes or goes changes the nodes.
    if (b.includes("&") || from < a.length !== to < b.length) return false;
    const [p, q] = [a.slice(0, from).split('"'), b.slice(0, to).split('"')];
    if (p.length === q.length && q.every((part, j) => j % 2 || part === p[j])) {
      // Mostly the same attributes in the same order: cx=, 12, cy=, 7 …
      for (let j = 1; j < q.length; j += 2) if (p[j] !== q[j]) element.setAttribute(q[j - 1].slice(q[j - 1].lastIndexOf(" ") + 1, -1), q[j]);
    } else {
      const [old, now] = [attributesOf(a.slice(0, from)), attributesOf(b.slice(0, to))];
      for (const name of old.keys()) if (!now.has(name)) element.removeAttribute(name);
      for (const [name, value] of now) if (old.get(name) !== value) element.setAttribute(name, value);
    }
    if (to < b.length) nodes[n].data = b.slice(to);
  }
  was.tags = tags;
  return true;
}

/** Brings markup into an element. @param {Element} place @param {string} html @param {Written} [was] @returns {Written} */
export function write(place, html, was) {
  const tags = html.split("<");
  if (was && altered(place, was, tags)) return was;
  place.innerHTML = html;
  return { tags };
}

// ---- Alive ---------------------------------------------------------------------------------------

/** @param {Explorer} def @param {Model} model @param {HTMLElement} el @returns {() => void} */
function mount(def, model, el) {
  const names = def.controls.map((c) => c.name);
  const read = () => {
    /** @type {State} */
    const raw = { preset: model.get("preset") };
    for (const name of names) raw[name] = model.get(name);
    return raw;
  };
  const first = model.get("_start");
  const [start] = clean(def, first ?? { ...read(), preset: undefined });
  let [state, notices] = clean(def, read(), start);
  notices.push(...(model.get("_notices") ?? []));
  // The picture drawn at build time has the same markup: it is kept, with the reader's focus.
  const there = /** @type {HTMLElement | null} */ (el.firstElementChild);
  const drawn = there?.dataset.module === def.name;
  if (!drawn) el.innerHTML = markup(def, state);
  const root = /** @type {HTMLFormElement} */ (el.querySelector("form.ce"));
  /** @template {Element} T @param {string} selector @returns {T[]} */
  const all = (selector) => /** @type {T[]} */ (/** @type {unknown} */ ([...root.querySelectorAll(selector)]));
  const figure = /** @type {HTMLElement} */ (root.querySelector(".ce-figure"));
  const [wide, slim] = /** @type {SVGSVGElement[]} */ (all("svg[viewBox][role]"));
  const formula = /** @type {HTMLElement} */ (root.querySelector(".ce-formula"));
  const notice = /** @type {HTMLElement} */ (root.querySelector(".ce-notice"));
  const say = /** @type {HTMLElement} */ (root.querySelector(".ce-say"));
  const progress = /** @type {HTMLElement} */ (root.querySelector(".ce-progress output"));
  const fields = /** @type {HTMLInputElement[]} */ (all("input"));
  const rows = /** @type {HTMLElement[]} */ (all(".ce-row"));
  const counters = /** @type {HTMLButtonElement[]} */ (all("[data-count]"));
  const outputs = /** @type {HTMLElement[]} */ (all(".ce-count output"));
  const controlOf = Object.fromEntries(def.controls.map((c) => [c.name, c]));
  /** @type {Map<Element, {layer: string, is: Written}[]>} */
  const painted = new Map();
  /** @type {HTMLElement[]} */
  let grips = [];
  let derived = def.derive(state);
  const asDrawn = drawn ? start : state;
  let narrow = false;
  let seen = false; // the width of the place
  let touched = false;
  let own = false;
  let formulaShown = same(state, asDrawn) ? raised(def.formula(state, derived)) : "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hintTimer;
  const met = new Set(challengesMet()[def.name] ?? []);
  /** @type {Set<string>} */
  let before = new Set();

  /** @param {boolean} slender */
  function paint(slender) {
    const svg = slender ? slim : wide;
    const layers = def.draw(state, derived, frameOf(def, slender));
    const old = painted.get(svg) ?? [];
    // Before anything was moved the picture of the build, or of the markup just made, is the right one.
    const right = !painted.has(svg) && same(state, asDrawn);
    if (svg.children.length !== layers.length) svg.innerHTML = "<g></g>".repeat(layers.length);
    painted.set(svg, layers.map((layer, i) => (layer === old[i]?.layer ? old[i] : { layer, is: right ? { tags: layer.split("<") } : write(svg.children[i], layer, old[i]?.is) })));
  }

  /** JupyterLab would take arrow keys and Enter for itself, but for this mark on what has the focus. */
  const ownKeys = () => all("input, button").forEach((e) => e.setAttribute("data-lm-suppress-shortcuts", "true"));

  function placeHandles() {
    const f = frameOf(def, narrow);
    const handles = def.handles?.(state, derived, f) ?? [];
    if (handles.length !== grips.length) {
      all(".ce-handle").forEach((g) => g.remove());
      figure.insertAdjacentHTML("beforeend", handlesMarkup(def, state, derived));
      grips = all(".ce-handle");
      ownKeys();
    }
    handles.forEach((h, i) => {
      put(grips[i].style, { left: `${px((h.x / f.w) * 1000) / 10}%`, top: `${px((h.y / f.h) * 1000) / 10}%` });
    });
  }

  /** Sets what differs: browsers lay out anew what is set, changed or not. @param {any} e @param {Record<string, unknown>} wanted */
  const put = (e, wanted) => {
    for (const name in wanted) if (e[name] !== wanted[name]) e[name] = wanted[name];
  };

  function syncControls() {
    for (const r of rows) {
      const c = controlOf[r.dataset.name ?? ""];
      const item = r.dataset.item;
      put(r, { hidden: (c.when !== undefined && !c.when(state)) || (item !== undefined && Number(item) >= state[c.name].length) });
    }
    for (const input of fields) {
      const c = controlOf[input.dataset.name ?? ""];
      const v = input.dataset.item === undefined ? state[c.name] : state[c.name][Number(input.dataset.item)];
      if (v === undefined) continue;
      if (input.type === "checkbox") put(input, { checked: v });
      else if (input.type === "radio") put(input, { checked: input.value === v });
      else if (input.type === "number") {
        if (input !== typing) put(input, { value: String(Number(v.toPrecision(6))) });
      } else if (c.values) put(input, { value: String(nearest(c.values, v)), ariaValueText: short(v) });
      else {
        if (c.limits) {
          const [min, max, step] = limitsOf(c, state).map(String);
          put(input, { min, max, step });
        }
        put(input, { value: String(v) });
      }
    }
    for (const b of counters) {
      const n = state[b.dataset.name ?? ""].length + Number(b.dataset.count);
      const [least, most] = controlOf[b.dataset.name ?? ""].lengths ?? [0, 0];
      put(b, { disabled: n < least || n > most });
    }
    for (const o of outputs) put(o, { textContent: String(state[/** @type {HTMLElement} */ (o.closest(".ce-row")).dataset.name ?? ""].length) });
  }
  /** @type {EventTarget | null} */
  let typing = null;

  function markChallenges() {
    for (const li of /** @type {HTMLElement[]} */ (all("[data-challenge]"))) {
      const done = met.has(li.dataset.challenge ?? "");
      li.classList.toggle("ce-met", done);
      /** @type {HTMLElement} */ (li.querySelector(".ce-mark")).setAttribute("aria-label", done ? "met" : "not yet");
    }
    progress.textContent = `${def.challenges.filter((c) => met.has(c.id)).length} of ${def.challenges.length}`;
  }

  function judge() {
    const now = new Set(def.challenges.filter((c) => c.met(state, derived)).map((c) => c.id));
    if (touched) {
      // Only what the reader has brought about counts, never what the figure began with.
      for (const id of now) {
        if (before.has(id) || met.has(id)) continue;
        met.add(id);
        remember(def.name, id);
        notices.push(`Challenge met: ${def.challenges.find((c) => c.id === id)?.text}`);
        window.dispatchEvent(new CustomEvent("ce-challenge", { detail: { module: def.name, id } }));
        markChallenges();
      }
    }
    before = now;
  }

  function speak() {
    const sentence = def.describe(state, derived);
    wide.setAttribute("aria-label", sentence);
    slim.setAttribute("aria-label", sentence);
    if (touched) say.textContent = sentence;
  }
  const silence = afterRest(SAY_AFTER, speak);

  function update() {
    derived = def.derive(state);
    if (seen) paint(narrow);
    placeHandles();
    syncControls();
    const html = raised(def.formula(state, derived));
    // Anew: what moved within the line would count as a shift of the page's layout.
    if (html !== formulaShown) formula.innerHTML = formulaShown = html;
    judge();
    const message = notices.join(" ");
    // One line, whatever the challenge: the list below it shows which, and must not move.
    notice.classList.toggle("ce-line", message.startsWith("Challenge"));
    if (notice.textContent !== message) notice.textContent = message;
    notices = [];
    silence.hear();
  }

  function push() {
    own = true;
    for (const name of names) if (!same(model.get(name), state[name])) model.set(name, typeof state[name] === "object" ? structuredClone(state[name]) : state[name]);
    own = false;
    model.save_changes();
  }

  /** The reader changed something. @param {State} partial */
  function apply(partial) {
    if (!touched) {
      touched = true;
      hintTimer = setTimeout(() => root.classList.add("ce-hints"), HINT_AFTER);
    }
    let said;
    [state, said] = clean(def, { ...state, ...partial }, state);
    notices.push(...said);
    update();
    push();
  }

  let queued = false;
  const onModel = () => {
    if (own || queued) return;
    queued = true;
    queueMicrotask(() => {
      queued = false;
      /** @type {State} */
      const raw = { ...read(), preset: undefined };
      let said;
      [state, said] = clean(def, raw, state);
      notices.push(...said);
      update();
      if (names.some((n) => !same(raw[n], state[n]))) push();
    });
  };

  /** @param {HTMLInputElement} input @returns {State | null} */
  function valueOf(input) {
    const c = controlOf[input.dataset.name ?? ""];
    if (!c) return null;
    /** @type {any} */
    let v = input.value;
    if (input.type === "checkbox") v = input.checked;
    else if (input.type === "range") v = c.values ? c.values[Number(v)] : Number(v);
    if (input.dataset.item !== undefined) {
      const item = Number(input.dataset.item);
      const list = [...state[c.name]];
      list[item] = Number(v);
      return { [c.name]: c.join && Number.isFinite(list[item]) ? c.join(state[c.name], item, Math.min(c.max ?? 1, Math.max(c.min ?? 0, list[item]))) : list };
    }
    return { [c.name]: v };
  }

  /** @param {Event} e */
  function onInput(e) {
    const input = /** @type {HTMLInputElement} */ (e.target);
    if (input.type === "number") {
      // Half-typed numbers ("-", "1e") wait until they are finished.
      const v = Number(input.value);
      if (input.value === "" || !Number.isFinite(v) || v < Number(input.min) || v > Number(input.max)) return;
      typing = input;
    }
    const partial = valueOf(input);
    if (partial) apply(partial);
    typing = null;
  }

  /** @param {Event} e */
  function onChange(e) {
    const input = /** @type {HTMLInputElement} */ (e.target);
    const partial = input.type === "number" ? valueOf(input) : null;
    if (partial) apply(partial);
  }

  /** @param {Event} e */
  function onClick(e) {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest("button"));
    if (!button) return;
    const { preset, count, name, hint } = button.dataset;
    if (preset) {
      const blank = Object.fromEntries(def.controls.map((c) => [c.name, structuredClone(c.value)]));
      apply({ ...blank, ...def.presets.find((p) => p.name === preset)?.state });
    } else if ("reset" in button.dataset) apply(structuredClone(start));
    else if (count && name) {
      const list = [...state[name]];
      if (Number(count) < 0) list.pop();
      else list.push(0);
      apply({ [name]: list });
    } else if (hint) {
      const place = /** @type {HTMLElement} */ (/** @type {Element} */ (button.closest("li")).querySelector(".ce-hint"));
      place.textContent = ` ${def.challenges.find((c) => c.id === hint)?.hint}`;
      place.hidden = false;
      button.remove();
    }
  }

  /** @type {{name: string, el: HTMLElement, box: DOMRect, dx: number, dy: number} | null} */
  let held = null;
  /** @param {PointerEvent} e */
  function onDown(e) {
    const handle = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest(".ce-handle"));
    if (!handle || !def.drag || e.button !== 0) return;
    const box = figure.getBoundingClientRect();
    const centre = handle.getBoundingClientRect();
    held = { name: handle.dataset.handle ?? "", el: handle, box, dx: centre.x + centre.width / 2 - e.clientX, dy: centre.y + centre.height / 2 - e.clientY };
    handle.setPointerCapture(e.pointerId);
    handle.classList.add("ce-held");
    if (handle.tagName !== "BUTTON") e.preventDefault();
  }
  /** @param {PointerEvent} e */
  function onMove(e) {
    if (!held || !def.drag) return;
    const f = frameOf(def, narrow);
    const x = ((e.clientX + held.dx - held.box.x) / held.box.width) * f.w;
    const y = ((e.clientY + held.dy - held.box.y) / held.box.height) * f.h;
    apply(def.drag(held.name, x, y, state, derived, f));
  }
  function onUp() {
    held?.el.classList.remove("ce-held");
    held = null;
  }
  /** @param {KeyboardEvent} e */
  function onKey(e) {
    const target = /** @type {HTMLInputElement} */ (e.target);
    // Enter finishes a number; it never sends the form.
    if (e.key === "Enter" && target.tagName === "INPUT") {
      e.preventDefault();
      if (target.type === "number") onChange(e);
      return;
    }
    const name = target.dataset.handle;
    if (!name || !def.nudge) return;
    const far = e.shiftKey ? 10 : 1;
    /** @type {Record<string, [number, number]>} */
    const moves = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far], PageUp: [0, 10], PageDown: [0, -10], Home: [-1e9, 0], End: [1e9, 0] };
    const move = moves[e.key];
    if (!move) return;
    e.preventDefault();
    apply(def.nudge(name, move[0], move[1], state));
  }
  const onPrint = () => {
    paint(false);
    paint(true);
  };

  root.addEventListener("submit", (e) => e.preventDefault());
  root.addEventListener("input", onInput);
  root.addEventListener("change", onChange);
  root.addEventListener("click", onClick);
  root.addEventListener("keydown", onKey);
  figure.addEventListener("pointerdown", onDown);
  figure.addEventListener("pointermove", onMove);
  figure.addEventListener("pointerup", onUp);
  figure.addEventListener("pointercancel", onUp);
  window.addEventListener("beforeprint", onPrint);
  for (const name of names) model.on(`change:${name}`, onModel);
  grips = all(".ce-handle");
  ownKeys();
  // The width comes from the browser's own observer: no layout is ever asked for. Its first word,
  // before anything is painted, brings the first picture.
  const observer = new ResizeObserver(([entry]) => {
    const now = entry.contentRect.width <= 520;
    if (seen && now === narrow) return;
    seen = true;
    narrow = now;
    paint(narrow);
    placeHandles();
    root.classList.add("ce-alive");
  });
  observer.observe(root);
  update();
  silence.end();
  speak();
  markChallenges();
  push();

  return () => {
    observer.disconnect();
    silence.end();
    clearTimeout(hintTimer);
    window.removeEventListener("beforeprint", onPrint);
    for (const name of names) model.off(`change:${name}`, onModel);
  };
}

/**
 * The module's default export: anywidget's form, with a still picture for the build.
 * @param {Explorer} def
 */
export function explorer(def) {
  return {
    explorer: def,
    /** @param {{model: Model, el: HTMLElement}} context */
    render: ({ model, el }) => mount(def, model, el),
    /** @param {State} state */
    still: (state) => markup(def, clean(def, state)[0]),
  };
}
