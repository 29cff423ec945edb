// Every member of a type in src has a reader: a member that nothing reads is deleted, with the tests that test only that.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { unreadMembers } from './lib/unread-members.ts'

/** Members without a reader in src, each with the reason why it stays. */
const reasons: Readonly<Record<string, string>> = {
  'demo/authority.ts Authority.count': 'tests read it',
  'demo/node-process.ts NodeProcess.pid': 'tests read it',
  'dns/resolver.ts SRV.priority': 'a record is complete',
  'dns/resolver.ts SRV.weight': 'a record is complete',
  'filter/key-memory.ts MailauthKeyCache.get': 'mailauth calls it',
  'queue/contract/opened-queue.ts OpenQueue.expireOverdue': 'the queue runs it every minute, tests at once',
  'queue/contract/opened-queue.ts OpenQueue.findDelayed': 'the queue runs it every minute, tests at once',
  'queue/scheduling/scheduler.ts Scheduler.timers': 'tests read it',
  'queue/sqlite/sqlite-queue.ts SqliteQueue.expireOverdue': 'the queue runs it every minute, tests at once',
  'queue/sqlite/sqlite-queue.ts SqliteQueue.findDelayed': 'the queue runs it every minute, tests at once',
  'server/listener.ts Listener.sessions': 'tests read it',
}

it('has no member that nothing reads', { timeout: 120_000 }, () => {
  expect(unreadMembers(join(import.meta.dirname, '..'))).toEqual(Object.keys(reasons).toSorted())
})
