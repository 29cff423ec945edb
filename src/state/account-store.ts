// What a running node knows about its accounts. While the file cannot be used, mail of accounts is deferred: a limit that is not known must
// not be passed.

import { accountFormat } from './sqlite/usage-rows.ts'
import { type SentMail, sentMail } from './sqlite/sent-mail.ts'
import { sqliteUsage } from './sqlite/sqlite-usage.ts'
import { holdState, type StateHolderPorts } from './state-holder.ts'
import type { AccountName, Usage } from './usage-contract.ts'

export interface NodeAccounts extends Usage {
  open(): void
  /** Records that the queue has a message of an account. */
  sent(mail: SentMail): void
  /** The account of a message; null if it is of none, or too old. */
  senderOf(queueId: string): AccountName | null
  /** Removes old rows, some at a time. */
  purge(at: number): void
  /** Why the file cannot be used; null while it can. */
  readonly problem: string | null
  close(): void
}

export function createNodeAccounts(path: string, ports: StateHolderPorts): NodeAccounts {
  const holder = holdState(
    { path, format: accountFormat, tableOf: (db) => ({ usage: sqliteUsage(db), mail: sentMail(db) }) },
    ports,
  )
  const unavailable = () => ({ kind: 'unavailable', cause: holder.problem ?? 'the accounts are closed' }) as const
  return {
    get problem() {
      return holder.problem
    },
    open: () => holder.open(),
    judge: async (request) => {
      holder.open()
      return holder.use(({ usage }) => usage.judge(request)) ?? unavailable()
    },
    take: async (request) => {
      holder.open()
      return holder.use(({ usage }) => usage.take(request)) ?? unavailable()
    },
    failed: async (accounts, at) => void holder.use(({ usage }) => usage.failed(accounts, at)),
    sent: (one) => void holder.use(({ mail }) => mail.add(one)),
    senderOf: (queueId) => holder.use(({ mail }) => mail.senderOf(queueId)),
    purge: (at) => {
      holder.open()
      holder.use(({ usage, mail }) => {
        usage.purge(at)
        mail.purge(at)
      })
    },
    close: () => holder.close(),
  }
}
