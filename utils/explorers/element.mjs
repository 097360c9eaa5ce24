// @ts-check
// <ce-explorer module="bce" state='{"z": -2}'>: an explorer on a page without widget manager.
// It holds the state in a model of its own, starts its module when it comes near the window, and
// keeps the reader's state in the page's address. The same element carries the questions.

import { afterRest } from "./core.mjs";

/** @typedef {import("./core.mjs").State} State */
/** @typedef {import("./core.mjs").Explorer} Explorer */
/** @typedef {{render: (context: {model: any, el: HTMLElement}) => any, explorer?: Explorer}} Module */
/** @type {{modules: Record<string, Module>, base?: string, core?: object, define: (name: string, module: Module) => void}} */
const registry = (/** @type {any} */ (globalThis).ceExplorers ??= { modules: {}, define: (/** @type {string} */ name, /** @type {Module} */ module) => void (registry.modules[name] = module) });
registry.base ??= typeof document === "undefined" ? "" : (/** @type {HTMLScriptElement | null} */ (document.currentScript)?.src ?? "").replace(/[^/]*$/, "");

/** The part of an anywidget model that modules use. */
export class LocalModel {
  /** @param {State} state @param {() => void} onSave */
  constructor(state, onSave) {
    this.state = state;
    this.onSave = onSave;
    /** @type {Map<string, Set<Function>>} */
    this.listeners = new Map();
  }
  /** @param {string} name */
  get(name) {
    return this.state[name];
  }
  /** @param {string} name @param {unknown} value */
  set(name, value) {
    if (Object.is(this.state[name], value)) return;
    this.state[name] = value;
    for (const event of [`change:${name}`, "change"]) for (const f of this.listeners.get(event) ?? []) f();
  }
  /** @param {string} event @param {Function} f */
  on(event, f) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(f));
  }
  /** @param {string} event @param {Function} [f] */
  off(event, f) {
    if (f) this.listeners.get(event)?.delete(f);
    else this.listeners.delete(event);
  }
  save_changes() {
    this.onSave();
  }
}

/** ?bce=z:-2;y:1 → {z: "-2", y: "1"} @param {string} search @param {string} key @returns {State} */
export function readAddress(search, key) {
  /** @type {State} */
  const out = {};
  for (const pair of (new URLSearchParams(search).get(key) ?? "").split(";")) {
    const at = pair.indexOf(":");
    if (at > 0) out[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return out;
}

/** The address with an explorer's state in it; an empty state leaves none. @param {string} search @param {string} key @param {State} state */
export function writeAddress(search, key, state) {
  const others = search.replace(/^\?/, "").split("&").filter((p) => p && p.split("=")[0] !== key);
  const show = (/** @type {any} */ v) => (typeof v === "number" ? Number(v.toPrecision(6)) : typeof v === "boolean" ? Number(v) : v);
  const own = Object.entries(state).map(([name, v]) => `${name}:${encodeURIComponent(Array.isArray(v) ? v.flat().map(show).join(",") : show(v)).replaceAll("%2C", ",")}`);
  if (own.length) others.push(`${key}=${own.join(";")}`);
  return others.length ? `?${others.join("&")}` : "";
}

/** Inputs in place of the twins that stand for them in a picture (render.mjs). @param {ParentNode} place */
function wake(place) {
  for (const twin of place.querySelectorAll("ce-input")) {
    const input = document.createElement("input");
    for (const { name, value } of twin.attributes) input.setAttribute(name, value);
    twin.replaceWith(input);
  }
}

if (typeof HTMLElement !== "undefined" && !customElements.get("ce-explorer")) {
  // Whoever goes by keyboard finds each control in its turn, in figures far below, too.
  addEventListener("keydown", function first(event) {
    if (event.key !== "Tab") return;
    removeEventListener("keydown", first);
    wake(document);
  });
  customElements.define(
    "ce-explorer",
    class extends HTMLElement {
      connectedCallback() {
        this.observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && this.start(), { rootMargin: "300px" });
        this.observer.observe(this);
      }
      disconnectedCallback() {
        this.observer?.disconnect();
        if (typeof this.end === "function") this.end();
        this.end = undefined;
      }
      start() {
        this.observer?.disconnect();
        // Not before all its parts are laid out (first.js): an input would have them laid out at once.
        const { classList } = document.documentElement;
        if (classList.contains("staged") && !classList.contains("whole") && this.querySelector(".ce-challenges:not(.shown)"))
          return document.documentElement.addEventListener("shown", () => this.start(), { once: true });
        const name = this.getAttribute("module") ?? "";
        if (registry.modules[name]) return this.live(name, registry.modules[name]);
        const src = `${registry.base}${name}.js`;
        let script = /** @type {HTMLScriptElement | null} */ (document.querySelector(`script[data-ce="${CSS.escape(name)}"]`));
        if (!script) {
          script = document.createElement("script");
          script.src = src;
          script.dataset.ce = name;
          document.head.append(script);
        }
        // If the script does not come, the picture drawn at build time stays.
        script.addEventListener("load", () => registry.modules[name] && this.isConnected && this.live(name, registry.modules[name]));
      }
      /** @param {string} name @param {Module} module */
      live(name, module) {
        wake(this);
        /** @type {State} */
        let given = {};
        /** @type {string[]} */
        const notices = [];
        try {
          given = JSON.parse(this.getAttribute("state") || "{}") ?? {};
        } catch {
          notices.push("The state in the page cannot be read: the defaults are shown.");
        }
        const known = module.explorer?.controls.map((c) => c.name);
        if (!known) {
          this.end = module.render({ model: new LocalModel(given, () => {}), el: this });
          return;
        }
        const nth = [...document.querySelectorAll(`ce-explorer[module="${CSS.escape(name)}"]`)].indexOf(this);
        const key = nth > 0 ? `${name}-${nth + 1}` : name;
        const asked = readAddress(location.search, key);
        for (const field of Object.keys(asked)) if (!known.includes(field) && field !== "preset") notices.push("The address names something that this figure does not have.");
        const start = { ...Object.fromEntries((module.explorer?.controls ?? []).map((c) => [c.name, c.value])), ...given };
        const model = new LocalModel({ ...given, ...asked, _start: given, _notices: [...new Set(notices)] }, () => saving.hear());
        const saving = afterRest(250, () => {
          const changed = Object.fromEntries(known.filter((n) => JSON.stringify(model.get(n)) !== JSON.stringify(start[n])).map((n) => [n, model.get(n)]));
          const search = writeAddress(location.search, key, changed);
          if (search === location.search) return;
          try {
            history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
          } catch {} // some browsers keep a file's address as it is
        });
        this.end = module.render({ model, el: this });
      }
    },
  );
}
