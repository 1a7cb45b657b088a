-- What makes a message checkable by whoever holds its code: how it is asked for, and the entry that seals it.

ALTER TABLE messages ADD COLUMN code_digest {BYTES};   -- plain hash of the code; NULL in a row from before, until it is filled in
ALTER TABLE messages ADD COLUMN sealed_entry TEXT;     -- id of the newest `message.sealed`; NULL before it leaves
ALTER TABLE messages ADD COLUMN seal_digest {BYTES};   -- of the rendered text that it seals
CREATE UNIQUE INDEX messages_code_digest ON messages (code_digest);
CREATE INDEX messages_undigested ON messages (id) WHERE code_digest IS NULL;
