// The file of reports in SQLite. A report leaves the queue once it is here, so what was written stays.

import { createResultTables } from './result-store.ts'
import type { StateFormat } from '../../state/sqlite/state-file.ts'

export const reportFormat: StateFormat = {
  version: 1,
  sync: 'full',
  createTables: (db) => {
    db.pragma('foreign_keys = ON')
    db.exec(`CREATE TABLE IF NOT EXISTS reports (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, proven TEXT NOT NULL, org TEXT NOT NULL, report_id TEXT NOT NULL,
        domain TEXT NOT NULL, begin_at INTEGER NOT NULL, end_at INTEGER NOT NULL, received_at INTEGER NOT NULL,
        queue_id TEXT NOT NULL, details TEXT NOT NULL, rows INTEGER NOT NULL,
        UNIQUE (kind, proven, org, report_id, domain, begin_at)) STRICT;
      CREATE INDEX IF NOT EXISTS reports_by_end ON reports (kind, end_at);
      CREATE INDEX IF NOT EXISTS reports_by_arrival ON reports (received_at);
      CREATE INDEX IF NOT EXISTS reports_unproven ON reports (received_at) WHERE proven = '';
      CREATE TABLE IF NOT EXISTS dmarc_records (
        report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE, source TEXT NOT NULL, count INTEGER NOT NULL,
        disposition TEXT NOT NULL, dkim INTEGER NOT NULL, spf INTEGER NOT NULL, header_from TEXT NOT NULL,
        envelope_from TEXT, details TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS dmarc_records_by_report ON dmarc_records (report);
      CREATE TABLE IF NOT EXISTS tls_policies (
        report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE, type TEXT NOT NULL, domain TEXT NOT NULL,
        successes INTEGER NOT NULL, failures INTEGER NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS tls_policies_by_report ON tls_policies (report);
      CREATE TABLE IF NOT EXISTS tls_failures (
        report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE, domain TEXT NOT NULL, result_type TEXT NOT NULL,
        sending_ip TEXT, mx TEXT, count INTEGER NOT NULL, reason TEXT) STRICT;
      CREATE INDEX IF NOT EXISTS tls_failures_by_report ON tls_failures (report);
      CREATE TABLE IF NOT EXISTS complaints (
        queue_id TEXT PRIMARY KEY, received_at INTEGER NOT NULL, proven TEXT NOT NULL, feedback_type TEXT NOT NULL,
        user_agent TEXT, source_ip TEXT, reported_domain TEXT, arrived_at INTEGER, incidents INTEGER NOT NULL,
        message_id TEXT, author_domain TEXT, original TEXT, account TEXT, hops TEXT NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS complaints_by_arrival ON complaints (received_at)`)
    createResultTables(db)
  },
}
