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

const SHORT = 12, LINE = 26; // signs: a formula that stays whole; brackets that need not
const BASE = '<span class="base">';
const count = (text, pattern) => (text.match(pattern) ?? []).length;
const signs = (base) => base.replace(/<[^>]*>|\u200b/g, "").length;

/** KaTeX would break after every relation and every operation, and before a comma that follows;
 *  with the style's `nowrap` only a <wbr> does: never in brackets that fit, nor in `z = 3`. */
function unbroken(html) {
  const [head, ...bases] = html.split(BASE);
  const sizes = bases.map(signs), total = sizes.reduce((sum, size) => sum + size, 0);
  let depth = 0, brackets = [];
  const groups = bases.map((base, i) => {
    if (depth === 0) brackets = [];
    brackets.push(sizes[i]);
    depth += count(base, /class="mopen/g) - count(base, /class="mclose/g);
    return depth > 0 ? brackets : [];
  });
  const breaks = (group) => group.length === 0 || group.reduce((sum, size) => sum + size, 0) > LINE;
  return head + bases.map((base, i) =>
    (i > 0 && total > SHORT && breaks(groups[i - 1]) ? "<wbr>" : "") + BASE + base).join("");
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
