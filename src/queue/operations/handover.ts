// Room queue, operation handover: from the name of a step to its code.

import type { Database } from 'better-sqlite3'
import type { HandoverAnswers, HandoverStep } from '../handover-step.ts'
import { selectIdentity } from '../statements/handover.ts'
import type { StoreContext } from '../store-context.ts'
import { leave, left, stay } from './leave.ts'
import { refuseToken, takeOver } from './take-over.ts'

export function handover(
  context: StoreContext,
  { step, now }: { readonly step: HandoverStep; readonly now: number },
  db: Database,
): HandoverAnswers[HandoverStep['kind']] {
  switch (step.kind) {
    case 'identity':
      return selectIdentity(db)
    case 'take':
      return takeOver(context, { step, now }, db)
    case 'refuse':
      return refuseToken({ step, now }, db)
    case 'leave':
      return leave(context, { step, now }, db)
    case 'left':
      return left(context, { step, now }, db)
    case 'stay':
      return stay(context, { step }, db)
  }
}
