// Overwrites the unused pages of the database. Mail that has left is deleted without that, because to write each of its pages once more would
// take a third of the throughput of large mail (`secure_delete = FAST`): until this pass they still hold it.
//
// | stage | a step | next |
// |---|---|---|
// | begin | removes what an interrupted pass has left, and makes the table | fill |
// | fill | takes up to 1 MiB of unused pages into a row of zeros | fill; empty: no unused page is left |
// | empty | deletes one row, whose pages are unused again | empty; null: the table is gone |

import type { Database } from 'better-sqlite3'
import type { OperationResults } from '../../worker/worker-protocol.ts'

/** Pages of one step, 1 MiB: some milliseconds. */
const STEP_PAGES = 256
/** Octets of a page that belong to a large value: 4096 without the number of the next page. */
const PAGE_OCTETS = 4092
/**
 * Octets of the value in the page of the table, so that its other pages are full: SQLite leaves the rest of a page that is not as it was
 * (file format, section 1.6: a value keeps at least 489 octets there, and at most 4061).
 */
const TABLE_OCTETS = 505

export function overwriteUnused(db: Database, stage: 'begin' | 'fill' | 'empty'): OperationResults['overwrite'] {
  switch (stage) {
    case 'begin':
      db.exec('CREATE TABLE IF NOT EXISTS unused (zeros BLOB NOT NULL) STRICT')
      return 'fill'
    case 'fill': {
      const unused = Number(db.pragma('freelist_count', { simple: true }))
      const pages = Math.min(unused, STEP_PAGES)
      if (pages > 0) db.prepare('INSERT INTO unused VALUES (zeroblob(?))').run(pages * PAGE_OCTETS + TABLE_OCTETS)
      // The last pages of a busy database change all the time.
      return unused > STEP_PAGES ? 'fill' : 'empty'
    }
    case 'empty':
      if (db.prepare('DELETE FROM unused WHERE rowid IN (SELECT rowid FROM unused LIMIT 1)').run().changes > 0)
        return 'empty'
      db.exec('DROP TABLE unused')
      return null
  }
}
