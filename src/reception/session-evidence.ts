// Keeps what the checks noticed before the end of data: of a session until it ends, of a transaction until the next MAIL.

import type { Stage } from '../policy/check.ts'
import { noEvidence, type Evidence } from '../policy/evidence.ts'
import type { Session } from '../smtp/session.ts'

export interface SessionEvidence {
  /** What a stage that passed has found. */
  note(session: Session, stage: Exclude<Stage, 'message'>, found: readonly Evidence[]): void
  /** Everything known of the session and its open transaction, in the order of the stages, each name once. */
  of(session: Session): readonly Evidence[]
}

type ByStage = Partial<Record<Stage, readonly Evidence[]>>

export function createSessionEvidence(): SessionEvidence {
  const sessions = new WeakMap<Session, ByStage>()
  return {
    note: (session, stage, found) => {
      // A front end that names its client (XCLIENT) begins the session again.
      if (stage === 'connect') sessions.delete(session)
      const known = sessions.get(session)
      // Most sessions have none.
      if (!known && found.length === 0) return
      // Each of a thousand recipients can show the same.
      const all = stage === 'rcpt' ? byName([...(known?.rcpt ?? noEvidence), ...found]) : found
      sessions.set(session, { ...known, ...(stage === 'mail' && { rcpt: noEvidence }), [stage]: all })
    },
    of: (session) => {
      const known = sessions.get(session)
      if (!known) return noEvidence
      const { connect = [], secured = [], helo = [], mail = [], rcpt = [] } = known
      return byName([...connect, ...secured, ...helo, ...mail, ...rcpt])
    },
  }
}

/** Each name once, as it was found last. */
function byName(found: readonly Evidence[]): readonly Evidence[] {
  return [...new Map(found.map((one) => [one.name, one])).values()]
}
