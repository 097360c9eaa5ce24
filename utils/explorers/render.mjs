// Reads JSON lines {"module": "bce", "state": {…}} on stdin; writes, for each, one line with a JSON
// string: what stands inside <ce-explorer> before any script has run. "path" may name a module that
// lies elsewhere. With "what": "definition" the line holds what Python and the tests ask about.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// A browser that finds an input looks at once how its form is laid out, for what it could fill in,
// however far below the window: so a picture holds twins, and element.mjs makes inputs of them.
const twins = (/** @type {string} */ html) => html.replace(/<input\b([^>]*)>/g, "<ce-input$1></ce-input>");

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const { module, path, state = {}, what = "still" } = JSON.parse(line);
  const url = path ? pathToFileURL(path) : new URL(`./${module}.mjs`, import.meta.url);
  const { default: widget } = await import(url.href);
  if (what === "still") console.log(JSON.stringify(twins(widget.still?.(state) ?? "")));
  else {
    const { name, title, controls, presets, challenges } = widget.explorer;
    console.log(JSON.stringify({ name, title, controls, presets, challenges: challenges.map(({ id, text }) => ({ id, text })) }));
  }
}
