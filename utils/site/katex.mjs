// Formulas to HTML with MathML: one JSON line {latex, display} in, one JSON line {html} or {error}
// out, until the input ends (so that this process ends with the build, however the build ends).
// The MathML is for screen readers alone: it needs neither its LaTeX nor rules for its layout.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const katex = createRequire(process.cwd() + "/")("katex");

const UNSEEN = / (?:xmlns|stretchy|fence|separator|[lr]space|minsize|maxsize|displaystyle|scriptlevel|column\w+|row\w+)="[^"]*"/g;

function lean(html) {
  return html.replace(/<math.*?<\/math>/gs, (math) =>
    math.replace(/<annotation.*?<\/annotation>|<\/?semantics>/gs, "").replace(/<[^>]*>/g, (tag) => tag.replace(UNSEEN, "")));
}

function answer({ latex, display }) {
  try {
    return { html: lean(katex.renderToString(latex, { displayMode: display, strict: false })) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
