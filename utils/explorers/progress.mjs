// @ts-check
// What a reader has solved on these pages: questions and challenges, chapter by chapter, with
// export, import and erase. Everything stays in this browser.

import { challengesMet, esc } from "./core.mjs";

const KEYS = ["ce-questions", "ce-challenges"];

/** @typedef {{title: string, href: string, questions: string[], challenges: Record<string, string[]>}} Chapter */

/** @param {string} key @returns {Record<string, any>} */
function stored(key) {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
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

/** @param {number[]} pair */
const outOf = ([done, all]) => (all ? `${done} of ${all}` : "–");

/** @param {Chapter[]} chapters @param {Record<string, any>} solved @param {Record<string, any>} met */
function table(chapters, solved, met) {
  const rows = chapters.map((chapter) => {
    const { questions, challenges } = countDone(chapter, solved, met);
    const all = questions[1] + challenges[1];
    const done = questions[0] + challenges[0];
    return `<tr><th scope="row"><a href="${esc(chapter.href)}">${esc(chapter.title)}</a></th><td>${outOf(questions)}</td><td>${outOf(challenges)}</td><td><progress max="${all}" value="${done}" aria-label="${esc(chapter.title)}: ${done} of ${all}"></progress></td></tr>`;
  });
  return `<table class="ce-table"><thead><tr><th scope="col">Chapter</th><th scope="col">Questions</th><th scope="col">Challenges</th><th scope="col">Done</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/** @param {{chapters: Chapter[]}} state */
export function stillProgress({ chapters }) {
  return `<div class="ce ce-still ce-solved">${table(chapters, {}, {})}</div>`;
}

/** Save everything that is remembered to a file. */
function exportProgress() {
  const data = Object.fromEntries(KEYS.map((key) => [key, stored(key)]));
  const link = document.createElement("a");
  link.href = `data:application/json,${encodeURIComponent(JSON.stringify(data, null, 1))}`;
  link.download = "cross-entropy-progress.json";
  link.click();
}

/** @param {{model: any, el: HTMLElement}} context */
function renderProgress({ model, el }) {
  /** @type {Chapter[]} */
  const chapters = model.get("chapters");
  el.innerHTML = `<div class="ce ce-solved"><div class="ce-fields"></div><div class="ce-tools"><button type="button" class="ce-button" data-export>Export to a file</button><button type="button" class="ce-button" data-erase>Erase</button></div><p class="ce-reply" role="status"></p></div>`;
  const fields = /** @type {HTMLElement} */ (el.querySelector(".ce-fields"));
  const reply = /** @type {HTMLElement} */ (el.querySelector(".ce-reply"));
  const erase = /** @type {HTMLButtonElement} */ (el.querySelector("[data-erase]"));
  const show = () => void (fields.innerHTML = table(chapters, stored(KEYS[0]), challengesMet()));
  /** @param {Event} event */
  const click = (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button?.dataset.export !== undefined) {
      exportProgress();
      reply.textContent = "Saved as cross-entropy-progress.json.";
    }
    if (button !== erase) return;
    if (erase.dataset.sure === undefined) {
      erase.dataset.sure = "";
      erase.textContent = "Erase for good";
      reply.textContent = "This forgets all questions and challenges that you solved in this browser. Press again to do it.";
      return;
    }
    for (const key of KEYS) {
      try {
        localStorage.removeItem(key);
      } catch {} // nothing can be stored here, so nothing is
    }
    delete erase.dataset.sure;
    erase.textContent = "Erase";
    reply.textContent = "Erased.";
    show();
  };
  el.addEventListener("click", click);
  window.addEventListener("storage", show);
  show();
  return () => {
    el.removeEventListener("click", click);
    window.removeEventListener("storage", show);
    el.replaceChildren();
  };
}

export default { render: renderProgress, still: stillProgress };
