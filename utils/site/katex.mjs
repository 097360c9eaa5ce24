// Formulas to HTML with MathML: one JSON line {latex, display} in, one JSON line {html} or {error}
// out, until the input ends (so that this process ends with the build, however the build ends).
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const katex = createRequire(process.cwd() + "/")("katex");

function answer({ latex, display }) {
  try {
    return { html: katex.renderToString(latex, { displayMode: display, strict: false }) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
