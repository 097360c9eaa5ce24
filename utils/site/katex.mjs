// Formulas to HTML with MathML: one JSON line {latex, display} in, one JSON line {html} or {error}
// out, until the input ends (so that this process ends with the build, however the build ends).
// The MathML is for screen readers alone: it needs neither its LaTeX nor rules for its layout.
// Within a line a formula breaks where a reader would break it, and its full stop stays with it.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const katex = createRequire(process.cwd() + "/")("katex");

const UNSEEN = / (?:xmlns|stretchy|fence|separator|[lr]space|minsize|maxsize|displaystyle|scriptlevel|column\w+|row\w+)="[^"]*"/g;

function lean(html) {
  return html.replace(/<math.*?<\/math>/gs, (math) =>
    math.replace(/<annotation.*?<\/annotation>|<\/?semantics>/gs, "").replace(/<[^>]*>/g, (tag) => tag.replace(UNSEEN, "")));
}

const SHORT = 16, LINE = 26, STUB = 3; // signs: a formula that stays whole; what fits a line; too little for a line's end or beginning
const BASE = '<span class="base">';
/** How many brackets a base opens or closes: KaTeX puts `([` into one element. */
const brackets = (base, what) => [...base.matchAll(new RegExp(`class="m${what}[^>]*>([^<]*)`, "g"))].reduce((n, [, text]) => n + Math.max(1, text.length), 0);
const signs = (html) => html.replace(/<[^>]*>|\u200b/g, "").length;
const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);
/** The kind of sign that a base ends with, behind which KaTeX would break: mrel, mbin … */
const kind = (base) => base.match(/class="(m(?:rel|bin|punct|ord|open|close|inner|op))\b/g)?.at(-1)?.slice(7);

/** KaTeX would break after every relation and every operation, and before a comma that follows;
 *  with the style's `nowrap` only a <wbr> does: never in brackets or in a side of a relation that
 *  fit a line, nor behind a product's dot, nor in `z = 3`, after the `p =` of `p = …` or before a last `0`. */
function unbroken(html) {
  const [head, ...bases] = html.split(BASE);
  const sizes = bases.map(signs);
  if (sum(sizes) <= SHORT) return html;
  let depth = 0, inside = [], side = [];
  const held = bases.map((base, i) => { // what the place behind a base must not cut: its brackets, its side
    if (depth === 0) inside = [];
    inside.push(depth === 0 ? signs(base.replace(/^.*class="mopen[^>]*>/s, "")) : sizes[i]);
    depth += brackets(base, "open") - brackets(base, "close");
    side.push(sizes[i]);
    const whole = [depth > 0 ? inside : [], kind(base) === "mbin" ? side : []];
    if (depth === 0 && kind(base) === "mrel") side = [];
    return whole;
  });
  let before = 0, after = sum(sizes);
  const breaks = bases.map((base, i) => {
    [before, after] = [before + sizes[i], after - sizes[i]];
    const product = kind(base) === "mbin" && /[⋅×]\u200b?<\/span>[^⋅×]*$/.test(base);
    const fits = held[i].some((group) => group.length > 0 && sum(group) <= LINE);
    return !product && !fits && Math.min(before, after) > STUB;
  });
  return head + bases.map((base, i) => (i > 0 && breaks[i - 1] ? "<wbr>" : "") + BASE + base).join("");
}

function answer({ latex, display }) {
  try {
    const html = lean(katex.renderToString(latex, { displayMode: display, strict: false }));
    return { html: display ? html : unbroken(html) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
