// What a running node knows about its accounts. While the file cannot be used, mail of accounts is deferred: a limit or a hold that is not
// known must not be passed.

import type { AccountHold, Brake, ComplaintFacts } from './brake-contract.ts'
import type { HoldRow, Progress } from './sqlite/hold-rows.ts'
import type { SentMail, SentView } from './sqlite/sent-mail.ts'
import { openStateClient, type StateFilePorts } from './thread/state-file-client.ts'
import type { AccountName, Usage } from './usage-contract.ts'

export interface NodeAccounts extends Usage, Brake {
  /** Opens the file now, so that a problem is known; the other operations open it too. */
  open(): Promise<void>
  /** Records that the queue has a message of an account. Best effort: lost with a file that cannot be used. */
  sent(mail: SentMail): Promise<void>
  /** Counts a complaint. Best effort, too. */
  complained(facts: ComplaintFacts): Promise<void>
  /** The account of a message; null if it is of none, or too old. */
  senderOf(queueId: string): Promise<AccountName | null>
  /** The mail of an account and of its app passwords, the newest first; null while it is not known. */
  sentBy(account: AccountName, view: SentView): Promise<readonly SentMail[] | null>
  /** Holds that were made or ended and are not reported, also by commands. Nothing before the file is opened, as the following. */
  news(): Promise<readonly HoldRow[]>
  /** They are in the ledger. */
  reported(rows: readonly HoldRow[]): Promise<void>
  /** Holds and ends that the queue does not follow yet. */
  unfinished(below: Progress): Promise<readonly HoldRow[]>
  advance(row: HoldRow, to: Progress): Promise<void>
  /** How many holds stand. */
  standing(): Promise<number>
  /** The holds that stand, the newest first; none before the file is opened, null while they are not known. */
  held(): Promise<readonly AccountHold[] | null>
  /** Ends a hold; false if none stands, null if the file cannot be used. */
  release(
    account: AccountName,
    by: { readonly at: number; readonly name: string; readonly reason: string },
  ): Promise<boolean | null>
  /** Removes old rows, some at a time. @param keepMs milliseconds after which an account is forgotten at the latest */
  purge(at: number, keepMs: number): Promise<void>
  /** Why the file cannot be used; null while it can. */
  readonly problem: string | null
  close(): Promise<void>
}

export function createNodeAccounts(path: string, ports: StateFilePorts): NodeAccounts {
  const file = openStateClient({ kind: 'accounts', path }, ports)
  // A node without accounts has no file.
  let isOpen = false
  const ask = (): typeof file.ask => {
    isOpen = true
    return file.ask
  }
  const unavailable = () => ({ kind: 'unavailable', cause: file.problem ?? 'the accounts are closed' }) as const
  return {
    get problem() {
      return file.problem
    },
    open: async () => void (await ask().standing()),
    judge: async (request) => (await ask().judge(request)) ?? unavailable(),
    take: async (request) => (await ask().take(request)) ?? unavailable(),
    failed: async (accounts, at) => void (await ask().failed(accounts, at)),
    observe: async (facts) => {
      const found = await ask().observe(facts)
      if (found === null) return unavailable()
      return found.hold ? { kind: 'held', hold: found.hold } : { kind: 'known', signs: found.signs }
    },
    holds: async (names) => {
      const holds = await ask().holding(names)
      return holds ? { kind: 'known', holds } : unavailable()
    },
    hold: async (order) => {
      const isNew = await ask().hold(order)
      return isNew === null ? 'unavailable' : isNew ? 'held' : 'stands'
    },
    sent: async (one) => void (await ask().sent(one)),
    complained: async (facts) => void (await ask().complained(facts)),
    senderOf: (queueId) => ask().senderOf(queueId),
    sentBy: (account, view) => ask().sentBy(account, view),
    news: async () => (isOpen ? await ask().news() : null) ?? [],
    reported: async (rows) => void (await ask().reported(rows)),
    unfinished: async (below) => (isOpen ? await ask().unfinished(below) : null) ?? [],
    advance: async (row, to) => void (await ask().advance(row, to)),
    standing: async () => (isOpen ? await ask().standing() : null) ?? 0,
    held: async () => (isOpen ? ask().held() : []),
    release: (account, by) => ask().release(account, by),
    purge: async (at, keepMs) => void (await ask().purge(at, keepMs)),
    close: () => file.close(),
  }
}
