// Looks at the page again when the server says that something changed, and touches only what differs, so that nothing jumps.
(() => {
  "use strict";
  const CALM = 450;
  let busy = false, again = false;

  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

  function become(now, next) {
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.nodeValue !== next.nodeValue) {
        now.nodeValue = next.nodeValue;
        flash(now.parentElement);
      }
      return;
    }
    for (const { name, value } of [...next.attributes]) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && name !== "open" && name !== "data-connected") now.removeAttribute(name);
    }
    const [have, want] = [[...now.childNodes], [...next.childNodes]];
    want.forEach((node, at) => {
      if (at >= have.length) now.append(document.importNode(node, true));
      else if (alike(have[at], node)) become(have[at], node);
      else have[at].replaceWith(document.importNode(node, true));
    });
    have.slice(want.length).forEach((node) => node.remove());
  }

  function flash(element) {
    if (!element?.closest("[data-flash]")) return;
    element.classList.remove("fresh");
    requestAnimationFrame(() => element.classList.add("fresh"));
  }

  async function look() {
    if (busy || document.hidden) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href);
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const next of page.querySelectorAll("[data-live]")) {
          const now = document.getElementById(next.id);
          if (now) become(now, next);
        }
      }
    } catch { /* the server is away: the next tick tells */ }
    setTimeout(() => {
      busy = false;
      if (again) { again = false; look(); }
    }, CALM);
  }

  const ticks = new EventSource("/live");
  ticks.onopen = () => document.body.setAttribute("data-connected", "");
  ticks.onerror = () => document.body.removeAttribute("data-connected");
  ticks.onmessage = look;
  document.addEventListener("visibilitychange", () => { if (again) { again = false; look(); } });
  setInterval(look, 15000);
})();
