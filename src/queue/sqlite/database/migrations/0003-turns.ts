// Migration 3: the flow of a recipient, so that senders take turns (flow.ts), and the class of its last refusal. Never edited once released;
// changes come as new numbers.

export const turns = `
ALTER TABLE recipients ADD COLUMN flow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recipients ADD COLUMN last_class TEXT;
CREATE INDEX recipients_turn ON recipients (next_hop, flow, next_attempt_at) WHERE state < 2;
`
