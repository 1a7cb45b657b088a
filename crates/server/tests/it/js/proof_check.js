// Asks assets/proof.js about everything on standard input, so that a test can hold its answers against those of the crate.
//
// In:  the script's path as an argument; {proofs: [base64], bits: [base64], key, policies: [text], payloads: [text],
//      recipients: [{salt, address}], codes: [text]} as JSON.
// Out: one answer for each, "no" or what was found; for each of `bits` one for every bit of it flipped.
"use strict";

const proofs = require(process.argv[2]);
const fs = require("fs");

async function outcome(work) {
  try {
    return await work();
  } catch (problem) {
    // Anything but a refusal is a fault of the script, and shows as one.
    return problem instanceof proofs.Refused ? "no" : `fault: ${problem.stack}`;
  }
}

async function verify(bytes, key, policy) {
  const { payload, index, size, witnesses } = await proofs.verify(bytes, key, policy);
  const { recipient } = proofs.sealed(payload);
  return `${index} of ${size}, ${witnesses.count} of ${witnesses.of}, ${witnesses.reached}, ${recipient}`;
}

async function flipped(bytes, key, policy) {
  const answers = [];
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3] ^= 1 << (bit & 7);
    answers.push(await outcome(() => verify(changed, key, policy)));
  }
  return answers;
}

async function each(list, work) {
  const answers = [];
  for (const one of list) answers.push(await outcome(() => work(one)));
  return answers;
}

(async () => {
  const asked = JSON.parse(fs.readFileSync(0, "utf8"));
  const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
  const [first] = asked.policies;
  const answers = {
    proofs: await each(asked.proofs, (text) => verify(bytes(text), asked.key, first)),
    bits: await each(asked.bits, (text) => flipped(bytes(text), asked.key, first)),
    keys: await each(asked.keys, (key) => verify(bytes(asked.proofs[0]), key, first)),
    policies: await each(asked.policies, (policy) => verify(bytes(asked.proofs[0]), asked.key, policy)),
    payloads: await each(asked.payloads, (text) => proofs.sealed(text).recipient),
    recipients: await each(asked.recipients, ({ salt, address, digest }) => (
      proofs.isFor({ recipient_salt: salt, recipient: digest }, address))),
    codes: await each(asked.codes, (code) => proofs.codeHash(code)),
  };
  process.stdout.write(JSON.stringify(answers));
})();
