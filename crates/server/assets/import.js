// Hands a leak over in pieces, from where the server says that it stands, and shows how far it is.
//
// Never: keeps anything of the file; goes on after somebody cancelled; says that it is on record before the server does.
// In:  a form with data-import, one with data-columns, a section with data-going.
// Out: requests below the form's action; the page of the leak at the end.
"use strict";
(() => {
  const form = document.querySelector("[data-import]");
  if (!form) return;
  const PIECE = 4 << 20;
  const one = (selector) => document.querySelector(selector);
  const [columns, going, trouble, go] = ["[data-columns]", "[data-going]", "[data-trouble]", "[data-go]"].map(one);
  const base = form.getAttribute("action");
  let file, upload, asking, over = false, began, from = 0, sending;

  one("[data-without]").hidden = true;
  form.hidden = false;

  class Refused extends Error {
    constructor(status, told) { super(told.error || "The server does not answer."); this.status = status; this.code = told.code; }
  }
  async function ask(path, body, method = "POST", signal) {
    const answer = await fetch(base + path, { method, body, signal, redirect: "manual", headers: { "x-console-token": form.dataset.token } });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(answer.status, told);
    return told;
  }

  const grouped = (number) => Math.round(number).toLocaleString("en");
  const size = (bytes) => bytes < 1e6 ? grouped(bytes / 1e3) + " kB" : grouped(bytes / 1e6) + " MB";
  const lasting = (secs) => secs < 90 ? Math.ceil(secs) + " s" : Math.ceil(secs / 60) + " min";
  function show(told) {
    one("progress").value = file.size ? told.offset / file.size : 1;
    const secs = (performance.now() - began) / 1000;
    const rate = secs > 1 ? (told.offset - from) / secs : 0;
    const left = rate > 0 && told.offset < file.size ? ", " + size(rate) + " each second, about " + lasting((file.size - told.offset) / rate) + " left" : "";
    one("[data-numbers]").textContent = size(told.offset) + " of " + size(file.size) + left + ". " + grouped(told.rows) + " lines read, " + grouped(told.matched) + " accounts found.";
  }
  function say(text, again) {
    trouble.textContent = text;
    trouble.hidden = !text;
    go.hidden = !again;
  }

  function choose(told) {
    if (asking) return;
    asking = true;
    const rows = columns.querySelector("tbody");
    for (const column of told.columns) {
      const row = one("[data-row]").content.cloneNode(true);
      row.querySelector("bdi").textContent = column.name;
      row.querySelector("code").textContent = column.looks_like.slice(0, 2).join("  ");
      row.querySelectorAll("td")[2].textContent = column.field ? column.sure : "–";
      const select = row.querySelector("select");
      select.name = column.name;
      select.value = select.dataset.was = column.field || "-";
      select.setAttribute("aria-label", "What " + column.name + " is");
      rows.append(row);
    }
    one("[data-heading]").textContent = "It waits for you";
    columns.hidden = false;
    columns.querySelector("select")?.focus();
  }
  columns.addEventListener("submit", async (event) => {
    event.preventDefault();
    const changed = [...columns.querySelectorAll("select")].filter((select) => select.value !== select.dataset.was);
    try {
      await ask("/" + upload + "/columns", new URLSearchParams(changed.map((select) => [select.name, select.value])));
      columns.hidden = true;
      say("");
      one("[data-heading]").textContent = "Handing it over";
      [began, from] = [performance.now(), 0];
    } catch (error) {
      say(error.message, false);
    }
  });

  // Looks beside the piece that is under way: that one may wait until the columns are confirmed.
  async function look() {
    const told = await ask("/" + upload, undefined, "GET");
    show(told);
    if (told.state === "columns") choose(told);
    if (told.state === "failed") { over = true; sending?.abort(); say(told.error, false); }
    if (told.state === "done") { over = true; location.assign("/console/exposure/leaks/" + told.leak); }
    return told;
  }
  async function watch() {
    while (!over) {
      await new Promise((done) => setTimeout(done, 500));
      try { if (!over && go.hidden) await look(); } catch { /* The one who sends says what is wrong. */ }
    }
  }

  async function send() {
    let { offset } = await look();
    while (!over && offset < file.size) {
      sending = new AbortController();
      ({ offset } = await ask("/" + upload + "/piece?offset=" + offset, file.slice(offset, offset + PIECE), "POST", sending.signal));
    }
    while (!over) {
      try {
        await ask("/" + upload + "/finish", new URLSearchParams());
        await look();
      } catch (error) {
        if (error.code !== "columns_needed") throw error;
        await new Promise((done) => setTimeout(done, 500));
      }
    }
  }
  async function run() {
    say("");
    try {
      await send();
    } catch (error) {
      if (over) return;
      if (error.status === 403 || error.status === 401) {
        say("Your proof has grown old. Confirm in another tab that it is you, then go on here.", true);
      } else if (error.code === "upload_offset" || error.status === undefined || error.status >= 500) {
        say("The connection broke off. Nothing that arrived is lost.", true);
      } else {
        over = true;
        say(error.message, false);
      }
    }
  }
  go.addEventListener("click", run);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    file = one("#file").files[0];
    const fields = new URLSearchParams(new FormData(form));
    fields.set("file", file.name);
    fields.set("size", file.size);
    going.hidden = false;
    try {
      upload = (await ask("", fields)).id;
    } catch (error) {
      return say(error.status === 403 ? "Your proof has grown old. Load this page again." : error.message, false);
    }
    form.hidden = true;
    began = performance.now();
    watch();
    run();
  });
  one("[data-cancel]").addEventListener("click", async () => {
    over = true;
    sending?.abort();
    try { if (upload) await ask("/" + upload + "/cancel", new URLSearchParams()); } catch { /* It is over already. */ }
    columns.hidden = true;
    form.hidden = false;
    say("It was cancelled. Nothing was kept. Load this page again to begin anew.", false);
  });
  addEventListener("beforeunload", (event) => { if (upload && !over) event.preventDefault(); });
})();
