// Checks a message's proof file: opening → commitment → entry → path → root → the log's signature → cosignatures, and what
// the entry says of code and recipient. The rules are those of the crate countersign-evidence; a test holds both to the
// same answers.
//
// Never: touches the page or the network; takes a number, a Base64 text or a line in a second spelling; calls a note good
// in which a known key's signature fails.
// In:  the bytes of a proof file, the log's verifier key, the text of a policy.
// Out: what was proven, or a Refused with the reason.
"use strict";

const countersignProof = (function () {
  const HEADER = "c2sp.org/tlog-proof@v1";
  const COMMITMENT = "countersign evidence commitment v1\n";
  const CODE = "countersign message code v1\n";
  const RECIPIENT = "countersign message recipient v1\n";
  // The limits of the Rust side, in bytes and lines.
  const MOST_PROOF = 256 * 1024, MOST_NOTE = 64 * 1024, MOST_SIGNATURES = 128, MOST_PATH = 64, MOST_EACH = 64;
  const MOST_U64 = (1n << 64n) - 1n;
  const ED25519 = 1, COSIGNATURE = 4, VERSION = 1;
  const MOST_TEXT = 320;
  const KIND = "message.sealed";
  const FIELDS = ["code", "digest", "from", "locale", "message", "recipient", "recipient_salt", "template"];
  const encoder = new TextEncoder();

  // Something proves nothing: `reason` is a word for machines.
  class Refused extends Error {
    constructor(reason) {
      super(reason);
      this.reason = reason;
    }
  }

  function refuse(reason) {
    throw new Refused(reason);
  }

  // Bytes -----------------------------------------------------------------------------------------------------------

  function bytesOf(text) {
    return encoder.encode(text);
  }

  // Strict UTF-8; a byte order mark stays where it is and is refused with everything else that does not belong.
  function textOf(bytes, reason) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return refuse(reason);
    }
  }

  function join(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  function same(a, b) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }

  function u64(number) {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt(number));
    return out;
  }

  function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function toBase64(bytes) {
    let binary = "";
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return btoa(binary);
  }

  // Base64 with padding in its one spelling (RFC 4648, 4); null for anything else.
  function fromBase64(text) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : null;
  }

  // Decimal digits without leading zeros, up to 2^64 - 1; null for anything else.
  function decimal(text) {
    if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text)) return null;
    const number = BigInt(text);
    return number <= MOST_U64 ? number : null;
  }

  async function sha256(...parts) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
  }

  // Keys and notes (C2SP signed-note) -------------------------------------------------------------------------------

  function isKeyName(name) {
    return name !== "" && !/[\p{White_Space}\p{Cc}+]/u.test(name);
  }

  async function keyId(name, type, key) {
    return (await sha256(bytesOf(name), Uint8Array.of(10, type), key)).slice(0, 4);
  }

  // Reads `name+hash+key`.
  async function verifierKey(text) {
    const [, name, hash, encoded] = /^([^+]*)\+([0-9a-f]{8})\+([^]*)$/.exec(text) || refuse("key");
    const bytes = fromBase64(encoded);
    if (!bytes || bytes.length !== 33 || !isKeyName(name)) refuse("key");
    const [type, key] = [bytes[0], bytes.slice(1)];
    if (type !== ED25519 && type !== COSIGNATURE) refuse("key");
    const id = await keyId(name, type, key);
    if (hex(id) !== hash) refuse("key");
    return { name, type, key, id };
  }

  async function importKey(key) {
    return crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  }

  // Whether this browser knows Ed25519 at all; phones from before 2025 often do not.
  async function knowsEd25519() {
    try {
      // The key of RFC 8032, 7.1, test 1.
      const known = fromBase64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
      await importKey(known);
      return true;
    } catch {
      return false;
    }
  }

  async function signed(key, message, signature) {
    if (signature.length !== 64) return false;
    return crypto.subtle.verify({ name: "Ed25519" }, await importKey(key.key), signature, message);
  }

  function signatureLine(line) {
    const [, name, encoded] = /^\u2014 ([^ ]*) ([^]*)$/.exec(line) || refuse("note");
    const bytes = fromBase64(encoded);
    if (!bytes || bytes.length < 5 || !isKeyName(name)) refuse("note");
    return { name, id: bytes.slice(0, 4), bytes: bytes.slice(4) };
  }

  function isBy(signature, key) {
    return signature.name === key.name && same(signature.id, key.id);
  }

  // The text (with its last line feed) and the signatures below it; nothing of it is checked yet.
  function note(whole) {
    if (bytesOf(whole).length > MOST_NOTE || /[\0-\x09\x0b-\x1f]/.test(whole)) refuse("note");
    const at = whole.lastIndexOf("\n\n");
    if (at < 0 || !whole.endsWith("\n") || at + 2 === whole.length) refuse("note");
    const lines = whole.slice(at + 2, -1).split("\n");
    if (lines.length > MOST_SIGNATURES) refuse("note");
    return { text: whole.slice(0, at + 1), signatures: lines.map(signatureLine) };
  }

  // Every line that names the log's key fits, and there is one.
  async function verifyLog(checkpoint, key) {
    if (key.type !== ED25519) refuse("key");
    const lines = checkpoint.signatures.filter((signature) => isBy(signature, key));
    if (lines.length === 0) refuse("unsigned");
    for (const line of lines) {
      if (!await signed(key, bytesOf(checkpoint.text), line.bytes)) refuse("forged");
    }
  }

  // The latest time (seconds since 1970) at which a witness cosigned; null where it did not.
  async function cosigned(checkpoint, key) {
    let latest = null;
    for (const { bytes } of checkpoint.signatures.filter((signature) => isBy(signature, key))) {
      if (bytes.length !== 72) refuse("forged");
      const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
      const message = bytesOf(`cosignature/v1\ntime ${time}\n${checkpoint.text}`);
      if (!await signed(key, message, bytes.slice(8))) refuse("forged");
      if (latest === null || time > latest) latest = time;
    }
    return latest;
  }

  // Policies (C2SP tlog-policy) -------------------------------------------------------------------------------------

  // Reads a policy: the witnesses, the groups over them, the quorum.
  async function policy(text) {
    const read = { logs: [], witnesses: [], groups: [], quorum: undefined };
    const lines = text.split("\n");
    if (lines[lines.length - 1] === "") lines.pop();
    for (const line of lines) await policyLine(read, line);
    if (read.quorum === undefined) refuse("policy");
    return read;
  }

  async function policyLine(read, line) {
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) refuse("policy");
    const [word, ...rest] = line.split(/[ \t]+/).filter((part) => part !== "");
    if (word === undefined || word.startsWith("#")) return;
    const known = new Map([["log", policyLog], ["witness", policyWitness], ["group", policyGroup], ["quorum", policyQuorum]]);
    if (!known.has(word)) refuse("policy");
    await known.get(word)(read, rest);
  }

  async function policyLog(read, words) {
    if (words.length < 1 || words.length > 2 || read.logs.length === MOST_EACH) refuse("policy");
    const key = await verifierKey(words[0]);
    if (key.type !== ED25519 || read.logs.some((log) => same(log.key.key, key.key))) refuse("policy");
    read.logs.push({ key });
  }

  async function policyWitness(read, words) {
    if (words.length < 2 || words.length > 3 || read.witnesses.length === MOST_EACH) refuse("policy");
    const key = await verifierKey(words[1]);
    const twice = read.witnesses.some((witness) => same(witness.key.key, key.key));
    if (key.type !== COSIGNATURE || twice) refuse("policy");
    read.witnesses.push({ name: newName(read, words[0]), key });
  }

  async function policyGroup(read, [name, threshold, ...names]) {
    const fresh = newName(read, name);
    const count = threshold === "all" ? BigInt(names.length) : threshold === "any" ? 1n : decimal(threshold ?? "");
    if (!count || count > BigInt(names.length) || read.groups.length === MOST_EACH) refuse("policy");
    const taken = read.groups.flatMap((group) => group.members);
    const members = names.map((member) => named(read, member));
    const all = [...taken, ...members];
    if (new Set(all).size !== all.length) refuse("policy");
    read.groups.push({ name: fresh, threshold: Number(count), members });
  }

  async function policyQuorum(read, words) {
    if (words.length !== 1 || read.quorum !== undefined) refuse("policy");
    read.quorum = words[0] === "none" ? null : named(read, words[0]);
  }

  function find(read, name) {
    return [...read.witnesses, ...read.groups].find((one) => one.name === name);
  }

  function named(read, name) {
    return find(read, name) || refuse("policy");
  }

  function newName(read, name) {
    if (name === undefined || name === "none" || find(read, name)) refuse("policy");
    return name;
  }

  // How many of the policy's witnesses cosigned, and whether that is what it asks for.
  async function judge(read, checkpoint) {
    const there = new Set();
    for (const witness of read.witnesses) {
      if (await cosigned(checkpoint, witness.key) !== null) there.add(witness);
    }
    const count = there.size;
    // A group's members stand before it, so one pass in order decides them all.
    for (const group of read.groups) {
      if (group.members.filter((member) => there.has(member)).length >= group.threshold) there.add(group);
    }
    const reached = read.quorum === null || there.has(read.quorum);
    return { count, of: read.witnesses.length, reached, needed: read.quorum !== null };
  }

  // The tree (RFC 6962, 2.1) and proof files (C2SP tlog-proof) ------------------------------------------------------

  function hashLine(text) {
    const bytes = fromBase64(text);
    return bytes && bytes.length === 32 ? bytes : refuse("proof");
  }

  function proofFile(bytes) {
    if (bytes.length > MOST_PROOF) refuse("proof");
    const text = textOf(bytes, "proof");
    const at = text.indexOf("\n\n");
    if (at < 0) refuse("proof");
    const lines = text.slice(0, at).split("\n");
    if (lines.shift() !== HEADER) refuse("proof");
    let extra = null;
    if (lines.length > 0 && lines[0].startsWith("extra ")) {
      extra = fromBase64(lines.shift().slice("extra ".length)) || refuse("proof");
    }
    const first = lines.shift() || "";
    const index = first.startsWith("index ") ? decimal(first.slice("index ".length)) : null;
    if (index === null || lines.length > MOST_PATH) refuse("proof");
    return { extra, index, path: lines.map(hashLine), checkpoint: note(text.slice(at + 2)) };
  }

  function checkpointOf(text) {
    const [origin, digits, encoded, ...extensions] = text.slice(0, -1).split("\n");
    const size = decimal(digits ?? "");
    const root = fromBase64(encoded ?? "");
    if (!origin || size === null || !root || root.length !== 32 || extensions.includes("")) refuse("checkpoint");
    return { origin, size, root };
  }

  function nodeHash(left, right) {
    return sha256(Uint8Array.of(1), left, right);
  }

  // The root that a path leads to (RFC 9162, 2.1.3.2).
  async function rootOf(leaf, index, size, path) {
    if (index >= size) refuse("range");
    let [node, last, hash] = [index, size - 1n, leaf];
    for (const other of path) {
      if (last === 0n) refuse("length");
      if (node & 1n || node === last) {
        hash = await nodeHash(other, hash);
        while (!(node & 1n) && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
      } else {
        hash = await nodeHash(hash, other);
      }
      [node, last] = [node >> 1n, last >> 1n];
    }
    return last === 0n ? hash : refuse("length");
  }

  // `{"payload":"…","salt":"…"}`, exactly as it was written.
  function opening(bytes) {
    const text = textOf(bytes, "opening");
    const parts = /^\{"payload":"([A-Za-z0-9+/=]*)","salt":"([A-Za-z0-9+/=]*)"\}$/.exec(text) || refuse("opening");
    const [payload, salt] = [fromBase64(parts[1]), fromBase64(parts[2])];
    return payload && salt && salt.length === 32 ? { payload, salt } : refuse("opening");
  }

  // The hash of the entry whose commitment this opens.
  async function leafOf({ payload, salt }) {
    const lengths = [u64(salt.length), u64(payload.length)];
    const commitment = await sha256(bytesOf(COMMITMENT), lengths[0], salt, lengths[1], payload);
    return sha256(Uint8Array.of(0, VERSION), commitment);
  }

  // All up to the root: what a browser without Ed25519 can still check.
  async function hashes(bytes) {
    const file = proofFile(bytes);
    const opened = opening(file.extra || refuse("opening"));
    const checkpoint = checkpointOf(file.checkpoint.text);
    const root = await rootOf(await leafOf(opened), file.index, checkpoint.size, file.path);
    if (!same(root, checkpoint.root)) refuse("root");
    return { file, checkpoint, payload: textOf(opened.payload, "payload") };
  }

  // Everything: what the entry says, where it stands, and who vouches for the checkpoint. A policy's quorum is told, not
  // demanded: without one the reader is to see "unwitnessed".
  async function verify(bytes, logKey, policyText) {
    const key = await verifierKey(logKey);
    const rules = await policy(policyText);
    const found = await hashes(bytes);
    if (found.checkpoint.origin !== key.name) refuse("origin");
    await verifyLog(found.file.checkpoint, key);
    const witnesses = await judge(rules, found.file.checkpoint);
    return { payload: found.payload, index: found.file.index, size: found.checkpoint.size, witnesses };
  }

  // Sealed messages -------------------------------------------------------------------------------------------------

  // An object by its canonical JSON: keys sorted, no white space, one spelling of each value.
  function canonical(text) {
    let value;
    try {
      value = JSON.parse(text);
    } catch {
      return refuse("payload");
    }
    if (value === null || typeof value !== "object" || JSON.stringify(value) !== text) refuse("payload");
    return value;
  }

  function hasKeys(object, keys) {
    return JSON.stringify(Object.keys(object)) === JSON.stringify(keys);
  }

  function isText(value) {
    return typeof value === "string" && value !== "" && bytesOf(value).length <= MOST_TEXT && !/\p{Cc}/u.test(value);
  }

  function isHash(value) {
    return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  }

  // What the entry of a message says; anything else is refused.
  function sealed(payload) {
    const entry = canonical(payload);
    const about = ["subject", "subject_hash"].find((key) => key in entry);
    const keys = ["at", "id", "kind", ...(about ? [about] : []), "v", "what"];
    if (!hasKeys(entry, keys) || !Number.isSafeInteger(entry.at) || typeof entry.id !== "string") refuse("payload");
    if (about === "subject" && typeof entry.subject !== "string") refuse("payload");
    if (about === "subject_hash" && !isHash(entry.subject_hash)) refuse("payload");
    if (entry.v !== VERSION || entry.kind !== KIND) refuse("kind");
    const { what } = entry;
    if (what === null || typeof what !== "object" || !hasKeys(what, FIELDS)) refuse("fields");
    const texts = [what.from, what.locale, what.message, what.template];
    const hashes = [what.code, what.digest, what.recipient, what.recipient_salt];
    if (!texts.every(isText) || !hashes.every(isHash) || addressForm(what.from) !== what.from) refuse("fields");
    return what;
  }

  // The hash by which a message is looked up; null for what is no code of twelve letters and digits.
  async function codeHash(code) {
    const plain = code.replace(/-/g, "").replace(/[a-z]/g, (char) => char.toUpperCase());
    return /^[0-9A-Z]{12}$/.test(plain) ? hex(await sha256(bytesOf(CODE), bytesOf(plain))) : null;
  }

  // Without white space around it, A to Z in lower case.
  function addressForm(address) {
    return address.replace(/^[\t-\r ]+|[\t-\r ]+$/g, "").replace(/[A-Z]/g, (char) => char.toLowerCase());
  }

  function unhex(digits) {
    return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
  }

  // Whether the message went to this address.
  async function isFor(what, address) {
    const salt = unhex(what.recipient_salt);
    return hex(await sha256(bytesOf(RECIPIENT), salt, bytesOf(addressForm(address)))) === what.recipient;
  }

  return { Refused, addressForm, codeHash, hashes, isFor, knowsEd25519, sealed, verify };
})();

if (typeof module !== "undefined") module.exports = countersignProof;
