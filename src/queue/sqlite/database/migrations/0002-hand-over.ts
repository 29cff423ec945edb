// Migration 2: what a queue stores to transfer messages exactly once (docs/explanation/queue.md, "Transfer"), and the index of held recipients.
// Never edited once released; changes come as new numbers.

export const handOver = `
ALTER TABLE recipients ADD COLUMN kept_state INTEGER;   -- of a leaving one: what it goes back to if it stays
ALTER TABLE recipients ADD COLUMN kept_notice INTEGER;
CREATE INDEX recipients_held ON recipients (id) WHERE state = 3;

CREATE TABLE identity (
  queue TEXT NOT NULL               -- names this queue among all queues, wherever its directory lies
) STRICT;
INSERT INTO identity VALUES (lower(hex(randomblob(16))));

CREATE TABLE leaving (              -- messages that another queue may already have
  message INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,       -- names this one hand-over
  target TEXT NOT NULL,             -- identity of the queue that takes it
  address TEXT NOT NULL,            -- where that queue was met
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE receipts (             -- hand-overs that this queue answered
  token TEXT PRIMARY KEY,
  taken INTEGER NOT NULL,           -- 1 taken, 0 refused for good
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE taken_over (           -- messages whose ids are not in the order of their arrival, for the sweep of expired ones
  look_at INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (look_at, message)
) STRICT, WITHOUT ROWID;
`
