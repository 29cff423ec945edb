// What the status page asks the node: the same contracts that the commands use.

import type { PageRequest } from '../admin/http.ts'
import type { BoardNode } from '../fleet-view/fleet-board.ts'
import type { FleetTrace } from '../fleet-view/follow-message.ts'
import type { FleetSearch } from '../fleet-view/trace-source.ts'
import type { Clock } from '../lib/clock.ts'
import type { FormGuard, PageCookie } from '../lib/form-guard.ts'
import type { Log } from '../lib/log.ts'
import type { History } from '../observe/event-history.ts'
import type { Event } from '../observe/events.ts'
import type { HealthReport } from '../observe/health-report.ts'
import type { Privacy } from '../privacy/treatment.ts'
import type { QueueControl } from '../queue/contract/queue-control.ts'
import type { QueueReader, ShownMessage } from '../queue/contract/queue-reader.ts'
import type { DestinationSummary, QueueHealth } from '../queue/contract/queue.ts'
import type { NodeWaits } from '../queue/scheduling/why-waiting.ts'
import type { Ban, BanSubject, OperatorBan } from '../state/ban-contract.ts'
import type { AccountHold } from '../state/brake-contract.ts'
import type { Operator, OperatorLogin } from './operator-login.ts'
import type { Single } from './single-query.ts'

/** What the node is; it does not change while the node runs. */
export interface NodeFacts {
  readonly hostname: string
  readonly role: string
  /** Unix ms. */
  readonly startedAt: number
  readonly listeners: readonly { readonly name: string; readonly address: string }[]
}

/** What one node knows about a message. */
export interface NodeTrace {
  readonly node: string
  /** Oldest first; empty if the node does not know it. */
  readonly events: readonly Event[]
  readonly hasOlder: boolean
  /** The message while it is in the queue of that node. */
  readonly shown: ShownMessage | null
  /** Why the node did not answer; null if it did. */
  readonly problem: string | null
}

/** The fleet, as far as this node may see it. */
export interface Nodes {
  /** The names of the other nodes in the configuration; none: the page shows this node only. */
  readonly others: readonly string[]
  /** The last answers of the other nodes. Never rejects, and does not wait for a node that is slow. */
  board(): Promise<readonly BoardNode[]>
  /** What this node knows about a message. */
  trace(queueId: string): Promise<NodeTrace>
  /** A message through all nodes, this one too. Takes some seconds if a node is slow. */
  follow(queueId: string): Promise<FleetTrace>
  /** What this node finds. */
  search(wanted: FleetSearch): Promise<NodeTrace>
  /** What the others find; one that does not answer, or does not permit it, is there with the cause. */
  searchOthers(wanted: FleetSearch): Promise<readonly NodeTrace[]>
}

export interface QueuePorts {
  readonly reader: Pick<
    QueueReader,
    'page' | 'oldest' | 'overview' | 'quarantined' | 'waitingFor' | 'ledger' | 'show' | 'trace'
  >
  readonly control: QueueControl
  destinations(): readonly DestinationSummary[]
  health(): Promise<QueueHealth>
  waits(): Promise<NodeWaits>
}

/** Null: not known now. */
export interface AccountPorts {
  /** The name of an account as an operator writes it; null if it is none. */
  readName(text: string): string | null
  holds(): Promise<readonly AccountHold[] | null>
  /** False if one stands; null if it is not possible now. */
  hold(order: AccountHold): Promise<boolean | null>
  release(
    account: string,
    by: { readonly at: number; readonly name: string; readonly reason: string },
  ): Promise<boolean | null>
}

export interface BanPorts {
  /** What an operator names; a string says what is expected. */
  readSubject(text: string): BanSubject | string
  standing(limit: number): Promise<readonly Ban[]>
  order(ban: OperatorBan): Promise<Ban | null>
  end(
    subject: BanSubject,
    by: { readonly at: number; readonly name: string; readonly reason: string },
  ): Promise<Ban | null>
  readonly problem: () => string | null
}

export interface DirectorySourceFacts {
  /** `ldap`, `sql`, `files`. */
  readonly key: string
  readonly name: string
  /** Null before the first one. */
  readonly version: number | null
  readonly pinned: number | null
  /** Unix ms; null if never. */
  readonly confirmedAt: number | null
  readonly failures: number
  /** Why names may be missing; null if none are. */
  readonly incomplete: string | null
  /** Entries by kind; null if not known. */
  readonly counts: Readonly<Record<string, number>> | null
  /** Stored versions, the newest first. */
  readonly versions: readonly number[]
}

export interface DirectoryChange {
  readonly change: 'added' | 'removed' | 'changed'
  readonly what: string
  readonly name: string
  readonly source: string
  readonly before: string | null
  readonly after: string | null
}

export type DirectoryDiff =
  | {
      readonly kind: 'compared'
      readonly from: string
      readonly to: string
      readonly changes: readonly DirectoryChange[]
      readonly total: number
    }
  | { readonly kind: 'impossible'; readonly reason: string }

export interface DirectoryPorts {
  sources(): Promise<readonly DirectorySourceFacts[]>
  /** What a rejected read would change, or the difference of two versions. */
  diff(key: string, versions: { readonly from?: number; readonly to?: number }): Promise<DirectoryDiff>
}

export interface CertificateFacts {
  readonly key: string
  readonly names: readonly string[]
  readonly issuer: string
  /** Unix ms. */
  readonly expiresAt: number
  readonly keyFingerprint: string
  /** Lines of a zone file. */
  readonly tlsa: readonly string[]
}

export interface DnsFindingFacts {
  readonly severity: 'error' | 'warning' | 'note'
  readonly subject: string
  readonly problem: string
  readonly breaks: string | null
  readonly advice: string | null
  /** Unix ms. */
  readonly since: number
}

export interface CertificatePorts {
  certificates(): readonly CertificateFacts[]
  /** Null without `tls.acme`: a sentence about the next renewal. */
  renewal(): Promise<string | null>
  /** Null without `dns_check`. */
  dns(): {
    readonly checkedAt: number | null
    readonly problem: string | null
    readonly findings: readonly DnsFindingFacts[]
  } | null
}

export interface StatusPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly log: Pick<Log, 'bug' | 'info'>
  readonly facts: NodeFacts
  readonly health: () => Promise<HealthReport>
  readonly history: History
  readonly queue: QueuePorts
  readonly nodes: Nodes
  readonly accounts: AccountPorts
  readonly bans: BanPorts
  readonly directory: DirectoryPorts
  readonly certificates: CertificatePorts
  /** What the configuration says about personal data in the log applies here too. */
  readonly privacy: Privacy
}

export interface StatusParts {
  readonly ports: StatusPorts
  readonly login: OperatorLogin
  readonly guard: FormGuard
  /** Whether a name in the Host field is one of this page. */
  readonly isOwnHost: (host: string) => boolean
  readonly cookie: PageCookie
  /** One query of a kind at a time. */
  readonly single: Single
}

/** A request of an operator. */
export interface StatusVisit extends StatusParts {
  readonly request: PageRequest
  readonly path: string
  readonly query: URLSearchParams
  /** Empty for GET. */
  readonly form: URLSearchParams
  /** The token in the cookie of the browser. */
  readonly browser: string
  readonly operator: Operator
  /** Unix ms of the request. */
  readonly now: number
}
