// @ts-check
// A question that is marked where it stands: a number, a choice, or steps to bring into order.
// The data come from utils/grading/questions.py; texts are HTML when the site has set the
// mathematics (`html: true`), else plain text.

import { esc } from "./core.mjs";

const QUESTIONS = "ce-questions"; // localStorage: { id: true } for each question that was solved

/** @typedef {{id: string, kind: "number" | "choice" | "order", prompt: string, hint: string, solution: string, html?: boolean, unit?: string, answer: number, rtol: number, wrong: {value: number, feedback: string}[], options: {text: string, right: boolean, feedback: string}[], steps: string[], start: number[], feedback: string}} Question */

/** A number as people write it: 0.223, .2231, 2.2e-1, −0,5, 1/3; NaN when it is none. @param {string} typed */
export function readNumber(typed) {
  const plain = typed.trim().replace(/[−–]/g, "-").replace(/\s/g, "").replace(/^([^.]*),([^,]*)$/, "$1.$2");
  const fraction = /^(-?[\d.]+)\/([\d.]+)$/.exec(plain);
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/** Whether what was typed is `value`: near enough, or its rounding to the digits given (two at least). @param {string} typed @param {number} value @param {number} rtol */
export function sameNumber(typed, value, rtol) {
  const x = readNumber(typed);
  if (Number.isNaN(x)) return false;
  if (Math.abs(x - value) <= Math.max(rtol * Math.abs(value), 1e-12)) return true;
  const digits = typed.replace(/e.*$/i, "").replace(/[^\d]/g, "").replace(/^0+/, "").length;
  return digits >= 2 && !typed.includes("/") && Number(value.toPrecision(Math.min(digits, 15))) === x;
}

/** What is to be said to a number. @param {Question} q @param {string} typed @returns {{right: boolean, text: string}} */
export function judgeNumber(q, typed) {
  if (Number.isNaN(readNumber(typed))) return { right: false, text: "That is not a number I can read. Write it like 0.25, 2.5e-1 or 1/4." };
  if (sameNumber(typed, q.answer, q.rtol)) return { right: true, text: "" };
  const mistake = q.wrong.find((w) => sameNumber(typed, w.value, q.rtol));
  if (mistake) return { right: false, text: mistake.feedback };
  if (q.answer !== 0 && sameNumber(typed, -q.answer, q.rtol)) return { right: false, text: "The size is right, the sign is not." };
  return { right: false, text: q.hint ? "Take the hint, if you like." : "" };
}

/** @returns {Record<string, boolean>} */
function solved() {
  try {
    const found = JSON.parse(localStorage.getItem(QUESTIONS) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}

/** @param {string} id */
function rememberSolved(id) {
  try {
    localStorage.setItem(QUESTIONS, JSON.stringify({ ...solved(), [id]: true }));
  } catch {} // private mode: remembered until the page goes
}

/** @param {Question} q @param {string} text */
const shown = (q, text) => (q.html ? text : esc(text));

/** The answer, folded away: all that is there when no script runs. @param {Question} q */
const solutionMarkup = (q) => {
  const steps = q.kind === "order" ? `<ol>${q.steps.map((t) => `<li>${shown(q, t)}</li>`).join("")}</ol>` : "";
  return `<details class="ce-solution"><summary>Answer</summary>${steps}<p>${shown(q, q.solution)}</p></details>`;
};

/** @param {Question} q @param {number[]} order */
function questionForm(q, order) {
  const name = `ce-q-${q.id}`;
  if (q.kind === "number")
    return `<label class="ce-answer"><span>Your answer</span><input class="ce-number" name="${name}" type="text" inputmode="decimal" autocomplete="off" spellcheck="false">${q.unit ? `<span>${esc(q.unit)}</span>` : ""}</label>`;
  if (q.kind === "choice")
    return q.options.map((o, i) => `<label class="ce-option"><input type="radio" name="${name}" value="${i}"><span>${shown(q, o.text)}</span></label>`).join("");
  return `<ol class="ce-steps">${order
    .map((step, at) => `<li><span>${shown(q, q.steps[step])}</span><button type="button" class="ce-button" data-move="${at}:-1" aria-label="Move step ${at + 1} up"${at ? "" : " disabled"}>↑</button><button type="button" class="ce-button" data-move="${at}:1" aria-label="Move step ${at + 1} down"${at < order.length - 1 ? "" : " disabled"}>↓</button></li>`)
    .join("")}</ol>`;
}

/** The whole question. Drawn at build time too, so that nothing moves when it comes alive; without
 * scripts the style sheet hides what could not answer and shows the answer. @param {Question} q @param {number[]} order */
function questionMarkup(q, order) {
  const hint = q.hint ? '<button class="ce-button" type="button" data-hint>Hint</button>' : "";
  return `<form class="ce ce-question"><fieldset><legend class="ce-prompt">${shown(q, q.prompt)}</legend><div class="ce-fields">${questionForm(q, order)}</div></fieldset><div class="ce-tools"><button class="ce-button" type="submit">Check</button>${hint}</div><p class="ce-reply" role="status"></p><div class="ce-after">${solutionMarkup(q)}</div></form>`;
}

/** @param {{model: any, el: HTMLElement}} context */
function renderQuestion({ model, el }) {
  /** @type {Question} */
  const q = model.get("question");
  let order = q.kind === "order" ? [...q.start] : [];
  el.innerHTML = questionMarkup(q, order);
  const form = /** @type {HTMLFormElement} */ (el.firstElementChild);
  const fields = /** @type {HTMLElement} */ (form.querySelector(".ce-fields"));
  const reply = /** @type {HTMLElement} */ (form.querySelector(".ce-reply"));
  const after = /** @type {HTMLElement} */ (form.querySelector(".ce-after"));
  // JupyterLab would take Enter and the arrows for its own; this mark opts out, on each control.
  const ownKeys = () => form.querySelectorAll("input, button, summary").forEach((e) => e.setAttribute("data-lm-suppress-shortcuts", "true"));
  ownKeys();
  let tries = 0;

  /** @param {boolean} right @param {string} html */
  const say = (right, html) => {
    tries += 1;
    form.classList.toggle("ce-right", right);
    reply.innerHTML = `<strong>${right ? "✓ Right." : "✗ Not yet."}</strong> ${html}`;
    if (right) {
      rememberSolved(q.id);
      model.set("solved", true);
      model.save_changes();
    }
    after.classList.toggle("ce-open", right || tries >= 2);
  };
  const check = () => {
    if (q.kind === "number") {
      const typed = /** @type {HTMLInputElement} */ (fields.querySelector("input")).value;
      if (!typed.trim()) return void (reply.textContent = "Type a number first.");
      const { right, text } = judgeNumber(q, typed);
      return say(right, right ? "" : shown(q, text));
    }
    if (q.kind === "choice") {
      const chosen = /** @type {HTMLInputElement | null} */ (fields.querySelector("input:checked"));
      if (!chosen) return void (reply.textContent = "Choose one first.");
      const option = q.options[Number(chosen.value)];
      return say(option.right, shown(q, option.feedback));
    }
    const wrong = order.findIndex((step, at) => step !== at);
    const feedback = q.feedback ? ` ${shown(q, q.feedback)}` : "";
    return say(wrong < 0, wrong < 0 ? "" : `${wrong ? `The first ${wrong === 1 ? "step is" : `${wrong} steps are`} in place; look at step ${wrong + 1}.` : "Look at the first step."}${feedback}`);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  // A form submits itself on Enter in a field, but not in JupyterLab.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || /** @type {HTMLElement} */ (event.target).tagName !== "INPUT") return;
    event.preventDefault();
    check();
  });
  form.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!button) return;
    if (button.dataset.hint !== undefined) reply.innerHTML = `<strong>Hint.</strong> ${shown(q, q.hint)}`;
    if (button.dataset.move) {
      const [at, by] = button.dataset.move.split(":").map(Number);
      [order[at], order[at + by]] = [order[at + by], order[at]];
      fields.innerHTML = questionForm(q, order);
      ownKeys();
      const moved = /** @type {HTMLButtonElement | null} */ (fields.querySelector(`[data-move="${at + by}:${by}"]`));
      (moved && !moved.disabled ? moved : /** @type {HTMLElement | null} */ (fields.querySelector(`[data-move="${at + by}:${-by}"]`)))?.focus();
    }
  });
  if (solved()[q.id]) {
    reply.textContent = "You solved this one before.";
    after.classList.add("ce-open");
  }
  return () => el.replaceChildren();
}

/** @param {{question: Question}} state */
const stillQuestion = ({ question: q }) => questionMarkup(q, q.kind === "order" ? q.start : []);

export default { render: renderQuestion, still: stillQuestion };
