// Asked by test_explorers_maths.py, one JSON line a question; answers one JSON line each. Numbers that
// JSON lacks travel as strings: "inf", "-inf", "nan".
import { createInterface } from "node:readline";

const root = new URL("../../utils/explorers/", import.meta.url);
const core = await import(new URL("core.mjs", root).href);
const element = await import(new URL("element.mjs", root).href);
const load = async (name) => (await import(new URL(`${name}.mjs`, root).href)).default;
const NAMES = { inf: Infinity, "-inf": -Infinity, nan: NaN };
const decode = (v) => (Array.isArray(v) ? v.map(decode) : typeof v === "string" && v in NAMES ? NAMES[v] : v);
const encode = (v) => {
  if (typeof v === "number" && !Number.isFinite(v)) return Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf";
  if (Array.isArray(v)) return v.map(encode);
  if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, encode(x)]));
  return v;
};
const defaults = (def) => Object.fromEntries(def.controls.map((c) => [c.name, structuredClone(c.value)]));

const answers = {
  maths: ({ name, args }) => args.map((a) => core[name](...decode(a))),
  derive: async ({ module, states }) => {
    const { explorer: def } = await load(module);
    return states.map((raw) => def.derive(core.clean(def, raw)[0]));
  },
  clean: async ({ module, states }) => {
    const { explorer: def } = await load(module);
    return states.map((raw) => core.clean(def, decode(raw)));
  },
  // Draws twice, at both sizes, and says whether the state and the picture stayed the same.
  draw: async ({ module, states }) => {
    const { explorer: def } = await load(module);
    return states.map((raw) => {
      const [s] = core.clean(def, raw);
      const before = JSON.stringify(s);
      const d = def.derive(s);
      const pictures = [false, true].map((narrow) => def.draw(s, d, core.frameOf(def, narrow)).join(""));
      const again = [false, true].map((narrow) => def.draw(s, def.derive(s), core.frameOf(def, narrow)).join(""));
      const handles = [false, true].flatMap((narrow) => def.handles?.(s, d, core.frameOf(def, narrow)) ?? []);
      return { pure: JSON.stringify(s) === before && pictures.join() === again.join(), pictures, handles, words: [def.describe(s, d), def.formula(s, d)] };
    });
  },
  met: async ({ module, states }) => {
    const { explorer: def } = await load(module);
    return states.map((raw) => {
      const [s] = core.clean(def, raw);
      const d = def.derive(s);
      return def.challenges.filter((c) => c.met(s, d)).map((c) => c.id);
    });
  },
  definition: async ({ module }) => {
    const { explorer: def } = await load(module);
    return { ...def, defaults: defaults(def) };
  },
  address: ({ search, key, state }) => {
    const written = element.writeAddress(search, key, state);
    return { written, read: element.readAddress(written, key) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  console.log(JSON.stringify(encode(await answers[question.ask](question))));
}
