// Migration 5: the operator that holds a recipient, and the reason. Never edited once released; changes come as new numbers.

export const holds = `
ALTER TABLE recipients ADD COLUMN hold TEXT;   -- of a held one: JSON of contract/queue-reader.ts, Hold; NULL: an older release held it
`
