// Passkeys: asks the server for a challenge, the browser for its answer, and hands it back. Each region with data-passkey
// ("get" or "create") names where to begin and where to finish; its button starts it, its status line tells.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "") : null;
  const listed = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const read = (options, kind) => {
    const made = { ...options, challenge: bytes(options.challenge) };
    if (kind === "create") {
      made.user = { ...options.user, id: bytes(options.user.id) };
      made.excludeCredentials = listed(options.excludeCredentials);
    } else {
      made.allowCredentials = listed(options.allowCredentials);
    }
    return made;
  };
  const written = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
      response.transports = from.getTransports ? from.getTransports() : [];
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      response.userHandle = text(from.userHandle);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, extensions: {} };
  };

  const said = (error) => {
    switch (error.name) {
      case "NotAllowedError": return "No passkey was used: it was cancelled, or it took too long. Try again.";
      case "InvalidStateError": return "This device or key has a passkey for you here already.";
      case "SecurityError": return "This browser does not take passkeys at this address.";
      case "NotSupportedError": return "This device or key cannot make such a passkey. Take another one.";
      case "TypeError": return "The server does not answer. Try again in a minute.";
      default: return error.message;
    }
  };

  const post = async (where, body, token) => {
    const headers = { "content-type": "application/json" };
    if (token) headers["x-console-token"] = token;
    const answer = await fetch(where, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
    if (answer.status === 401 && token) { location.reload(); return new Promise(() => {}); }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error || "Something went wrong. Load the page again.");
    return told;
  };

  const run = async (region) => {
    const { passkey: kind, begin, finish, token, next } = region.dataset;
    const begun = await post(begin, {}, token);
    const publicKey = read(begun.options, kind);
    const credential = await (kind === "create" ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
    const name = region.querySelector("input")?.value || "";
    const done = await post(finish, { token: begun.token, credential: written(credential), name, next: next || "" }, token);
    location.assign(done.go);
  };

  for (const region of document.querySelectorAll("[data-passkey]")) {
    const [button, status] = [region.querySelector("button"), region.querySelector("[role=status]")];
    region.hidden = false;
    if (!window.PublicKeyCredential) {
      button.hidden = true;
      status.textContent = "This browser has no passkeys.";
      continue;
    }
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = "Waiting for your passkey …";
      try {
        await run(region);
      } catch (error) {
        status.textContent = said(error);
        button.disabled = false;
      }
    });
  }
})();
