// Preview cards: one JSON line {svg, fonts, target} in, the PNG written to `target`, {} out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { writeFileSync } from "node:fs";

const { Resvg } = createRequire(process.cwd() + "/")("@resvg/resvg-js");

function draw({ svg, fonts, target }) {
  const font = { fontFiles: fonts, loadSystemFonts: false, defaultFontFamily: "Source Sans 3 Variable" };
  writeFileSync(target, new Resvg(svg, { font, fitTo: { mode: "width", value: 1200 } }).render().asPng());
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(draw(JSON.parse(line))) + "\n");
}
