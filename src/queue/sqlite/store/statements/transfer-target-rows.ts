// SQL of the target of a transfer: the identity of this queue, its receipts, and the messages that were transferred here.

import type { Database } from 'better-sqlite3'

/** The identity of this queue, which no other queue has. */
export function selectIdentity(db: Database): () => string {
  const select = db.prepare('SELECT queue FROM identity').pluck()
  return () => select.get() as string
}

/** The receipt of a token, or null. */
export function selectReceipt(db: Database): (token: string) => { readonly accepted: 0 | 1 } | null {
  const select = db.prepare('SELECT accepted FROM receipts WHERE token = ?')
  return (token) => (select.get(token) as { accepted: 0 | 1 } | undefined) ?? null
}

export function insertReceipt(db: Database): (receipt: { token: string; accepted: boolean; at: number }) => void {
  const insert = db.prepare('INSERT INTO receipts VALUES (?, ?, ?)')
  return ({ token, accepted, at }) => {
    insert.run(token, accepted ? 1 : 0, at)
  }
}

export function deleteReceipts(db: Database): (before: number) => void {
  const remove = db.prepare('DELETE FROM receipts WHERE at < ?')
  return (before) => {
    remove.run(before)
  }
}

/** Notes a message whose id is not in the order of arrival. */
export function insertTransferredMessage(db: Database): (lookAt: number, message: number) => void {
  const insert = db.prepare('INSERT OR IGNORE INTO transferred_messages VALUES (?, ?)')
  return (lookAt, message) => {
    insert.run(lookAt, message)
  }
}

/** Removes and returns the noted messages that are due for a check. */
export function takeTransferredMessages(db: Database): (before: number, limit: number) => number[] {
  const remove = db
    .prepare(`DELETE FROM transferred_messages WHERE (look_at, message) IN
      (SELECT look_at, message FROM transferred_messages WHERE look_at < ? ORDER BY look_at LIMIT ?) RETURNING message`)
    .pluck()
  return (before, limit) => remove.all(before, limit) as number[]
}
