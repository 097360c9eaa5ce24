// The page for wrong addresses, of a book whose own address was not known when it was built: it is
// shown at any depth, below any path. It asks for this script at every depth (404.html); the first
// that comes knows from its own address where the book is, and mends what starts at the host's root.
(function () {
  "use strict";
  if (window.ceHome) return;
  const home = window.ceHome = new URL("..", document.currentScript.src).pathname;
  if (home === "/") return;
  document.documentElement.dataset.root = home;
  for (const old of document.querySelectorAll("[href^='/'], [src^='/']")) {
    const name = old.hasAttribute("src") ? "src" : "href";
    const address = home + old.getAttribute(name).slice(1);
    if (old.localName === "a") { old.setAttribute(name, address); continue; }
    const again = document.createElement(old.localName);
    for (const { name, value } of old.attributes) again.setAttribute(name, value);
    again.setAttribute(name, address);
    again.async = false;
    old.replaceWith(again);
  }
})();
