// Room queue: SQL that removes a message row once its last recipient row is gone.

import type { Database } from 'better-sqlite3'
import { firstRecipientId, lastRecipientId } from '../recipient-id.ts'

/** Removes the message if no recipient is left. Returns its spool file to unlink after the commit, or null. */
export function removeFinishedMessage(db: Database): (id: number) => { removed: boolean; spoolFile: string | null } {
  const remains = db.prepare('SELECT 1 FROM recipients WHERE id BETWEEN ? AND ? LIMIT 1').pluck()
  const remove = db.prepare('DELETE FROM messages WHERE id = ? RETURNING spool_file').pluck()
  return (id) => {
    if (remains.get(firstRecipientId(id), lastRecipientId(id)) !== undefined) return { removed: false, spoolFile: null }
    const spoolFile = remove.get(id) as string | null | undefined
    return { removed: spoolFile !== undefined, spoolFile: spoolFile ?? null }
  }
}
