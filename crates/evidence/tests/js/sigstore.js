// Judges a proof file with the verifier of sigstore-js (@sigstore/verify), whose authors wrote it for other logs.
//
//   node sigstore.js NODE_MODULES PROOF VKEY ENTRY_HEX
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const [modules, proofFile, vkey, entryHex] = process.argv.slice(2);
const from = (name) => require(path.join(path.resolve(modules), '@sigstore/verify/dist/tlog', name));
const { verifyCheckpoint } = from('checkpoint.js');
const { verifyMerkleInclusion } = from('merkle.js');

// The proof file (C2SP tlog-proof): header, "extra", "index", hashes, an empty line, the checkpoint.
const text = fs.readFileSync(proofFile, 'utf8');
const blank = text.indexOf('\n\n');
const lines = text.slice(0, blank).split('\n');
if (lines[0] !== 'c2sp.org/tlog-proof@v1') throw new Error('not a proof file');
const at = lines.findIndex((line) => line.startsWith('index '));

// The key: name+id+base64(type || key). The id is computed anew.
const [name, id] = vkey.split('+');
const key = Buffer.from(vkey.slice(name.length + id.length + 2), 'base64');
const hint = crypto.createHash('sha256').update(name).update('\n').update(key).digest().subarray(0, 4);
if (hint.toString('hex') !== id || key[0] !== 1) throw new Error('the key is mistyped');
const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
const publicKey = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });

const entry = {
  canonicalizedBody: Buffer.from(entryHex, 'hex'),
  inclusionProof: {
    logIndex: lines[at].slice('index '.length),
    hashes: lines.slice(at + 1).map((line) => Buffer.from(line, 'base64')),
    checkpoint: { envelope: text.slice(blank + 2) },
  },
};
const checkpoint = verifyCheckpoint(entry, [{ logID: hint, baseURL: name, publicKey }]);
if (checkpoint.origin !== name) throw new Error('another log');
verifyMerkleInclusion(entry, checkpoint);
console.log(`entry ${entry.inclusionProof.logIndex} of ${checkpoint.logSize}`);
