// Migration 4: names of tables and columns in terms of the field. Never edited once released; changes come as new numbers.

export const plainNames = `
ALTER TABLE recipients RENAME COLUMN wish TO pending_action;      -- JSON: an operator's action, applied when the attempt ends
ALTER TABLE recipients RENAME COLUMN delay_told TO delay_notified;
ALTER TABLE leaving RENAME TO pending_transfers;
ALTER TABLE receipts RENAME COLUMN taken TO accepted;             -- 1 accepted, 0 refused for good
ALTER TABLE taken_over RENAME TO transferred_messages;
`
