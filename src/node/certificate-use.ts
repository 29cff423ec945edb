// The client certificates that users log in with: when each was last used, and which ones expire soon.

import type { LastUses } from '../auth/last-uses.ts'
import type { UserPins } from '../auth/user-pins.ts'
import type { Problem } from '../config/problem.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { ClientCertificate } from '../smtp/session.ts'

export interface CertificateUse {
  /** Call it after each login. @param expires that of the certificate, unix milliseconds; null if it is not known */
  used(identity: string, certificate: ClientCertificate, expires: number | null): void
  readonly metric: GaugeSource
}

export interface CertificateUseParts {
  readonly use: Pick<LastUses, 'note'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'warn'>
}

const DAY_MS = 86_400_000
/** As for the certificate of the node. */
const WARNING_MS = 14 * DAY_MS
/** Certificates whose end is remembered; the one that came first is dropped first. */
const MOST_REMEMBERED = 10_000

interface Ending {
  readonly expires: number
  /** Day of the last warning: one line a day is enough. */
  warnedOn: number
}

export function createCertificateUse({ use, clock, log }: CertificateUseParts): CertificateUse {
  const endings = new Map<string, Ending>()
  return {
    used: (identity, { keyFingerprint }, expires) => {
      use.note(identity, keyFingerprint, '-')
      if (expires === null) return
      const today = Math.floor(clock.now() / DAY_MS)
      const before = endings.get(keyFingerprint)
      const ending = before?.expires === expires ? before : { expires, warnedOn: 0 }
      endings.set(keyFingerprint, ending)
      const [oldest] = endings.keys()
      if (endings.size > MOST_REMEMBERED && oldest !== undefined) endings.delete(oldest)
      const left = expires - clock.now()
      if (left > WARNING_MS || ending.warnedOn === today) return
      ending.warnedOn = today
      const days = Math.floor(left / DAY_MS)
      log.warn(
        { user: identity, key: `sha256:${keyFingerprint}` },
        `the client certificate of a user expires in ${days} days`,
      )
    },
    metric: {
      name: 'waypost_user_certificates_expiring',
      help: 'Client certificates of users, used since the start, that expire within 14 days or have expired.',
      labels: [],
      read: () => {
        const soon = [...endings.values()].filter(({ expires }) => expires - clock.now() <= WARNING_MS)
        return [{ labels: {}, value: soon.length }]
      },
    },
  }
}

/** Notes of `waypost check`: pinned certificates with which no user has logged in at this node. */
export function unusedPins(
  { file, pins }: { readonly file: string; readonly pins: UserPins['list'] },
  use: Pick<LastUses, 'last'>,
  identityOf: (name: string) => string,
): Problem[] {
  return pins.flatMap(({ name, keys, certificates }) => {
    const prints = [...new Set([...keys, ...certificates])]
    const isUsed = prints.some((print) => use.last(identityOf(name), { label: print, created: 0 }) !== null)
    if (isUsed) return []
    return [{ file, line: 1, column: 1, message: `no login with a certificate of user ${name} at this node yet` }]
  })
}
