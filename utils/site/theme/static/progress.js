// The progress page: what this browser remembers (the keys below), beside what the book holds.
// It can be saved to a file, read back from one on another device, and erased.
(function () {
  "use strict";
  const QUESTIONS = "ce-questions"; // { id: true }
  const CHALLENGES = "ce-challenges"; // { module: [id, …] }
  const EXERCISES = "ce-exercises"; // what a desk's .progress.json says: { name: { points, right } }
  const place = document.querySelector("[data-progress]");
  const base = document.documentElement.dataset.root;

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }
  function read(key) {
    try {
      const found = JSON.parse(localStorage.getItem(key) || "{}");
      return found && typeof found === "object" && !Array.isArray(found) ? found : {};
    } catch (unreadable) {
      return {};
    }
  }
  function store(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch (refused) { say("This browser keeps nothing: storage is switched off."); }
  }

  // ---- The list ----
  // `said` is {textContent} or, for a prompt with formulas (set by the build), {innerHTML}
  const line = (done, said) => make("li", { className: done ? "done" : "" }, make("span", { className: "sign", ariaHidden: "true", textContent: done ? "✓" : "" }),
    make("span", said), make("span", { className: "visually-hidden", textContent: done ? "(done)" : "(not yet)" }));
  const reached = (met, figure, challenge) => Array.isArray(met[figure.module]) && met[figure.module].includes(challenge.id);

  function section(page, solved, met) {
    const questions = page.questions.map((q) => line(solved[q.id] === true, { innerHTML: q.html }));
    const figures = page.figures.flatMap((figure) => figure.challenges.map((c) => line(reached(met, figure, c), { textContent: c.text })));
    const all = [...questions, ...figures];
    const done = all.filter((item) => item.classList.contains("done")).length;
    if (!all.length) return [0, 0, null];
    const bar = make("progress", { max: all.length, value: done });
    bar.setAttribute("aria-label", page.title);
    const parts = [make("h2", {}, make("a", { href: base + page.page, textContent: page.title })), make("p", { className: "tally" }, bar, ` ${done} of ${all.length}`)];
    if (questions.length) parts.push(make("h3", { textContent: "Questions" }), make("ul", {}, ...questions));
    if (figures.length) parts.push(make("h3", { textContent: "Challenges" }), make("ul", {}, ...figures));
    return [done, all.length, make("section", {}, ...parts)];
  }
  function show() {
    const [solved, met] = [read(QUESTIONS), read(CHALLENGES)];
    let [done, all] = [0, 0];
    const sections = [];
    for (const page of window.ceBook) {
      const [d, n, element] = section(page, solved, met);
      done += d;
      all += n;
      if (element) sections.push(element);
    }
    const bar = make("progress", { max: all || 1, value: done });
    bar.setAttribute("aria-label", "The whole book");
    const written = Object.entries(read(EXERCISES));
    if (written.length) {
      sections.push(make("section", {}, make("h2", { textContent: "Exercises, as read from your desk" }),
        make("ul", {}, ...written.map(([name, { points, right }]) => line(right === true, { textContent: `${name}: ${Number(points)} points` })))));
    }
    summary.replaceChildren(bar, ` ${done} of ${all} questions and challenges.`);
    list.replaceChildren(...sections);
  }

  // ---- Out, in, away ----
  const status = make("p", { role: "status" });
  const say = (text) => { status.textContent = text; };
  function save() {
    const data = JSON.stringify({ [QUESTIONS]: read(QUESTIONS), [CHALLENGES]: read(CHALLENGES), [EXERCISES]: read(EXERCISES) }, null, 1);
    const link = make("a", { href: URL.createObjectURL(new Blob([data], { type: "application/json" })), download: "cross-entropy-progress.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const isDesk = (data) => data && Object.keys(data).length && Object.values(data).every((entry) => entry && Number.isFinite(entry.points));
  async function load(file) {
    let data;
    try { data = JSON.parse(await file.text()); } catch (unreadable) { data = null; }
    if (isDesk(data)) {
      store(EXERCISES, data);
      show();
      return say("Your exercises were read.");
    }
    if (!data || typeof data[QUESTIONS] !== "object" || typeof data[CHALLENGES] !== "object") return say("That file holds no progress saved here.");
    const solved = Object.keys(data[QUESTIONS] || {}).filter((id) => data[QUESTIONS][id] === true);
    store(QUESTIONS, { ...read(QUESTIONS), ...Object.fromEntries(solved.map((id) => [id, true])) });
    const met = read(CHALLENGES);
    for (const [module, ids] of Object.entries(data[CHALLENGES] || {})) {
      const kept = Array.isArray(met[module]) ? met[module] : [];
      if (Array.isArray(ids)) met[module] = [...new Set([...kept, ...ids.filter((id) => typeof id === "string")])];
    }
    store(CHALLENGES, met);
    if (isDesk(data[EXERCISES])) store(EXERCISES, data[EXERCISES]);
    show();
    say("Read, and added to what was here.");
  }
  function erase() {
    if (!confirm("Erase what this browser remembers of your progress? This cannot be undone.")) return;
    for (const key of [QUESTIONS, CHALLENGES, EXERCISES]) localStorage.removeItem(key);
    show();
    say("Erased.");
  }
  const chooser = make("input", { type: "file", accept: "application/json", hidden: true, onchange: () => chooser.files[0] && load(chooser.files[0]) });
  const button = (textContent, onclick) => make("button", { type: "button", className: "button", textContent, onclick });
  const summary = make("p", { className: "tally" });
  const list = make("div", {});
  place.append(summary, make("p", { className: "buttons" }, button("Save to a file", save), button("Read from a file", () => chooser.click()), button("Erase", erase), chooser), status, list);
  show();
  addEventListener("storage", show);
})();
