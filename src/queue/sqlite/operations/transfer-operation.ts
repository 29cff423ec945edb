// Room queue, operation handover: from the name of a step to its code.

import type { HandoverAnswers, HandoverStep } from '../../transfer/transfer-step.ts'
import type { StoreContext } from '../store-context.ts'
import { leave, left, stay } from './begin-transfer.ts'
import { refuseToken, takeOver } from './accept-transfer.ts'

export function handover(
  context: StoreContext,
  { step, now }: { readonly step: HandoverStep; readonly now: number },
): HandoverAnswers[HandoverStep['kind']] {
  switch (step.kind) {
    case 'identity':
      return context.sql.handover.selectIdentity()
    case 'take':
      return takeOver(context, { step, now })
    case 'refuse':
      return refuseToken(context, { step, now })
    case 'leave':
      return leave(context, { step, now })
    case 'left':
      return left(context, { step, now })
    case 'stay':
      return stay(context, { step })
  }
}
