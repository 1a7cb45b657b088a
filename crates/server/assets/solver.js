// Solves the ALTCHA challenge of a page in Web Workers and puts the solution into the form.
//
// Never: runs twice for one page, goes on after a form was submitted or the page was left, sends anything by itself
// other than that form.
// In:  an element with data-solve, which holds the challenge in data attributes and its visible parts.
// Out: input[name=altcha] filled, and the form submitted.
"use strict";

(function () {
  // Numbers that a worker tries before it asks for more: about 20 ms on a laptop, 200 ms on an old phone.
  const CHUNK = 50000;
  // More workers than this gain little: phones report slow cores too.
  const MAX_WORKERS = 8;

  const box = document.querySelector("[data-solve]");
  if (!box) return;
  const data = box.dataset;
  const form = box.closest("form");
  const bar = box.querySelector("progress");
  const line = box.querySelector("[data-line]");
  const button = box.querySelector("[data-go]");
  const workers = [];
  const max = Number(data.maxnumber);
  let next = 0, tried = 0, begun = 0, over = false, told = -1;

  function stop() {
    over = true;
    for (const worker of workers) worker.terminate();
  }

  function say(text) {
    line.textContent = text;
  }

  function payload(number) {
    const { algorithm, challenge, salt, signature } = data;
    const json = JSON.stringify({ algorithm, challenge, number, salt, signature });
    return btoa(String.fromCharCode(...new TextEncoder().encode(json)));
  }

  // Somebody who is typing keeps the page; the button goes on when they are ready.
  function typing() {
    const at = document.activeElement;
    return Boolean(at && at.tagName === "INPUT" && at.form !== form && at.value !== "");
  }

  function solved(number) {
    stop();
    form.elements.altcha.value = payload(number);
    bar.value = 1;
    say(data.done || "");
    if (typing()) button.hidden = false;
    else form.submit();
  }

  function failed() {
    stop();
    bar.hidden = true;
    line.setAttribute("role", "alert");
    say(data.failed || "");
  }

  // The number is equally likely anywhere, so half of what is left is what remains on average.
  function estimate() {
    bar.value = tried / (max + 1);
    const elapsed = (performance.now() - begun) / 1000;
    if (elapsed < 0.5) return;
    const left = Math.max(1, Math.ceil((max + 1 - tried) / 2 / (tried / elapsed)));
    if (left === told) return;
    told = left;
    say((data.left || "").replace("{seconds}", String(left)));
  }

  function hand(worker) {
    if (next > max) return;
    const from = next;
    next = Math.min(max, from + CHUNK - 1) + 1;
    worker.postMessage({ from, to: next - 1 });
  }

  function report(worker, { found, tried: count }) {
    if (over) return;
    tried += count;
    if (found >= 0) return solved(found);
    if (tried > max) return failed();
    estimate();
    hand(worker);
  }

  function start() {
    begun = performance.now();
    const count = Math.min(MAX_WORKERS, navigator.hardwareConcurrency || 2, Math.ceil((max + 1) / CHUNK));
    for (let i = 0; i < count; i++) {
      const worker = new Worker(data.worker);
      workers.push(worker);
      worker.onmessage = (event) => report(worker, event.data);
      worker.onerror = failed;
      worker.postMessage({ salt: data.salt, challenge: data.challenge });
      hand(worker);
    }
  }

  for (const each of document.forms) each.addEventListener("submit", stop);
  window.addEventListener("pagehide", stop);
  if (!window.Worker || data.algorithm !== "SHA-256" || !(max >= 0)) return failed();
  start();
})();
