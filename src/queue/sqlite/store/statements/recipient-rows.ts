// Columns that several statements read of a recipient row, and SQL that adds one.

import type { Database } from 'better-sqlite3'

/** The envelope of a recipient, which never changes after acceptance. */
export interface EnvelopeColumns {
  readonly notify: number
  readonly private: 0 | 1
  readonly address: string
  readonly original: string | null
  readonly reversePath: string | null
  readonly orcpt: string | null
}

export const envelopeColumns = 'notify, private, address, original, reverse_path AS reversePath, orcpt'

/** The last finished attempt; all null before there is one. */
export interface LastAttemptColumns {
  readonly lastAt: number | null
  readonly lastStatus: string | null
  readonly lastReply: string | null
  readonly lastHost: string | null
  readonly lastClass: string | null
}

export const lastAttemptColumns = `last_at AS lastAt, last_status AS lastStatus, last_reply AS lastReply, last_host AS lastHost,
  last_class AS lastClass`

export interface NewRecipientRow extends EnvelopeColumns {
  readonly id: number
  readonly state: number
  readonly nextHop: string
  readonly nextAttemptAt: number
  readonly attempt: number
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
