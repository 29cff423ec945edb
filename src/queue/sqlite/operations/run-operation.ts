// Room queue: from the name of an operation to its code.

import type { Database } from 'better-sqlite3'
import type { Answers, Operation, OperationKind } from '../worker-protocol.ts'
import type { StoreContext } from '../store-context.ts'
import { accept, acceptAll } from './accept-message.ts'
import { claim } from './claim.ts'
import { control } from './control-step.ts'
import { expire } from './expire.ts'
import { handover } from './transfer-operation.ts'
import { lost } from './lost.ts'
import { notices, notify } from './claim-notices.ts'
import { purge } from './purge.ts'
import { record } from './record.ts'
import { release } from './release.ts'
import { settle } from './settle.ts'
import { warn } from './warn.ts'

export function runOperation(context: StoreContext, operation: Operation, db: Database): Answers[OperationKind] {
  switch (operation.kind) {
    case 'accept':
      return accept(context, operation)
    case 'accept-all':
      return acceptAll(context, operation)
    case 'claim':
      return claim(context, operation)
    case 'settle':
      return settle(context, operation)
    case 'release':
      return release(context, operation)
    case 'notices':
      return notices(context, operation)
    case 'notify':
      return notify(context, operation)
    case 'record':
      return record(context, operation)
    case 'purge':
      return purge(context, operation, db)
    case 'expire':
      return expire(context, operation)
    case 'warn':
      return warn(context, operation)
    case 'control':
      return control(context, operation.step, db)
    case 'handover':
      return handover(context, operation)
    case 'lost':
      return lost(context, operation)
    case 'probe':
      context.sql.updateMeta('indexed_to', context.sql.selectMeta('indexed_to'))
      return null
  }
}
