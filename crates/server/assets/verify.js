// The page about one message: checks its proof in this browser, and compares the reader's address with the recipient that
// the proof names.
//
// Never: sends the address anywhere; sends the form of somebody who was told that it stays here; says "checked" of what only
// the server has checked.
// In:  an element with data-proof (the proof's path), and the code, the log's key and the policy in data attributes.
// Out: one of the page's own sentences shown, the others hidden.
"use strict";

(function () {
  const proofs = countersignProof;
  // A message that was recorded just now is in the log at the next checkpoint, at most a second later.
  const TRIES = 4, PAUSE_MS = 1000;

  const box = document.querySelector("[data-proof]");
  if (!box || !window.crypto || !crypto.subtle || !window.fetch) return;
  const form = document.querySelector("[data-compare]");
  const field = form.elements.address;
  const error = document.getElementById("address-error");

  // What the server says of witnesses; only a check of our own says something else.
  const witnesses = document.querySelector("[data-witness]:not([hidden])");
  const told = witnesses ? witnesses.dataset.witness : "";

  // Shows the one element of a kind with this name; `numbers` go into its raw sentence, in the place of the server's.
  function show(kind, name, numbers) {
    for (const one of document.querySelectorAll(`[data-${kind}]`)) {
      one.hidden = one.dataset[kind] !== name;
      if (!one.hidden && numbers && one.dataset.raw) {
        one.textContent = one.dataset.raw.replace(/\{([a-z]+)\}/g, (whole, key) => String(numbers[key] ?? whole));
      }
    }
  }

  // Tells a verdict, as heading and title of the page; the heading.
  function tell(name) {
    show("verdict", name);
    const heading = document.querySelector(`[data-verdict="${name}"] h1`);
    document.title = document.title.replace(/^.*(?= \u00b7 )/, () => heading.textContent);
    return heading;
  }

  // The proof -------------------------------------------------------------------------------------------------------

  // A look-up by the code's hash, without cookies. Null: not there yet.
  async function fetched(path) {
    for (let tries = TRIES; ; tries--) {
      const answer = await fetch(path, { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
      if (answer.status !== 409) throw new Error(String(answer.status));
      if (tries === 1) return null;
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    }
  }

  // What the entry says, if it is that of the message with this code.
  async function ofCode(payload) {
    const what = proofs.sealed(payload);
    if (what.code !== await proofs.codeHash(box.dataset.code)) throw new proofs.Refused("other message");
    return what;
  }

  async function checked(bytes) {
    const { key, policy } = box.dataset;
    if (!await proofs.knowsEd25519()) {
      const what = await ofCode((await proofs.hashes(bytes)).payload);
      show("state", "unable");
      show("witness", told);
      return what;
    }
    const found = await proofs.verify(bytes, key, policy);
    const what = await ofCode(found.payload);
    show("state", "browser", found);
    show("witness", found.witnesses.needed && found.witnesses.reached ? "yes" : "no", found.witnesses);
    return what;
  }

  function failed(problem) {
    if (!(problem instanceof proofs.Refused)) {
      show("state", "unreachable");
      return null;
    }
    box.dataset.refused = problem.reason;
    form.hidden = true;
    show("state", "wrong");
    tell("wrong").focus();
    return null;
  }

  async function check() {
    show("state", "checking");
    show("witness", "");
    try {
      const bytes = await fetched(box.dataset.proof);
      if (bytes) return await checked(bytes);
      show("state", "pending");
      return null;
    } catch (problem) {
      return failed(problem);
    }
  }

  // The address -----------------------------------------------------------------------------------------------------

  // With the domain as mail carries it (xn--…); null for what is no address.
  function addressOf(typed) {
    const text = proofs.addressForm(typed);
    const at = text.lastIndexOf("@");
    if (at < 1 || at + 1 === text.length || /[\s\0-\x1f]/.test(text)) return null;
    const domain = text.slice(at + 1);
    if (/^[\x21-\x7e]+$/.test(domain)) return text;
    try {
      return text.slice(0, at + 1) + new URL(`http://${domain}`).hostname;
    } catch {
      return null;
    }
  }

  function complain(wrong) {
    error.hidden = !wrong;
    field.setAttribute("aria-describedby", wrong ? "address-error address-hint" : "address-hint");
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (wrong) field.focus();
  }

  // From here on the form goes to the server, and says so; whoever pressed the button before has to press it again.
  function giveBack() {
    form.removeEventListener("submit", compare);
    show("hint", "sent");
  }

  async function compare(event) {
    event.preventDefault();
    const address = addressOf(field.value);
    complain(address === null);
    if (address === null) {
      tell("known");
      return;
    }
    const what = await checking;
    if (what) tell(await proofs.isFor(what, address) ? "match" : "other").focus();
  }

  show("hint", "here");
  form.addEventListener("submit", compare);
  const checking = check();
  checking.then((what) => { if (!what) giveBack(); });
})();
