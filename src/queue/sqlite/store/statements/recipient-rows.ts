// SQL that adds a recipient row.

import type { Database } from 'better-sqlite3'

export interface NewRecipientRow {
  readonly id: number
  readonly state: number
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly attempt: number
  readonly notify: number
  readonly private: 0 | 1
  readonly address: string
  readonly original: string | null
  readonly reversePath: string | null
  readonly orcpt: string | null
  readonly flow: number
}

export function insertRecipient(db: Database): (row: NewRecipientRow) => void {
  const insert =
    db.prepare(`INSERT INTO recipients (id, state, next_hop, next_attempt_at, attempt, notice, notify, private,
    address, original, reverse_path, orcpt, flow) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`)
  return (row) => {
    insert.run(
      row.id,
      row.state,
      row.nextHop,
      row.nextAttemptAt,
      row.attempt,
      row.notify,
      row.private,
      row.address,
      row.original,
      row.reversePath,
      row.orcpt,
      row.flow,
    )
  }
}
