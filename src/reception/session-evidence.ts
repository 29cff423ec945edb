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
      const known = sessions.get(session)
      // Most sessions have none.
      if (!known && found.length === 0) return
      const rcpt = stage === 'rcpt' ? [...(known?.rcpt ?? noEvidence), ...found] : stage === 'mail' ? [] : known?.rcpt
      sessions.set(session, { ...known, [stage]: found, ...(rcpt && { rcpt }) })
    },
    of: (session) => {
      const known = sessions.get(session)
      if (!known) return noEvidence
      const { connect = [], secured = [], helo = [], mail = [], rcpt = [] } = known
      const all = [...connect, ...secured, ...helo, ...mail, ...rcpt]
      return [...new Map(all.map((one) => [one.name, one])).values()]
    },
  }
}
