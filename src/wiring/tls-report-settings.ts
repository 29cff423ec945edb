// Config → the settings of TLS reports.

import type { Config } from '../config/config.ts'
import type { ReportSettings } from '../tls-reports/report-sender.ts'

export interface TlsReportSettings extends ReportSettings {
  /** Domains that get no report. */
  readonly exclude: ReadonlySet<string>
}

/** Null without `tls_reports`. */
export function tlsReportSettings({ tls_reports, domain, hostname, postmaster }: Config): TlsReportSettings | null {
  if (!tls_reports) return null
  const { contact, organization, from, exclude } = tls_reports
  return {
    organization: organization ?? domain,
    submitter: domain,
    contact,
    from: from ?? postmaster,
    hostname,
    exclude: new Set(exclude),
  }
}
