// Migration 1: the tables of docs/explanation/queue.md. Never edited once released; changes come as new numbers.

export const initial = `
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  queue_id TEXT NOT NULL,
  arrived_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sender TEXT,                      -- NULL: null sender
  sender_proven INTEGER NOT NULL,
  origin TEXT NOT NULL,             -- JSON of smtp/origin.ts
  parameters TEXT,                  -- JSON of MailParameters; NULL: the plain ones
  spool_file TEXT,                  -- NULL: the body is inline
  header_size INTEGER NOT NULL,
  body_size INTEGER NOT NULL,
  content BLOB NOT NULL             -- header, then the inline body
) STRICT;
CREATE UNIQUE INDEX messages_queue_id ON messages (queue_id);
CREATE INDEX messages_spool ON messages (spool_file) WHERE spool_file IS NOT NULL;

CREATE TABLE recipients (
  id INTEGER PRIMARY KEY,           -- message * 65536 + ordinal
  state INTEGER NOT NULL,           -- states.ts
  next_hop TEXT NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  notice INTEGER NOT NULL,          -- 0 none, 1 failed, 2 delayed, 3 delivered
  notify INTEGER NOT NULL,          -- bits: 1 NEVER, 2 SUCCESS, 4 FAILURE, 8 DELAY; 0: not given
  private INTEGER NOT NULL,
  address TEXT NOT NULL,
  original TEXT,                    -- NULL: the same as address
  reverse_path TEXT,                -- NULL: null sender
  orcpt TEXT,
  wish TEXT,                        -- JSON: what a person asked for while it was claimed
  delay_told INTEGER NOT NULL DEFAULT 0,
  last_at INTEGER,
  last_status TEXT,
  last_reply TEXT,
  last_host TEXT
) STRICT;
CREATE INDEX recipients_due ON recipients (next_hop, next_attempt_at) WHERE state < 2;
CREATE INDEX recipients_notice ON recipients (id) WHERE notice > 0;

CREATE TABLE suspensions (
  next_hop TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  "by" TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  queue_id TEXT,                    -- NULL: refused, never queued
  events TEXT NOT NULL              -- JSON array of observe/events.ts
) STRICT;
CREATE TABLE ledger_index (
  bucket INTEGER NOT NULL,          -- the highest bits of the hash of a term
  first INTEGER NOT NULL,           -- the ledger rows it is about: from this id
  last INTEGER NOT NULL,            -- to this one
  entries BLOB NOT NULL,            -- pairs of 32-bit numbers: hash, id - first
  PRIMARY KEY (bucket, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('indexed_to', 0);
`
