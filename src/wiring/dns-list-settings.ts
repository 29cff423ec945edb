// Config → the DNS lists of a node.

import type { Config } from '../config/config.ts'
import type { DnsList } from '../filter/dns-lists.ts'

export interface DnsListSettings {
  readonly lists: readonly DnsList[]
  /** For all lists together. */
  readonly timeoutMs: number
}

/** Null where the role has no `dnsbl` check or the configuration no lists. */
export function dnsListSettings({ dnsbl, role }: Config): DnsListSettings | null {
  return dnsbl && role.checks.includes('dnsbl') ? { lists: dnsbl.lists, timeoutMs: dnsbl.timeout } : null
}
