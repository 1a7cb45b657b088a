// Keeps the parts of a page up to date, and lets charts be read by pointer and arrow keys. Without this file there is a link
// that loads the page anew, and every chart has its table.
"use strict";
(() => {
  const root = document.querySelector("[data-live]");
  if (!root) return;
  const WAIT = 15000;
  let source = null;
  let timer = 0;
  let told = "";
  const waiting = new Map();

  const say = (text) => {
    told = text;
    const state = document.querySelector("[data-live-state]");
    if (state) state.textContent = text;
  };
  const headline = (part) => part.querySelector("h2")?.textContent ?? "";
  const stops = (part) => [...part.querySelectorAll("a[href], button, summary, [tabindex]")];
  const selected = (part) => {
    const selection = getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(part, true);
  };

  // One element for another; what was open stays open, and the focus stays where it was.
  const put = (id, html) => {
    const old = document.getElementById(id);
    if (!old) return;
    // Somebody is copying something from it.
    if (selected(old)) { waiting.set(id, html); return; }
    waiting.delete(id);
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const fresh = holder.content.firstElementChild;
    const open = [...old.querySelectorAll("details")].map((d) => d.open);
    fresh.querySelectorAll("details").forEach((d, n) => { d.open = Boolean(open[n]); });
    prepare(fresh);
    const focused = stops(old).indexOf(document.activeElement);
    old.replaceWith(fresh);
    if (focused >= 0) stops(fresh)[focused]?.focus({ preventScroll: true });
    if (id === "asof") say(told);
    // A region that is replaced is not read aloud; one that changes is.
    if (id === "now" && headline(fresh) !== headline(old)) spoken.textContent = headline(fresh);
    reading.follow();
  };

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const later = (text) => {
    close();
    say(text);
    timer = setTimeout(open, WAIT);
  };
  // An event source does not tell why it was refused; a request does.
  const why = async () => {
    close();
    try {
      const stop = new AbortController();
      const answer = await fetch(root.dataset.live, { headers: { accept: "text/event-stream" }, signal: stop.signal });
      stop.abort();
      if (answer.status === 401) {
        location.href = "/console/sign-in?next=" + encodeURIComponent(location.pathname + location.search);
      } else if (answer.status === 429) later("Not live: too many open pages");
      else if (answer.ok) timer = setTimeout(open, 1000);
      else later("Not live");
    } catch {
      later("Not live: no connection");
    }
  };
  function open() {
    close();
    if (document.hidden) return;
    source = new EventSource(root.dataset.live);
    source.addEventListener("part", (event) => {
      const cut = event.data.indexOf("\n");
      const id = event.data.slice(0, cut);
      if (id !== "asof") document.querySelector("[data-until-live]")?.remove();
      put(id, event.data.slice(cut + 1));
      if (told !== "Live") say("Live");
    });
    source.addEventListener("over", why);
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) why();
      else say("Connecting…");
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { close(); say("Paused"); } else open();
  });
  document.addEventListener("selectionchange", () => {
    for (const [id, html] of waiting) put(id, html);
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });

  // What a step of a chart says, beside the pointer or for the arrow keys.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const spoken = document.createElement("div");
  spoken.className = "unseen";
  spoken.setAttribute("aria-live", "polite");
  document.body.append(spoken);

  const reading = {
    part: "", chart: 0, step: -1, byKey: false,
    figure() { return document.getElementById(this.part)?.querySelectorAll("[data-chart]")[this.chart]; },
    steps() { return [...(this.figure()?.querySelectorAll(".h rect") ?? [])]; },
    follow() {
      const rect = this.steps()[this.step];
      for (const other of document.querySelectorAll(".h .at")) if (other !== rect) other.classList.remove("at");
      if (!rect) { tip.hidden = true; return; }
      rect.classList.add("at");
      const text = rect.dataset.said ?? rect.querySelector("title")?.textContent ?? "";
      // The browser's own tip would lie over ours.
      if (rect.dataset.said === undefined) { rect.dataset.said = text; rect.querySelector("title")?.remove(); }
      if (tip.textContent !== text) tip.textContent = text;
      if (this.byKey && spoken.textContent !== text) spoken.textContent = text;
      tip.hidden = false;
      const box = rect.getBoundingClientRect();
      const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
      tip.style.setProperty("left", left + scrollX + "px");
      tip.style.setProperty("top", box.top + scrollY - tip.offsetHeight - 6 + "px");
    },
    at(figure, step, byKey) {
      this.part = figure?.closest("[id]")?.id ?? "";
      this.chart = figure ? [...document.getElementById(this.part).querySelectorAll("[data-chart]")].indexOf(figure) : 0;
      this.step = step;
      this.byKey = byKey;
      this.follow();
    },
  };
  function prepare(part) {
    for (const figure of part.querySelectorAll("[data-chart]")) {
      const plot = figure.querySelector(".plot");
      plot.tabIndex = 0;
      plot.setAttribute("role", "group");
      plot.setAttribute("aria-label", "Chart; arrow keys read it step by step");
    }
  }
  root.addEventListener("pointermove", (event) => {
    const rect = event.target.closest?.(".h rect");
    if (rect) reading.at(rect.closest("[data-chart]"), [...rect.parentElement.children].indexOf(rect), false);
    else if (!reading.byKey) reading.at(null, -1, false);
  });
  root.addEventListener("pointerleave", () => { if (!reading.byKey) reading.at(null, -1, false); });
  root.addEventListener("keydown", (event) => {
    const plot = event.target.closest?.(".plot");
    if (!plot) return;
    const figure = plot.closest("[data-chart]");
    const count = plot.querySelectorAll(".h rect").length;
    const from = reading.byKey && reading.figure() === figure ? reading.step : count;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: count - 1 }[event.key];
    if (event.key === "Escape") { reading.at(null, -1, false); return; }
    if (to === undefined) return;
    event.preventDefault();
    reading.at(figure, Math.min(Math.max(to, 0), count - 1), true);
  });
  root.addEventListener("focusout", (event) => {
    if (event.target.closest?.(".plot") && document.contains(event.target)) reading.at(null, -1, false);
  });

  prepare(document);
  say("Connecting…");
  open();
})();
