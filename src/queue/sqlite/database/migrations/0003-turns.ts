// Room queue, migration 3: whose mail a recipient is, so that senders take turns (turn.ts), and what its last refusal was about. Never edited
// once released; changes come as new numbers.

export const turns = `
ALTER TABLE recipients ADD COLUMN flow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipients ADD COLUMN last_class TEXT;
CREATE INDEX recipients_turn ON recipients (next_hop, flow, next_attempt_at) WHERE state < 2;
`
