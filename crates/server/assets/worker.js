// Searches ALTCHA numbers: hex(sha256(salt + number)) = challenge, number in decimal, in one Web Worker.
//
// Never: talks to the network, keeps anything after its range.
// In:  {salt, challenge} once, then {from, to} again and again.   Out: {found: number | -1, tried: count}.
//
// SHA-256 (FIPS 180-4) on 32-bit integers. The salt does not change, so the state after its full 64-byte blocks is
// computed once; a try mutates only the decimal digits in the block that is left, and one compression (two when
// digits and padding cross a block) decides it.
"use strict";

const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const START = new Int32Array([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const W = new Int32Array(64);

// One block: `out` = compression of `state` with the 16 words at `at` in `words`. Eight rounds per turn of the loop
// take the place of the eight moves that the textbook makes after each round.
function compress(state, words, at, out) {
  for (let i = 0; i < 16; i++) W[i] = words[at + i];
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    W[i] = (W[i - 16] + W[i - 7]
      + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ (x >>> 3))
      + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ (y >>> 10))) | 0;
  }
  let a = state[0] | 0, b = state[1] | 0, c = state[2] | 0, d = state[3] | 0;
  let e = state[4] | 0, f = state[5] | 0, g = state[6] | 0, h = state[7] | 0;
  for (let i = 0; i < 64; i += 8) {
    h = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (g ^ (e & (f ^ g))) + K[i] + W[i]) | 0;
    d = (d + h) | 0;
    h = (h + ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + ((a & b) | (c & (a | b)))) | 0;
    g = (g + ((d >>> 6 | d << 26) ^ (d >>> 11 | d << 21) ^ (d >>> 25 | d << 7)) + (f ^ (d & (e ^ f))) + K[i + 1] + W[i + 1]) | 0;
    c = (c + g) | 0;
    g = (g + ((h >>> 2 | h << 30) ^ (h >>> 13 | h << 19) ^ (h >>> 22 | h << 10)) + ((h & a) | (b & (h | a)))) | 0;
    f = (f + ((c >>> 6 | c << 26) ^ (c >>> 11 | c << 21) ^ (c >>> 25 | c << 7)) + (e ^ (c & (d ^ e))) + K[i + 2] + W[i + 2]) | 0;
    b = (b + f) | 0;
    f = (f + ((g >>> 2 | g << 30) ^ (g >>> 13 | g << 19) ^ (g >>> 22 | g << 10)) + ((g & h) | (a & (g | h)))) | 0;
    e = (e + ((b >>> 6 | b << 26) ^ (b >>> 11 | b << 21) ^ (b >>> 25 | b << 7)) + (d ^ (b & (c ^ d))) + K[i + 3] + W[i + 3]) | 0;
    a = (a + e) | 0;
    e = (e + ((f >>> 2 | f << 30) ^ (f >>> 13 | f << 19) ^ (f >>> 22 | f << 10)) + ((f & g) | (h & (f | g)))) | 0;
    d = (d + ((a >>> 6 | a << 26) ^ (a >>> 11 | a << 21) ^ (a >>> 25 | a << 7)) + (c ^ (a & (b ^ c))) + K[i + 4] + W[i + 4]) | 0;
    h = (h + d) | 0;
    d = (d + ((e >>> 2 | e << 30) ^ (e >>> 13 | e << 19) ^ (e >>> 22 | e << 10)) + ((e & f) | (g & (e | f)))) | 0;
    c = (c + ((h >>> 6 | h << 26) ^ (h >>> 11 | h << 21) ^ (h >>> 25 | h << 7)) + (b ^ (h & (a ^ b))) + K[i + 5] + W[i + 5]) | 0;
    g = (g + c) | 0;
    c = (c + ((d >>> 2 | d << 30) ^ (d >>> 13 | d << 19) ^ (d >>> 22 | d << 10)) + ((d & e) | (f & (d | e)))) | 0;
    b = (b + ((g >>> 6 | g << 26) ^ (g >>> 11 | g << 21) ^ (g >>> 25 | g << 7)) + (a ^ (g & (h ^ a))) + K[i + 6] + W[i + 6]) | 0;
    f = (f + b) | 0;
    b = (b + ((c >>> 2 | c << 30) ^ (c >>> 13 | c << 19) ^ (c >>> 22 | c << 10)) + ((c & d) | (e & (c | d)))) | 0;
    a = (a + ((f >>> 6 | f << 26) ^ (f >>> 11 | f << 21) ^ (f >>> 25 | f << 7)) + (h ^ (f & (g ^ h))) + K[i + 7] + W[i + 7]) | 0;
    e = (e + a) | 0;
    a = (a + ((b >>> 2 | b << 30) ^ (b >>> 13 | b << 19) ^ (b >>> 22 | b << 10)) + ((b & c) | (d & (b | c)))) | 0;
  }
  out[0] = (state[0] + a) | 0; out[1] = (state[1] + b) | 0; out[2] = (state[2] + c) | 0; out[3] = (state[3] + d) | 0;
  out[4] = (state[4] + e) | 0; out[5] = (state[5] + f) | 0; out[6] = (state[6] + g) | 0; out[7] = (state[7] + h) | 0;
}

// `count` bytes of `bytes` as big-endian words.
function wordsOf(bytes, count) {
  const words = new Int32Array(count >> 2);
  for (let i = 0; i < count; i++) words[i >> 2] |= bytes[i] << (24 - 8 * (i & 3));
  return words;
}

// The state after the full blocks of the salt, and the bytes that are left.
function prepare(saltText) {
  const salt = new TextEncoder().encode(saltText);
  const full = salt.length & ~63;
  const state = START.slice();
  const words = wordsOf(salt, full);
  for (let at = 0; at < words.length; at += 16) compress(state, words, at, state);
  return { state, rest: salt.subarray(full), length: salt.length };
}

// The last one or two blocks for a number of `digits` digits: salt's rest, room for the digits, padding, bit length.
function template(salt, digits) {
  const used = salt.rest.length + digits;
  const size = used + 9 <= 64 ? 64 : 128;
  const bytes = new Uint8Array(size);
  bytes.set(salt.rest);
  bytes[used] = 0x80;
  const words = wordsOf(bytes, size);
  words[words.length - 1] = (salt.length + digits) * 8;
  return words;
}

function writeDigits(words, at, digits, number) {
  for (let i = digits - 1; i >= 0; i--) {
    const place = at + i, shift = 24 - 8 * (place & 3), digit = number % 10;
    words[place >> 2] = (words[place >> 2] & ~(0xff << shift)) | ((0x30 + digit) << shift);
    number = (number - digit) / 10;
  }
}

// Counts the decimal digits up by one, the way an odometer does. Never called on a row of nines.
function increment(words, at, digits) {
  for (let place = at + digits - 1; ; place--) {
    const shift = 24 - 8 * (place & 3), index = place >> 2, word = words[index];
    if ((word >>> shift & 0xff) !== 0x39) {
      words[index] = (word + (1 << shift)) | 0;
      return;
    }
    words[index] = (word - (9 << shift)) | 0;
  }
}

// The number in from..to (both inclusive, all of `digits` digits) that hashes to `target`, or -1.
function searchRun(salt, target, from, to, digits) {
  const words = template(salt, digits), at = salt.rest.length, two = words.length === 32;
  const state = salt.state, out = new Int32Array(8), wanted = target[0];
  writeDigits(words, at, digits, from);
  for (let number = from; ; number++) {
    compress(state, words, 0, out);
    if (two) compress(out, words, 16, out);
    if (out[0] === wanted && out.every((word, i) => word === target[i])) return number;
    if (number === to) return -1;
    increment(words, at, digits);
  }
}

// The number in from..to (inclusive) that hashes to `target`, or -1; one run for each count of digits.
function search(salt, target, from, to) {
  for (let start = from; start <= to;) {
    const digits = String(start).length;
    const end = Math.min(to, Math.pow(10, digits) - 1);
    const found = searchRun(salt, target, start, end, digits);
    if (found >= 0) return found;
    start = end + 1;
  }
  return -1;
}

function targetOf(hex) {
  const target = new Int32Array(8);
  for (let i = 0; i < 8; i++) target[i] = parseInt(hex.slice(8 * i, 8 * i + 8), 16);
  return target;
}

let salt = null, target = null;
self.onmessage = (event) => {
  const ask = event.data;
  if (ask.salt !== undefined) {
    salt = prepare(ask.salt);
    target = targetOf(ask.challenge);
    return;
  }
  self.postMessage({ found: search(salt, target, ask.from, ask.to), tried: ask.to - ask.from + 1 });
};
