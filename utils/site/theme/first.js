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
  // place inside the page, by a link or by Tab: their guessed lengths would move it.
  function whole() { root.classList.add("whole"); }
  var visit = performance.getEntriesByType("navigation")[0];
  if (location.hash || !visit || visit.type !== "navigate") whole();
  addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("a[href*='#']")) whole();
  }, true);
  addEventListener("hashchange", whole);
  addEventListener("keydown", function (event) {
    if (event.key !== "Tab") return;
    root.classList.add("whole", "tabbed");
    root.getBoundingClientRect(); // now, for the browser looks at once for what comes next
  }, true);

  // A browser lays out all that is near the window in one go, which holds up a phone for a third of
  // a second. So what stands below the first screen (style.css) comes after the first paint, a few
  // paragraphs a frame; a figure in parts, for it is as much as a screen of text.
  root.classList.add("staged");
  var parts = ".ce-figure, .ce-formula, .ce-panel > :is(.ce-controls, .ce-tools, .ce-challenges)";
  var staged = "article > section > section > :is(section ~ section > *, :nth-child(n + 4))";
  function more() {
    var waiting = document.querySelectorAll(":is(" + staged + ", section section :is(" + parts + ")):not(.shown)");
    for (var i = 0, room = 60; i < waiting.length; i++) {
      var size = waiting[i].querySelector(parts) ? 9 : waiting[i].getElementsByTagName("*").length + 1;
      room -= waiting[i].matches(parts) ? 3 * size : size; // a control costs more than a word
      if (i && room < 0) break;
      waiting[i].classList.add("shown");
    }
    root.dispatchEvent(new Event("shown"));
    if (i < waiting.length || document.readyState === "loading") later();
  }
  function later() { requestAnimationFrame(function () { setTimeout(more); }); }
  // No frame is asked for before that paint: after a few that it cannot show yet, Chromium gives a
  // page only one a second. (page.js waits for it, too.)
  function painted() {
    if ("painted" in root.dataset) return;
    root.dataset.painted = "";
    root.dispatchEvent(new Event("painted"));
    later();
  }
  try {
    new PerformanceObserver(function (list, observer) {
      observer.disconnect();
      painted();
    }).observe({ type: "paint", buffered: true });
  } catch (unknown) { painted(); }
  addEventListener("load", function () { setTimeout(painted, 3000); }); // where no paint is told of

  // The fonts of the first screen are asked for at once: for those that the head asks for, Chromium
  // waits a moment before it paints, so that nothing is set twice. From a folder a browser refuses
  // that, and finds them by the style sheet.
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
