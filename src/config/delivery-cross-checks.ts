// What no schema can say about `delivery` and `bounce`: keys that belong together, and passwords that would go astray.

import { normalizeMailbox } from '../smtp/mailbox.ts'
import { parseNextHop } from '../smtp/nexthop.ts'
import type { Config } from './config.ts'
import type { NodeFile } from './node-schema.ts'
import type { Report } from './problem.ts'

const namePattern = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[?[0-9a-f:.]+\]?)$/i

/** Over the YAML as written, before any of its files is read. */
export function checkDestinations(delivery: NodeFile['delivery'], report: Report): void {
  for (const [key, one] of Object.entries(delivery.destinations)) {
    const at = ['delivery', 'destinations', key]
    const say = (part: string, message: string) => report([...at, part], `${at.join('.')}.${part}: ${message}`)
    if (!parseNextHop(key) && !namePattern.test(key))
      report(
        at,
        `${at.join('.')}: found a key that is none, expected a next hop such as smtp:[relay.example.net]:587, a domain, a host, *.name or *`,
      )
    if (one.user !== undefined && one.password_file === undefined)
      say('user', `found ${one.user}, expected password_file beside it`)
    if (one.password_file !== undefined && one.user === undefined)
      say('password_file', `found ${one.password_file}, expected user beside it`)
    if (one.user !== undefined && one.tls === 'may')
      say('tls', 'found may, expected verify or encrypt: a password never travels in the clear')
    if (one.user !== undefined && key.startsWith('*'))
      say('user', `found ${one.user}, expected a key that names one place: a password is for one server only`)
    if ((one.certificate === undefined) !== (one.key === undefined)) {
      const [found, missing] = one.key === undefined ? ['certificate', 'key'] : ['key', 'certificate']
      say(found as string, `found ${one[found as 'key'] ?? ''}, expected ${missing} beside it`)
    }
    if (one.ca !== undefined && one.tls !== 'verify' && (one.tls !== undefined || one.user === undefined))
      say('ca', `found ${one.ca}, expected tls: verify beside it: no other level looks at a certificate`)
  }
}

/** The postmaster stands in the From: of every report. */
export function checkBounce(config: Pick<Config, 'bounce' | 'postmaster'>, report: Report): void {
  if (normalizeMailbox(config.postmaster) === null)
    report(
      ['postmaster'],
      `postmaster: found "${config.postmaster}", expected an address such as postmaster@example.org`,
    )
  for (const key of ['copy_to', 'double_bounces_to'] as const) {
    const address = config.bounce[key]
    if (address !== undefined && normalizeMailbox(address) === null)
      report(['bounce', key], `bounce.${key}: found "${address}", expected an address such as postmaster@example.org`)
  }
}
