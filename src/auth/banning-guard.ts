// The login throttle with bans: what reached a limit is banned, a ban that stands refuses the login. A ban of the node does not concern an
// account at a client from which it has logged in before: strangers do not lock a user out from where the user works.

import type { Clock } from '../lib/clock.ts'
import { clientNetwork, siteNetwork } from '../lib/ip-address.ts'
import { userText } from '../smtp/origin.ts'
import { type Ban, type BanRules, type Bans, BY_NODE } from '../state/ban-contract.ts'
import { createFailureNotes } from './failure-notes.ts'
import type { KnownClients } from './known-clients.ts'
import type { Attempt, Guard, LoginAttempt, ReachedLimit } from './login-throttle.ts'

export interface BanningGuardParts {
  readonly guard: Guard
  readonly bans: Bans
  readonly known: KnownClients
  readonly rules: BanRules
  /** The main domain: a ban of `lee@domain` concerns `lee`. */
  readonly domain: string
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>
}

export interface BanningGuard {
  /** As `Guard.begin`. `unavailable` if the bans cannot be read: an operator may have banned the account. */
  begin(ip: string, user: string): Promise<LoginAttempt>
}

/** Users behind one address wait for each other so long, at most; 20 logins at a time take a second. Mail programs wait for longer. */
export const CROWD_MS = 10_000

/** The reason of each ban that the node makes. */
const FAILED_LOGINS = 'failed logins'

export function createBanningGuard(parts: BanningGuardParts): BanningGuard {
  const { guard, bans, known, rules, domain, clock } = parts
  const notes = createFailureNotes()
  return {
    begin: async (ip, user) => {
      const account = user.toLowerCase()
      const accounts = account.includes('@') ? [account] : [account, `${account}@${domain}`]
      const answer = await bans.find({ ip, accounts }, clock.now())
      if (answer.kind === 'unavailable')
        return { kind: 'unavailable', cause: `the bans cannot be read: ${answer.cause}` }
      const isKnown = known.has(account, clientNetwork(ip))
      const ban = answer.bans.find(({ by }) => by !== BY_NODE || !isKnown)
      if (ban) return { kind: 'banned', cause: causeOf(ban) }
      const attempt = await whenNotCrowded(() => guard.begin(ip, user), clock)
      if (attempt.kind === 'banned' && attempt.reached) {
        const evidence = evidenceOf(attempt.reached, notes.of(attempt.reached))
        const { kind, value } = attempt.reached
        await bans.add({ kind, value, at: clock.now(), reason: FAILED_LOGINS, evidence }, rules)
      }
      if (attempt.kind !== 'free') return attempt
      return {
        ...attempt,
        end: (how) => {
          if (how === 'failed' && !isKnown) notes.add({ address: clientNetwork(ip), network: siteNetwork(ip), account })
          attempt.end(how)
        },
      }
    },
  }
}

/** Asks again whenever an attempt has ended, until there is a place or the time is over. */
async function whenNotCrowded(begin: () => Attempt, clock: Pick<Clock, 'monotonic' | 'after'>): Promise<LoginAttempt> {
  const deadline = clock.monotonic() + CROWD_MS
  for (let attempt = begin(); ; attempt = begin()) {
    if (attempt.kind !== 'crowded') return attempt
    const left = deadline - clock.monotonic()
    if (left <= 0) return { kind: 'unavailable', cause: attempt.cause }
    const late = Promise.withResolvers<void>()
    const timer = clock.after(left, () => late.resolve())
    await Promise.race([attempt.nextEnd, late.promise])
    timer.cancel()
  }
}

function causeOf({ kind, value, until, by, reason }: Ban): string {
  const who = kind === 'account' ? userText(value) : `${kind} ${value}`
  return `${who} is banned until ${new Date(until).toISOString()} by ${by}${reason === '' ? '' : `: ${reason}`}`
}

/** `20 failed logins from 192.0.2.1, of user:kim, user:lee and 3 more`. */
function evidenceOf(
  { kind, value, failures }: ReachedLimit,
  { named, others }: { readonly named: readonly string[]; readonly others: number },
): string {
  const more = others > 0 ? ` and ${others} more` : ''
  if (kind !== 'account') return `${failures} failed logins from ${value}${list(', of ', named.map(userText), more)}`
  return `${failures} failed logins of ${userText(value)}${list(', from ', named, more)}`
}

function list(before: string, named: readonly string[], after: string): string {
  return named.length === 0 ? '' : `${before}${named.join(', ')}${after}`
}
