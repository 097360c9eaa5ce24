// What every page does: the theme button, the contents on narrow screens, copy buttons, boxes that
// can be scrolled by keyboard, shortcuts, and search, whose index is fetched on first use.
(function () {
  "use strict";
  const root = document.documentElement;
  const base = root.dataset.root || "./";
  const late = (document.currentScript.dataset.late || "").split(" ").filter(Boolean);
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => document.querySelectorAll(selector);
  const typing = (event) => event.target.closest("input, textarea, select, [contenteditable]");

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // ---- Theme ----
  const button = find(".bar .theme");
  function showTheme() {
    button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
  }
  function switchTheme() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch (refused) { /* it holds for this page */ }
  }
  button.addEventListener("click", switchTheme);
  new MutationObserver(showTheme).observe(root, { attributeFilter: ["data-theme"] });
  showTheme();

  // ---- Contents on a narrow screen ----
  const menu = find(".bar .menu");
  const contents = find("#contents");
  function openContents(open) {
    contents.classList.toggle("open", open);
    menu.setAttribute("aria-expanded", String(open));
    (open ? contents.querySelector(".close") : menu).focus();
  }
  menu.setAttribute("role", "button");
  menu.setAttribute("aria-expanded", "false");
  menu.addEventListener("click", (event) => { event.preventDefault(); openContents(true); });
  menu.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); openContents(true); } });
  contents.addEventListener("click", (event) => {
    if (!event.target.closest("a")) return;
    if (event.target.closest(".close")) { event.preventDefault(); openContents(false); }
    else contents.classList.remove("open");
  });
  function showHere() {
    const here = contents.querySelector("a.current, [aria-current]");
    if (here && here.offsetTop > contents.clientHeight / 2) contents.scrollTop = here.offsetTop - contents.clientHeight / 3;
  }

  // ---- Boxes that scroll sideways can be reached and moved by keyboard ----
  // (looked at when they come near the window, or all at once when a reader first presses Tab:
  // measuring them all would lay out the whole page)
  const boxes = ".scroll, .highlight pre, .cell_output";
  function reachable(box) {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", box.matches("pre") ? "Listing, wider than the page" : "Wider than the page");
    } else if (box.getAttribute("role") === "group") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
  const near = new IntersectionObserver((seen) => seen.forEach((one) => one.isIntersecting && reachable(one.target)), { rootMargin: "50%" });
  const watch = () => { near.disconnect(); for (const box of all(boxes)) near.observe(box); };
  addEventListener("resize", watch);
  watch();
  function tabbed(event) {
    if (event && event.key !== "Tab") return;
    removeEventListener("keydown", tabbed);
    all(boxes).forEach(reachable);
  }
  if (root.classList.contains("tabbed")) tabbed(); // before this script was there (first.js)
  else addEventListener("keydown", tabbed);

  // ---- Copy buttons ----
  for (const block of all(".cell_input .highlight, article > section .highlight-python .highlight")) {
    const copy = make("button", { type: "button", className: "copy", textContent: "Copy" });
    copy.addEventListener("click", async () => {
      const done = navigator.clipboard.writeText(block.querySelector("pre").textContent);
      copy.textContent = await done.then(() => "Copied", () => "Not allowed");
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
    if (navigator.clipboard && !block.querySelector(".copy")) block.append(copy);
  }

  // ---- Search ----
  let index = null;
  const waiting = [];
  window.ceSearch = (entries) => {
    index = entries.map(([page, anchor, title, text]) => ({ page, anchor, title, text, low: text.toLowerCase(), lowTitle: title.toLowerCase() }));
    waiting.forEach(([then]) => then());
  };
  function withIndex(then, otherwise) {
    if (index) return then();
    if (waiting.push([then, otherwise]) > 1) return;
    const lost = () => waiting.splice(0).forEach(([, say]) => say()); // and asked for again when needed
    document.head.append(make("script", { src: base + "_static/search-index.js", onerror: lost }));
  }

  function score(entry, words) {
    let sum = 0;
    for (const word of words) {
      const inTitle = entry.lowTitle.includes(word);
      const first = entry.low.indexOf(word);
      if (!inTitle && first < 0) return 0;
      sum += (inTitle ? 20 : 0) + Math.min(5, entry.low.split(word).length - 1);
    }
    return sum;
  }
  // Formulas are found as LaTeX; what only sets them need not be read.
  const unset = (text) => text.replace(/\\(?:mathrm|text)\{([^}]*)\}/g, "$1")
    .replace(/\\(?:begin|end)\{\w+\}|\\(?:textstyle|quad|[Bb]ig)(?![a-z])|\\[,;!\\]|\{\}&?|&(?=[=+-])/g, "");
  function excerpt(entry, words) {
    const places = words.map((word) => entry.low.indexOf(word)).filter((place) => place >= 0);
    const at = places.length ? Math.max(0, Math.min(...places) - 50) : 0;
    const piece = (at ? "…" : "") + entry.text.slice(at, at + 160) + (entry.text.length > at + 160 ? "…" : "");
    const line = make("span", {});
    const pattern = new RegExp("(" + words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|") + ")", "i");
    for (const part of unset(piece).split(pattern)) line.append(words.includes(part.toLowerCase()) ? make("mark", { textContent: part }) : part);
    return line;
  }
  function show(form) {
    const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    const list = form.querySelector(".results");
    const count = form.querySelector(".count");
    list.replaceChildren();
    if (!words.length) { count.textContent = ""; return; }
    const hits = index.map((entry) => [score(entry, words), entry]).filter(([points]) => points).sort((a, b) => b[0] - a[0]);
    count.textContent = hits.length === 0 ? "Nothing found." : hits.length === 1 ? "One section." : `${hits.length} sections${hits.length > 30 ? ", the first 30 shown" : ""}.`;
    for (const [, entry] of hits.slice(0, 30)) {
      // A section's name does not say which chapter it is of; a page's first section is named as the page.
      const chapter = index.find((one) => one.page === entry.page).title;
      const title = make("strong", { textContent: entry.title });
      if (chapter !== entry.title) title.append(make("span", { textContent: ` · ${chapter}` }));
      list.append(make("li", {}, make("a", { href: `${base}${entry.page}#${entry.anchor}` }, title, excerpt(entry, words))));
    }
  }
  function startSearch(form) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.q.addEventListener("input", () => answer(form));
    form.elements.q.addEventListener("focus", () => answer(form), { once: true });
  }
  function answer(form) {
    const lost = () => { form.querySelector(".count").textContent = "The book's index did not arrive. Type on to ask for it again."; };
    withIndex(() => show(form), lost);
  }
  function openSearch() {
    let dialog = find("dialog.finder");
    if (!dialog) {
      const input = make("input", { id: "find", name: "q", type: "text", enterKeyHint: "search", autocomplete: "off", spellcheck: false });
      const form = make("form", { className: "search" }, make("label", { htmlFor: "find", textContent: "Words in text, captions, formulas and code" }),
        input, make("p", { className: "count", role: "status" }), make("ol", { className: "results" }));
      form.setAttribute("role", "search");
      dialog = make("dialog", { className: "finder" }, form);
      dialog.setAttribute("aria-label", "Search the book");
      dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest(".results a")) dialog.close(); });
      document.body.append(dialog);
      startSearch(form);
    }
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("input").select();
  }
  find(".search-open").addEventListener("click", (event) => { event.preventDefault(); openSearch(); });
  const form = find("form[data-search]");
  if (form) {
    startSearch(form);
    form.elements.q.value = new URLSearchParams(location.search).get("q") || "";
    if (form.elements.q.value) answer(form);
  }

  // ---- Shortcuts (listed on using.html) ----
  const shortcuts = {
    "/": openSearch,
    "[": () => find(".neighbours .previous")?.click(),
    "]": () => find(".neighbours .next")?.click(),
    "d": switchTheme,
    "?": () => { location.href = base + "using.html#keys"; },
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && contents.classList.contains("open")) return openContents(false);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); return openSearch(); }
    // (AltGr, by which some keyboards write [ and ], counts as Ctrl and Alt on Windows)
    const held = (event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph");
    if (held || event.metaKey || typing(event) || find("dialog[open]")) return;
    const action = shortcuts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action) { event.preventDefault(); action(); }
  });

  // ---- What can wait until the page is painted: measuring it, and the scripts of what moves ----
  function finish() {
    showHere();
    late.forEach((src) => document.head.append(make("script", { src, async: false })));
  }
  // (Without "staged", a strict host has refused first.js, and nobody will tell.)
  if ("painted" in root.dataset || !root.classList.contains("staged")) finish();
  else root.addEventListener("painted", finish, { once: true });
})();
