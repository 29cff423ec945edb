// Migration 6: the end of a hold, of quarantined mail. Never edited once released; changes come as new numbers.

export const holdEnds = `
ALTER TABLE recipients ADD COLUMN hold_until INTEGER;   -- of a held one, unix ms: the node ends it then; NULL: never
CREATE INDEX recipients_hold_until ON recipients (hold_until) WHERE state = 3 AND hold_until IS NOT NULL;
`
