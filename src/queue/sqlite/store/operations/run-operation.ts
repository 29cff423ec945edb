// Runs the operation that a request names.

import type { Database } from 'better-sqlite3'
import type { OperationResults, Operation, OperationKind } from '../../worker/worker-protocol.ts'
import type { StoreContext } from '../store-context.ts'
import { accept, acceptAll } from './accept-message.ts'
import { claim } from './claim.ts'
import { control } from './run-control-step.ts'
import { endHolds } from './end-holds.ts'
import { expire } from './expire.ts'
import { runTransferStep } from './transfer-source-steps.ts'
import { holdLostBody } from './hold-lost-body.ts'
import { notices, notify } from './notices.ts'
import { erase, forget } from './forget-people.ts'
import { overwriteUnused } from './overwrite-unused.ts'
import { purge } from './write-ledger.ts'
import { record } from './write-ledger.ts'
import { runReadStep } from '../read-steps.ts'
import { release } from './release.ts'
import { settle } from './settle.ts'
import { findDelayed } from './find-delayed.ts'

export function runOperation(
  context: StoreContext,
  operation: Operation,
  db: Database,
): OperationResults[OperationKind] {
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
    case 'forget':
      return forget(context, operation, db)
    case 'erase':
      return erase(context, operation, db)
    case 'overwrite':
      return overwriteUnused(db, operation.stage)
    case 'expire':
      return expire(context, operation)
    case 'end-holds':
      return endHolds(context, operation)
    case 'find-delayed':
      return findDelayed(context, operation)
    case 'control':
      return control(context, operation.step, db)
    case 'read':
      return runReadStep(db, operation.step)
    case 'transfer':
      return runTransferStep(context, operation)
    case 'lost':
      return holdLostBody(context, operation)
    case 'probe':
      context.sql.updateMeta('indexed_to', context.sql.selectMeta('indexed_to'))
      return null
  }
}
