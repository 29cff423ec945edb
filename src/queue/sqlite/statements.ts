// Room queue: all statements of the hot paths, prepared once per connection.

import type { Database } from 'better-sqlite3'
import {
  iterateFlows,
  markClaimed,
  selectDueOfFlow,
  selectDueOfMessage,
  selectOldestDue,
  unclaim,
} from './statements/claim-recipients.ts'
import {
  markLate,
  selectMessageLifetimes,
  selectSteered,
  selectSteeredOfMessage,
  updateFinal,
  updateState,
  updateWish,
} from './statements/control-recipient.ts'
import {
  deleteSuspension,
  insertSuspension,
  selectEarliest,
  selectSuspensions,
  selectWaiting,
} from './statements/destinations.ts'
import { insertMessage } from './statements/insert-message.ts'
import { insertRecipient } from './statements/insert-recipient.ts'
import { deleteLedger, insertLedger, selectLastLedgerId, selectLedgerAfter } from './statements/ledger-rows.ts'
import { deleteEmptyIndex, insertIndex } from './statements/ledger-index.ts'
import {
  deleteLeaving,
  deleteRecipientsOf,
  freezeRecipients,
  insertLeaving,
  selectLeavingByToken,
  selectMovable,
  thawRecipients,
} from './statements/transfer-source-rows.ts'
import { selectMeta, updateMeta } from './statements/meta.ts'
import { hasNotice, isUnderWay, markDelayTold, selectNotice, selectNotices } from './statements/notice-rows.ts'
import { removeFinishedMessage } from './statements/remove-message.ts'
import { selectMessage, selectMessageFacts, selectMessageIdOf } from './statements/select-message.ts'
import { deleteRecipient, selectClaimed, takeDelivered, updateAttempted } from './statements/settle-recipient.ts'
import {
  deleteReceipts,
  insertReceipt,
  insertTakenOver,
  selectIdentity,
  selectReceipt,
  takeTakenOver,
} from './statements/transfer-target-rows.ts'
import { insertTransferred } from './statements/transfer-recipient.ts'

/** Statements of a hand-over. */
function prepareHandover(db: Database) {
  return {
    selectIdentity: selectIdentity(db),
    selectReceipt: selectReceipt(db),
    insertReceipt: insertReceipt(db),
    deleteReceipts: deleteReceipts(db),
    insertTakenOver: insertTakenOver(db),
    takeTakenOver: takeTakenOver(db),
    insertTransferred: insertTransferred(db),
    selectMovable: selectMovable(db),
    selectLeavingByToken: selectLeavingByToken(db),
    insertLeaving: insertLeaving(db),
    deleteLeaving: deleteLeaving(db),
    freezeRecipients: freezeRecipients(db),
    thawRecipients: thawRecipients(db),
    deleteRecipientsOf: deleteRecipientsOf(db),
  }
}

export function prepareStatements(db: Database) {
  return {
    handover: prepareHandover(db),
    insertMessage: insertMessage(db),
    insertRecipient: insertRecipient(db),
    insertLedger: insertLedger(db),
    selectMessage: selectMessage(db),
    selectMessageFacts: selectMessageFacts(db),
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
    selectSteered: selectSteered(db),
    selectSteeredOfMessage: selectSteeredOfMessage(db),
    selectMessageLifetimes: selectMessageLifetimes(db),
    markLate: markLate(db),
    updateState: updateState(db),
    updateFinal: updateFinal(db),
    updateWish: updateWish(db),
    selectWaiting: selectWaiting(db),
    selectEarliest: selectEarliest(db),
    selectSuspensions: selectSuspensions(db),
    insertSuspension: insertSuspension(db),
    deleteSuspension: deleteSuspension(db),
    isUnderWay: isUnderWay(db),
    hasNotice: hasNotice(db),
    selectNotices: selectNotices(db),
    selectNotice: selectNotice(db),
    markDelayTold: markDelayTold(db),
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
