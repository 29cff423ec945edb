// What a running node knows about its accounts. While the file cannot be used, mail of accounts is deferred: a limit or a hold that is not
// known must not be passed.

import type { Brake } from './brake-contract.ts'
import { accountHistory } from './sqlite/account-history.ts'
import type { HoldRow, Progress } from './sqlite/hold-rows.ts'
import { type SentMail, sentMail } from './sqlite/sent-mail.ts'
import { sqliteHolds } from './sqlite/sqlite-holds.ts'
import { sqliteUsage } from './sqlite/sqlite-usage.ts'
import { accountFormat } from './sqlite/usage-rows.ts'
import { holdState, type StateHolderPorts } from './state-holder.ts'
import type { AccountName, Usage } from './usage-contract.ts'

export interface NodeAccounts extends Usage, Brake {
  open(): void
  /** Records that the queue has a message of an account. */
  sent(mail: SentMail): void
  /** The account of a message; null if it is of none, or too old. */
  senderOf(queueId: string): AccountName | null
  /** Holds that were made or ended since the last call, also by commands. */
  news(): readonly HoldRow[]
  /** Holds and ends that the queue does not follow yet. */
  unfinished(below: Progress): readonly HoldRow[]
  advance(row: HoldRow, to: Progress): void
  /** Holds that stand. */
  readonly standing: number
  /** Removes old rows, some at a time. */
  purge(at: number): void
  /** Why the file cannot be used; null while it can. */
  readonly problem: string | null
  close(): void
}

export function createNodeAccounts(path: string, ports: StateHolderPorts): NodeAccounts {
  const holder = holdState(
    {
      path,
      format: accountFormat,
      tableOf: (db) => ({
        usage: sqliteUsage(db),
        mail: sentMail(db),
        holds: sqliteHolds(db),
        history: accountHistory(db),
      }),
    },
    ports,
  )
  const unavailable = () => ({ kind: 'unavailable', cause: holder.problem ?? 'the accounts are closed' }) as const
  const use: typeof holder.use = (work) => {
    holder.open()
    return holder.use(work)
  }
  return {
    get problem() {
      return holder.problem
    },
    get standing() {
      return holder.use(({ holds }) => holds.all().filter(({ endedAt }) => endedAt === null).length) ?? 0
    },
    open: () => holder.open(),
    judge: async (request) => use(({ usage }) => usage.judge(request)) ?? unavailable(),
    take: async (request) => use(({ usage }) => usage.take(request)) ?? unavailable(),
    failed: async (accounts, at) => void holder.use(({ usage }) => usage.failed(accounts, at)),
    observe: async (facts) => {
      const signs = use(({ history }) => history.observe(facts))
      return signs ? { kind: 'known', signs } : unavailable()
    },
    holds: async (names) => {
      const found = use(({ holds }) => names.map((name) => holds.standing(name)))
      return found ? { kind: 'known', holds: found.filter((one) => one !== null) } : unavailable()
    },
    hold: async (order) => {
      const isNew = use(({ holds }) => holds.hold(order))
      return isNew === null ? 'unavailable' : isNew ? 'held' : 'stands'
    },
    sent: (one) => void holder.use(({ mail }) => mail.add(one)),
    senderOf: (queueId) => holder.use(({ mail }) => mail.senderOf(queueId)),
    news: () => holder.use(({ holds }) => holds.news()) ?? [],
    unfinished: (below) => holder.use(({ holds }) => holds.unfinished(below)) ?? [],
    advance: (row, to) => void holder.use(({ holds }) => holds.advance(row, to)),
    purge: (at) => {
      use(({ usage, mail }) => {
        usage.purge(at)
        mail.purge(at)
      })
    },
    close: () => holder.close(),
  }
}
