// The page about one entry of the log: checks its proof in this browser, from the entry's content up to the log's signature
// and the witnesses.
//
// Never: asks the network; says "checked" of what only the server has checked.
// In:  an element with data-key and data-policy, and the proof file's text within it.
// Out: one of the page's own sentences shown, the others hidden.
"use strict";

(function () {
  const box = document.querySelector("[data-entry]");
  if (!box || !window.crypto || !crypto.subtle) return;
  const { key, policy, entry } = box.dataset;
  const bytes = new TextEncoder().encode(box.querySelector("[data-file]").textContent);

  // Shows the sentence of this name; its numbers are filled in.
  function show(name, numbers) {
    for (const one of box.querySelectorAll("[data-state]")) {
      one.hidden = one.dataset.state !== name;
      if (!one.hidden && numbers && one.dataset.raw) {
        one.textContent = one.dataset.raw.replace(/\{([a-z]+)\}/g, (whole, name) => String(numbers[name] ?? whole));
      }
    }
  }

  // The content that was proven is the one that the page shows.
  function same(payload) {
    return JSON.parse(payload).id === entry;
  }

  async function check() {
    show("checking");
    try {
      if (!await countersignProof.knowsEd25519()) {
        const { payload } = await countersignProof.hashes(bytes);
        show(same(payload) ? "unable" : "wrong");
        return;
      }
      const found = await countersignProof.verify(bytes, key, policy);
      const { count, of, needed, reached } = found.witnesses;
      const name = !needed ? "browser" : reached ? "witnessed" : "unwitnessed";
      show(same(found.payload) ? name : "wrong", { size: found.size, count, of });
    } catch (problem) {
      box.dataset.refused = problem.reason || problem.message;
      show("wrong");
    }
  }

  check();
})();
