// Scripts made small: one JSON line {source} in, one JSON line {code} or {error} out, until the
// input ends.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { minify } = createRequire(process.cwd() + "/")("terser");
const options = { ecma: 2020, compress: { passes: 2 }, format: { comments: false } };

for await (const line of createInterface({ input: process.stdin })) {
  const { source } = JSON.parse(line);
  const answer = await minify(source, options).then(({ code }) => ({ code }), (error) => ({ error: error.message }));
  process.stdout.write(JSON.stringify(answer) + "\n");
}
