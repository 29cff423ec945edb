// All statements of frequent operations, prepared once per connection.

import type { Database } from 'better-sqlite3'
import {
  iterateFlows,
  markClaimed,
  selectDueOfFlow,
  selectDueOfMessage,
  selectOldestDue,
  unclaim,
} from './statements/claim-rows.ts'
import {
  markDelayed,
  selectControlled,
  selectControlledOfMessage,
  selectMessageLifetimes,
  updateFinal,
  updateHold,
  updatePendingAction,
  updateState,
} from './statements/control-rows.ts'
import {
  deleteSuspension,
  insertSuspension,
  selectEarliest,
  selectSuspensions,
  selectWaiting,
} from './statements/destination-rows.ts'
import { selectEndedHolds } from './statements/quarantine-rows.ts'
import { insertMessage } from './statements/message-rows.ts'
import { insertRecipient } from './statements/recipient-rows.ts'
import { deleteLedger, insertLedger, selectLastLedgerId, selectLedgerAfter } from './statements/ledger-rows.ts'
import { deleteEmptyIndex, insertIndex } from './statements/ledger-index.ts'
import {
  deletePendingTransfer,
  deleteRecipientsOf,
  freezeRecipients,
  insertPendingTransfer,
  selectPendingTransfer,
  selectMovable,
  thawRecipients,
} from './statements/transfer-source-rows.ts'
import { selectMeta, updateMeta } from './statements/ledger-index.ts'
import { hasNotice, isUnderWay, markDelayNotified, selectNotice, selectNotices } from './statements/notice-rows.ts'
import { removeFinishedMessage } from './statements/message-rows.ts'
import {
  selectDeliveredFacts,
  selectMessage,
  selectMessageFacts,
  selectMessageIdOf,
} from './statements/message-rows.ts'
import { deleteRecipient, selectClaimed, takeDelivered, updateAttempted } from './statements/settle-rows.ts'
import {
  deleteReceipts,
  insertReceipt,
  insertTransferredMessage,
  selectIdentity,
  selectReceipt,
  takeTransferredMessages,
} from './statements/transfer-target-rows.ts'
import { insertTransferred } from './statements/transfer-rows.ts'

/** Statements of transfers. */
function prepareTransfers(db: Database) {
  return {
    selectIdentity: selectIdentity(db),
    selectReceipt: selectReceipt(db),
    insertReceipt: insertReceipt(db),
    deleteReceipts: deleteReceipts(db),
    insertTransferredMessage: insertTransferredMessage(db),
    takeTransferredMessages: takeTransferredMessages(db),
    insertTransferred: insertTransferred(db),
    selectMovable: selectMovable(db),
    selectPendingTransfer: selectPendingTransfer(db),
    insertPendingTransfer: insertPendingTransfer(db),
    deletePendingTransfer: deletePendingTransfer(db),
    freezeRecipients: freezeRecipients(db),
    thawRecipients: thawRecipients(db),
    deleteRecipientsOf: deleteRecipientsOf(db),
  }
}

export function prepareStatements(db: Database) {
  return {
    transfers: prepareTransfers(db),
    insertMessage: insertMessage(db),
    insertRecipient: insertRecipient(db),
    insertLedger: insertLedger(db),
    selectMessage: selectMessage(db),
    selectMessageFacts: selectMessageFacts(db),
    selectDeliveredFacts: selectDeliveredFacts(db),
    selectMessageIdOf: selectMessageIdOf(db),
    removeFinishedMessage: removeFinishedMessage(db),
    iterateFlows: iterateFlows(db),
    selectDueOfFlow: selectDueOfFlow(db),
    selectOldestDue: selectOldestDue(db),
    selectDueOfMessage: selectDueOfMessage(db),
    markClaimed: markClaimed(db),
    unclaim: unclaim(db),
    takeDelivered: takeDelivered(db),
    selectClaimed: selectClaimed(db),
    updateAttempted: updateAttempted(db),
    deleteRecipient: deleteRecipient(db),
    selectControlled: selectControlled(db),
    selectControlledOfMessage: selectControlledOfMessage(db),
    selectMessageLifetimes: selectMessageLifetimes(db),
    markDelayed: markDelayed(db),
    updateState: updateState(db),
    updateHold: updateHold(db),
    selectEndedHolds: selectEndedHolds(db),
    updateFinal: updateFinal(db),
    updatePendingAction: updatePendingAction(db),
    selectWaiting: selectWaiting(db),
    selectEarliest: selectEarliest(db),
    selectSuspensions: selectSuspensions(db),
    insertSuspension: insertSuspension(db),
    deleteSuspension: deleteSuspension(db),
    isUnderWay: isUnderWay(db),
    hasNotice: hasNotice(db),
    selectNotices: selectNotices(db),
    selectNotice: selectNotice(db),
    markDelayNotified: markDelayNotified(db),
    selectLedgerAfter: selectLedgerAfter(db),
    selectLastLedgerId: selectLastLedgerId(db),
    insertIndex: insertIndex(db),
    deleteEmptyIndex: deleteEmptyIndex(db),
    deleteLedger: deleteLedger(db),
    selectMeta: selectMeta(db),
    updateMeta: updateMeta(db),
  }
}

export type Statements = ReturnType<typeof prepareStatements>
