// @ts-check
// What a reader has solved: questions and challenges on these pages, chapter by chapter, and the
// exercises of a desk, read from its file. Saved, read back and erased here; it stays in this browser.

import { challengesMet, esc } from "./core.mjs";

const QUESTIONS = "ce-questions"; // {id: true}
const CHALLENGES = "ce-challenges"; // {explorer: [id, …]}
const EXERCISES = "ce-exercises"; // what a desk's .progress.json says: {name: {points, right}}
const KEYS = [QUESTIONS, CHALLENGES, EXERCISES];

/** @typedef {{title: string, href: string, questions: string[], challenges: Record<string, string[]>}} Chapter */
/** @typedef {{title: string, href: string, points: Record<string, number>}} Notebook */
/** @typedef {{chapters: Chapter[], notebooks: Notebook[]}} Book */

/** @param {any} found @returns {found is Record<string, any>} */
const isRecord = (found) => Boolean(found) && typeof found === "object" && !Array.isArray(found);

/** @param {string} key @returns {Record<string, any>} */
function stored(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "{}");
    return isRecord(found) ? found : {};
  } catch {
    return {};
  }
}

/** How many of a chapter's tasks there are, and how many are done. @param {Chapter} chapter @param {Record<string, any>} solved @param {Record<string, any>} met */
export function countDone(chapter, solved, met) {
  const wanted = Object.entries(chapter.challenges).flatMap(([module, ids]) => ids.map((id) => [module, id]));
  return {
    questions: [chapter.questions.filter((id) => solved[id]).length, chapter.questions.length],
    challenges: [wanted.filter(([module, id]) => Array.isArray(met[module]) && met[module].includes(id)).length, wanted.length],
  };
}

/** Functions that are right and points earned, of all there are. @param {Notebook} notebook @param {Record<string, any>} desk */
export function countEarned({ points }, desk) {
  const names = Object.keys(points);
  const earned = names.map((name) => Math.max(0, Math.min(Number(desk[name]?.points) || 0, points[name])));
  return {
    functions: [names.filter((name) => desk[name]?.right === true).length, names.length],
    points: [earned.reduce((sum, p) => sum + p, 0), names.reduce((sum, name) => sum + points[name], 0)],
  };
}

/** @param {number[]} pair */
const outOf = ([done, all]) => (all ? `${Number(done.toFixed(1))} of ${all}` : "–");

/** @param {{title: string, href: string}} page @param {number[][]} pairs @param {number} done @param {number} all */
const row = ({ title, href }, pairs, done, all) =>
  `<tr><th scope="row"><a href="${esc(href)}">${esc(title)}</a></th>${pairs.map((pair) => `<td>${outOf(pair)}</td>`).join("")}<td><progress max="${all}" value="${done}" aria-label="${esc(title)}: ${outOf([done, all])}"></progress></td></tr>`;

/** @param {string[]} heads @param {string[]} rows */
const table = (heads, rows) => `<table class="ce-table"><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;

/** @param {Book} book @param {Record<string, any>} solved @param {Record<string, any>} met @param {Record<string, any>} desk */
function tables({ chapters, notebooks }, solved, met, desk) {
  const read = chapters.map((chapter) => {
    const { questions, challenges } = countDone(chapter, solved, met);
    return row(chapter, [questions, challenges], questions[0] + challenges[0], questions[1] + challenges[1]);
  });
  const written = notebooks.map((notebook) => {
    const { functions, points } = countEarned(notebook, desk);
    return row(notebook, [functions, points], points[0], points[1]);
  });
  return table(["Chapter", "Questions", "Challenges", "Done"], read) + (written.length ? table(["Exercises", "Functions", "Points", "Done"], written) : "");
}

/** @param {boolean} live */
const buttons = (live) =>
  `<div class="ce-tools">${["Save to a file", "Read from a file", "Erase"].map((name) => `<button type="button" class="ce-button"${live ? "" : " disabled"}>${name}</button>`).join("")}</div><p class="ce-reply" role="status"></p>`;

/** @param {Book} book */
export function stillProgress(book) {
  return `<div class="ce ce-still ce-solved"><div class="ce-fields">${tables(book, {}, {}, {})}</div>${buttons(false)}</div>`;
}

/** Save everything that is remembered to a file. */
function save() {
  const data = Object.fromEntries(KEYS.map((key) => [key, stored(key)]));
  const link = document.createElement("a");
  link.href = `data:application/json,${encodeURIComponent(JSON.stringify(data, null, 1))}`;
  link.download = "cross-entropy-progress.json";
  link.click();
}

/** @param {any} data what a desk's file holds: results by the names of exercises */
const isDesk = (data) => isRecord(data) && Object.keys(data).length > 0 && Object.values(data).every((entry) => Number.isFinite(entry?.points));

/** Add what a file holds to what is remembered; what is to be said about it. @param {string} text */
function take(text) {
  /** @type {any} */
  let data;
  try {
    data = JSON.parse(text);
  } catch {} // said below
  const ours = isRecord(data) && isRecord(data[QUESTIONS]) && isRecord(data[CHALLENGES]);
  if (!ours && !isDesk(data)) return "That file holds neither progress saved here nor a desk's .progress.json.";
  const desk = ours ? data[EXERCISES] : data;
  try {
    if (isDesk(desk)) localStorage.setItem(EXERCISES, JSON.stringify(desk));
    if (!ours) return "Your exercises were read.";
    const solved = Object.keys(data[QUESTIONS]).filter((id) => data[QUESTIONS][id] === true);
    localStorage.setItem(QUESTIONS, JSON.stringify({ ...stored(QUESTIONS), ...Object.fromEntries(solved.map((id) => [id, true])) }));
    const met = challengesMet();
    for (const [module, ids] of Object.entries(data[CHALLENGES])) {
      const known = Array.isArray(met[module]) ? met[module] : [];
      if (Array.isArray(ids)) met[module] = [...new Set([...known, ...ids.filter((id) => typeof id === "string")])];
    }
    localStorage.setItem(CHALLENGES, JSON.stringify(met));
  } catch {
    return "This browser keeps nothing: its storage is switched off.";
  }
  return "Read, and added to what was here.";
}

/** @param {{model: any, el: HTMLElement}} context */
function renderProgress({ model, el }) {
  const book = { chapters: model.get("chapters") ?? [], notebooks: model.get("notebooks") ?? [] };
  el.innerHTML = `<div class="ce ce-solved"><div class="ce-fields"></div>${buttons(true)}<input type="file" accept="application/json,.json" aria-label="A file of progress" hidden></div>`;
  const fields = /** @type {HTMLElement} */ (el.querySelector(".ce-fields"));
  const reply = /** @type {HTMLElement} */ (el.querySelector(".ce-reply"));
  const chooser = /** @type {HTMLInputElement} */ (el.querySelector("input"));
  const [saver, reader, eraser] = el.querySelectorAll("button");
  const show = () => void (fields.innerHTML = tables(book, stored(QUESTIONS), challengesMet(), stored(EXERCISES)));
  saver.onclick = () => {
    save();
    reply.textContent = "Saved as cross-entropy-progress.json.";
  };
  reader.onclick = () => chooser.click();
  chooser.onchange = async () => {
    const file = chooser.files?.[0];
    if (!file) return;
    reply.textContent = take(await file.text());
    chooser.value = ""; // the same file may be chosen again
    show();
  };
  let sure = false;
  eraser.onclick = () => {
    if (sure) {
      for (const key of KEYS) {
        try {
          localStorage.removeItem(key);
        } catch {} // nothing can be stored here, so nothing is
      }
      show();
    }
    reply.textContent = sure ? "Erased." : "This forgets all that you solved in this browser, and what was read from files. Press again to do it.";
    sure = !sure;
    eraser.textContent = sure ? "Erase for good" : "Erase";
  };
  window.addEventListener("storage", show);
  show();
  return () => {
    window.removeEventListener("storage", show);
    el.replaceChildren();
  };
}

export default { render: renderProgress, still: stillProgress };
