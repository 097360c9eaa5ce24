// In the head of each page, before anything is painted (utils/site/first.py).
(function () {
  "use strict";
  var root = document.documentElement;

  // Light or dark: the reader's choice is kept under `theme`; without one, the system's setting
  // counts (page.js offers the button).
  var dark = matchMedia("(prefers-color-scheme: dark)");
  function apply() {
    var chosen = null;
    try { chosen = localStorage.getItem("theme"); } catch (refused) { /* storage switched off */ }
    root.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
  }
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);

  // Sections are laid out when they come near the window (style.css), unless the reader goes to a
  // place inside the page: their guessed lengths would move it.
  function whole() { root.classList.add("whole"); }
  var visit = performance.getEntriesByType("navigation")[0];
  if (location.hash || !visit || visit.type !== "navigate") whole();
  addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("a[href*='#']")) whole();
  }, true);
  addEventListener("hashchange", whole);

  // The fonts of the first screen are asked for at once; from a folder a browser refuses that, and
  // finds them by the style sheet.
  var fonts = document.currentScript.dataset.fonts;
  if (location.protocol !== "file:" && fonts) {
    fonts.split(" ").forEach(function (name) {
      var link = document.createElement("link");
      link.rel = "preload";
      link.as = "font";
      link.type = "font/woff2";
      link.crossOrigin = "anonymous";
      link.href = root.dataset.root + "_static/fonts/" + name;
      document.head.append(link);
    });
  }
})();
