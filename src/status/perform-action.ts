// Does what an operator confirmed, over the contracts that the commands use.

import { parseDuration } from '../lib/duration.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import type { Action } from './action-words.ts'
import type { Subject } from './action-subject.ts'
import type { StatusVisit } from './status-ports.ts'

export interface Confirmed {
  readonly action: Action
  readonly subject: Subject
  /** Empty for none. */
  readonly reason: string
}

export type Performed =
  | { readonly kind: 'done'; readonly counts: { readonly changed: number; readonly later?: number } }
  | { readonly kind: 'impossible'; readonly reason: string }

const UNAVAILABLE = 'The state of the node cannot be used now; the health says why. Nothing has changed.'
const LONGEST_BAN_MS = 366 * 86_400_000

export async function perform(visit: StatusVisit, confirmed: Confirmed): Promise<Performed> {
  try {
    return await performed(visit, confirmed)
  } catch (error) {
    if (!(error instanceof QueueUnavailable)) throw error
    return { kind: 'impossible', reason: `The queue cannot be changed now: ${error.message}` }
  }
}

async function performed(visit: StatusVisit, { action, subject, reason }: Confirmed): Promise<Performed> {
  const { operator, ports, form, now } = visit
  const { queue, accounts, bans } = ports
  const by = operator.name
  const end = { at: now, name: by, reason }
  switch (action) {
    case 'hold':
    case 'release':
    case 'retry':
    case 'bounce': {
      const { changed, afterAttempt } = await queue.control.control({
        action,
        filter: subject.filter ?? {},
        by,
        reason,
      })
      return { kind: 'done', counts: { changed, later: afterAttempt } }
    }
    case 'suspend':
    case 'resume':
      return flag(await queue.control[action]({ nextHop: subject.text, by, reason }))
    case 'account-hold':
      return flag(await accounts.hold({ account: subject.account ?? '', at: now, by, reason, evidence: '' }))
    case 'account-release':
      return flag(await accounts.release(subject.account ?? '', end))
    case 'ban': {
      const ms = parseDuration(form.get('for') ?? '')
      if (!subject.ban || ms === null || ms <= 0 || ms > LONGEST_BAN_MS)
        return { kind: 'impossible', reason: 'The time of the ban is not possible.' }
      return flag((await bans.order({ ...subject.ban, at: now, until: now + ms, by, reason })) ? true : null)
    }
    case 'unban': {
      if (!subject.ban) return { kind: 'impossible', reason: 'There is no such ban.' }
      const ended = await bans.end(subject.ban, end)
      return flag(ended === null && bans.problem() !== null ? null : ended !== null)
    }
  }
}

/** Null: not possible now. */
function flag(isChanged: boolean | null): Performed {
  return isChanged === null
    ? { kind: 'impossible', reason: UNAVAILABLE }
    : { kind: 'done', counts: { changed: isChanged ? 1 : 0 } }
}
