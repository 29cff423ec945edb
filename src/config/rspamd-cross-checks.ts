// What no schema can say of `rspamd:`: a filter that nobody asks, a password in the clear, and waiting longer than clients do.

import { isLoopbackHost } from '../lib/ip-address.ts'
import type { Config } from './config.ts'
import type { Report } from './problem.ts'

/** A client waits ten minutes for the reply to its final dot (RFC 5321 4.5.3.2.6): half of that, or it sends again what we are taking. */
const MOST_WAIT_MS = 300_000

export function checkRspamd(config: Config, report: Report): void {
  const { rspamd, role } = config
  if (!rspamd) return
  if (!role.checks.includes('spam'))
    report(['rspamd'], `rspamd: found a filter, expected none: the role ${role.role} has no check named spam`)
  for (const [index, url] of rspamd.urls.entries()) {
    if (rspamd.password !== null && !isNear(url))
      report(
        ['rspamd', 'urls', index],
        `rspamd.urls: found ${url} beside password_file, expected a loopback address or a socket: the password would cross the network in the clear`,
      )
  }
  const wait = rspamd.timeout * rspamd.urls.length
  if (wait > MOST_WAIT_MS)
    report(
      ['rspamd', 'timeout'],
      `rspamd.timeout: found ${rspamd.timeout / 1000} s for each of ${rspamd.urls.length}, expected at most ${MOST_WAIT_MS / 1000} s in all: clients would not wait longer`,
    )
}

function isNear(url: string): boolean {
  return url.startsWith('unix:') || isLoopbackHost(new URL(url).hostname)
}
