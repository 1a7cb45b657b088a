// Keys, the palette and small comforts. Every page does its work without this file.
"use strict";
(() => {
  const palette = document.getElementById("palette");
  const keys = document.getElementById("keys");
  const typing = (at) => at.closest("input, textarea, select, [contenteditable]") !== null;

  for (const opener of document.querySelectorAll("[data-opens]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => document.getElementById(opener.dataset.opens).showModal());
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = button.parentElement.querySelector("input, textarea");
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    });
  }
  for (const field of document.querySelectorAll("[data-select]")) {
    field.addEventListener("focus", () => field.select());
  }
  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    // What answers with a file leaves the page as it is, and may be asked for again.
    if (event.defaultPrevented || event.target.method !== "post" || "file" in event.target.dataset) return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  // The address does not keep telling what was done.
  if (location.search.includes("done=")) {
    const url = new URL(location.href);
    url.searchParams.delete("done");
    history.replaceState(null, "", url);
  }
  if (!palette) return;
  // On a narrow screen the menu is wider than the window: show where one is.
  document.querySelector(".places [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  const input = palette.querySelector("input[name=q]");
  const options = [...palette.querySelectorAll("[role=option]")];
  options.forEach((option, n) => { option.id = "place-" + n; });
  let chosen = -1;

  const shown = () => options.filter((option) => !option.hidden);
  const choose = (n) => {
    const list = shown();
    chosen = list.length === 0 || n < 0 ? -1 : n % list.length;
    options.forEach((option) => option.setAttribute("aria-selected", "false"));
    if (chosen < 0) { input.removeAttribute("aria-activedescendant"); return; }
    list[chosen].setAttribute("aria-selected", "true");
    list[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list[chosen].id);
  };
  const filter = () => {
    const words = input.value.trim().toLowerCase();
    for (const option of options) option.hidden = words !== "" && !option.textContent.toLowerCase().includes(words);
    choose(words !== "" && shown().length > 0 ? 0 : -1);
  };
  const open = () => { input.value = ""; filter(); palette.showModal(); input.focus(); };
  const go = (option) => { location.href = option.dataset.href; };

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const list = shown();
    if (event.key === "ArrowDown") { choose(chosen + 1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(chosen < 1 ? list.length - 1 : chosen - 1); event.preventDefault(); }
    else if (event.key === "Enter" && chosen >= 0) { go(list[chosen]); event.preventDefault(); }
    else if (event.key === "Enter" && input.value.trim() === "") event.preventDefault();
  });
  for (const option of options) option.addEventListener("click", () => go(option));
  for (const dialog of [palette, keys]) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  let after = "";
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { open(); event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (after === "g") {
      after = "";
      const place = event.key === "y" ? "/console/me" : document.querySelector(`.places [data-key="${CSS.escape(event.key)}"]`)?.href;
      if (place) { location.href = place; event.preventDefault(); }
      return;
    }
    if (event.key === "g") { after = "g"; setTimeout(() => { after = ""; }, 1500); }
    else if (event.key === "/") { document.getElementById("find")?.focus(); event.preventDefault(); }
    else if (event.key === "?") { keys.showModal(); event.preventDefault(); }
  });
})();
