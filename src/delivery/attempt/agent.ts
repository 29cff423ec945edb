// One attempt of one claim: finds hosts, takes or opens a connection, runs the transaction, goes on to the next host where that can
// help (RFC 5321 5.1), and answers one outcome per recipient. Knows no queue but the claim and the way to its body.

import type { Claim, ClaimedRecipient } from '../../queue/contract/queue.ts'
import type { Outcome } from '../../queue/contract/outcome.ts'
import type { DeliveryVerdict } from '../../queue/scheduling/destination-state.ts'
import type { Clock } from '../../lib/clock.ts'
import { contentOf, type OpenBody } from './claim-content.ts'
import { applyRule } from './apply-reply-rules.ts'
import { recipientForPeer, reportsEndHere } from './dsn-privacy.ts'
import type { HostFinder } from '../hosts/host-finder.ts'
import { type AttemptFacts, deferred, isTooManyRecipients, outcomeOf } from './delivery-outcome.ts'
import type { ConnectionPool, PooledConnection } from './connection-pool.ts'
import { connectionKey, RecentHosts } from './recent-hosts.ts'
import type { ReplyRules } from './reply-rules.ts'
import type { HostLimiter, SharedLimits } from './shared-limits.ts'
import { describeTarget, type Target } from '../target.ts'
import type { OpenResult, RecipientResult, Transport } from '../smtp-client/transport.ts'

export interface AgentSettings {
  /** Hosts to hold a session with for one mail (Postfix: smtp_mx_session_limit 2). */
  readonly sessionLimit: number
  /** Recipients of one transaction (Postfix: default_destination_recipient_limit 50). */
  readonly recipientLimit: number
}

export const standardAgent: AgentSettings = { sessionLimit: 2, recipientLimit: 50 }

export interface AgentPorts {
  readonly hosts: HostFinder
  readonly transport: Transport
  readonly pool: ConnectionPool
  readonly clock: Clock
  readonly openBody: OpenBody
  /** What refusals mean. */
  readonly replies: ReplyRules
  readonly limiter: HostLimiter
}

export interface AttemptResult {
  readonly outcomes: readonly { readonly recipientId: number; readonly outcome: Outcome }[]
  /** What it says about the destination. */
  readonly verdict: DeliveryVerdict
  /** Ms for which the peer wants to be left alone. */
  readonly pauseMs: number
  /** Set where nothing was begun, as the hosts are at a limit that is shared: the claim goes back, to be tried again in so many ms. */
  readonly postponeMs?: number
}

export interface Agent {
  /** Rejects only on a mistake in the program. */
  attempt(claim: Claim): Promise<AttemptResult>
}

export function createAgent(settings: AgentSettings, ports: AgentPorts): Agent {
  const recent = new RecentHosts()
  return { attempt: (claim) => new Attempt(claim, { settings, ports, recent }).run() }
}

interface AttemptContext {
  readonly settings: AgentSettings
  readonly ports: AgentPorts
  readonly recent: RecentHosts
}

class Attempt {
  readonly #claim: Claim
  readonly #around: AttemptContext
  readonly #content
  readonly #outcomes = new Map<number, Outcome>()
  /** By recipient, as its last refusal wants it. */
  readonly #pauses = new Map<number, number>()
  readonly #tried = new Set<string>()
  /** Of whom a host has spoken in a transaction, or left in the middle of it. */
  readonly #heardOf = new Set<number>()
  /** Places at shared limits, by name, until the end of the attempt. */
  readonly #places = new Map<string, SharedLimits>()
  #left: readonly ClaimedRecipient[]
  #sessions = 0
  #reached = false
  /** Ms to wait for a place at a shared limit, once one was found full: another host would only be a way around it. */
  #postponeMs: number | null = null

  constructor(claim: Claim, around: AttemptContext) {
    this.#claim = claim
    this.#around = around
    this.#left = claim.recipients
    this.#content = contentOf(claim, around.ports.openBody)
  }

  async run(): Promise<AttemptResult> {
    try {
      await this.#overIdleConnections()
      if (this.#mayGoOn) await this.#overHosts()
    } finally {
      for (const place of this.#places.values()) this.#around.ports.limiter.release(place)
    }
    return this.#end()
  }

  #end(): AttemptResult {
    if (this.#postponeMs !== null) {
      if (this.#outcomes.size === 0)
        return { outcomes: [], verdict: 'unused', pauseMs: 0, postponeMs: this.#postponeMs }
      this.#endLeft(deferred('message', '4.4.5', 'The limit of connections to these hosts is reached'))
    }
    const outcomes = this.#claim.recipients.map((recipient) => this.#resultOf(recipient))
    const pauseMs = Math.max(0, ...this.#pauses.values())
    return { outcomes, verdict: this.#verdict(pauseMs), pauseMs }
  }

  async #overIdleConnections(): Promise<void> {
    const { ports, recent } = this.#around
    for (const key of recent.keys(this.#claim.nextHop, ports.clock.now())) {
      const idle = ports.pool.borrow(key)
      // One try: if that connection was stale, the others of its age are too, and a new one tells the truth.
      if (idle)
        return this.#inside(
          idle.connection.target,
          () => this.#over(idle),
          () => ports.pool.putBack(key, idle),
        )
    }
  }

  async #overHosts(): Promise<void> {
    const hosts = await this.#around.ports.hosts.find(this.#claim.nextHop)
    if (hosts.kind === 'none') {
      const { status, reply } = hosts
      return this.#endLeft(
        hosts.permanent
          ? { kind: 'failed', scope: 'site', status, reply, host: null, tls: null }
          : deferred('site', status, reply),
      )
    }
    for (const target of hosts.targets) {
      if (!this.#mayGoOn) return
      if (!this.#tried.has(describeTarget(target))) await this.#inside(target, () => this.#overTarget(target))
    }
  }

  get #mayGoOn(): boolean {
    const { sessionLimit } = this.#around.settings
    return this.#left.length > 0 && this.#sessions < sessionLimit && this.#postponeMs === null
  }

  /** Does the work if a shared limit has a place for it. One place is enough for all hosts behind it: the next one is no new mail. */
  async #inside({ shared }: Target, work: () => Promise<void>, otherwise?: () => void): Promise<void> {
    if (!shared) return work()
    const waitMs = this.#waitFor(shared)
    if (waitMs === 0) return work()
    this.#postponeMs = waitMs
    otherwise?.()
  }

  /** Takes a place, or answers for how long there is none, ms. */
  #waitFor(shared: SharedLimits): number {
    const { limiter, clock } = this.#around.ports
    if (this.#places.has(shared.name)) return limiter.pausedMs(shared, clock.now())
    const entry = limiter.acquire(shared, this.#claim.nextHop, clock.now())
    if (entry.kind === 'full') return entry.waitMs
    this.#places.set(shared.name, shared)
    return 0
  }

  async #overTarget(target: Target): Promise<void> {
    const { ports, recent } = this.#around
    const key = connectionKey(target)
    const idle = ports.pool.borrow(key)
    if (idle) await this.#over(idle)
    while (this.#mayGoOn && !this.#tried.has(describeTarget(target))) {
      const opened = await ports.transport.open(target)
      if (opened.kind === 'closed') return this.#noConnection(target, opened)
      recent.remember(this.#claim.nextHop, key, ports.clock.now())
      await this.#over(ports.pool.adopt(opened.connection))
    }
  }

  #noConnection(target: Target, { trouble, reached, tls }: Extract<OpenResult, { kind: 'closed' }>): void {
    this.#tried.add(describeTarget(target))
    // A host that cannot be reached uses up an address, not one of the few sessions.
    if (reached) this.#sessions++
    const facts = { host: describeTarget(target), tls, dsnPassedOn: false, lmtp: false }
    // What another host said of the mail tells more, to people and to the rules, than that this one is not there.
    for (const recipient of this.#left)
      if (!this.#heardOf.has(recipient.recipientId)) this.#note(recipient, trouble, { target, facts })
  }

  /** Sends to all that are left over one connection, in as many transactions as it takes. */
  async #over(entry: PooledConnection): Promise<void> {
    const { pool } = this.#around.ports
    const { connection } = entry
    const usedBefore = entry.messages
    const forAnotherHost: ClaimedRecipient[] = []
    let progress = false
    let batch = this.#nextBatch()
    while (batch.length > 0 && connection.usable) {
      const results = await connection.send(this.#envelope(batch), this.#content)
      if (entry.messages > 0 && isStale(results)) {
        if (entry.messages > usedBefore) break
        return pool.discard(entry)
      }
      entry.messages++
      progress ||= results.some(isAccepted)
      const again = this.#take(batch, results, connection)
      forAnotherHost.push(...again.elsewhere)
      this.#left = [...again.here, ...this.#left.slice(batch.length)]
      batch = this.#nextBatch()
    }
    this.#reached = true
    this.#sessions++
    // A host that takes something and closes before the rest may take more over a new connection.
    if (!progress || batch.length === 0) this.#tried.add(connection.peer)
    if (connection.usable) pool.giveBack(connectionKey(connection.target), entry)
    else pool.discard(entry)
    this.#left = [...forAnotherHost, ...this.#left]
  }

  #nextBatch(): readonly ClaimedRecipient[] {
    return this.#left.slice(0, this.#around.settings.recipientLimit)
  }

  #envelope(recipients: readonly ClaimedRecipient[]) {
    const { reversePath, message } = this.#claim
    const isReport = message.sender === null
    return {
      reversePath,
      parameters: message.parameters,
      recipients: recipients.map((one) => recipientForPeer(one, isReport)),
    }
  }

  /** Notes outcomes; answers who is to be tried again over this connection and who at another host. */
  #take(
    batch: readonly ClaimedRecipient[],
    results: readonly RecipientResult[],
    connection: PooledConnection['connection'],
  ) {
    const facts = {
      host: connection.peer,
      tls: connection.tls,
      dsnPassedOn: connection.offersDsn,
      lmtp: connection.target.protocol === 'lmtp',
    }
    const here: ClaimedRecipient[] = []
    const elsewhere: ClaimedRecipient[] = []
    // Without any acceptance a second transaction would be refused like the first.
    const progress = results.some(isAccepted)
    for (const [index, recipient] of batch.entries()) {
      const result = results[index] as RecipientResult
      const outcome = this.#note(recipient, result, { target: connection.target, facts })
      this.#heardOf.add(recipient.recipientId)
      if (progress && wantsNextTransaction(result)) here.push(recipient)
      else if (outcome.kind === 'deferred' && mayHelpElsewhere(result)) elsewhere.push(recipient)
    }
    return { here, elsewhere }
  }

  /** What a result means for a recipient, with what the rules for replies say of it. */
  #note(
    recipient: ClaimedRecipient,
    result: RecipientResult,
    at: { readonly target: Target; readonly facts: AttemptFacts },
  ): Outcome {
    const { recipientId, attempt } = recipient
    const { replies, clock, limiter } = this.#around.ports
    const dsnPassedOn = at.facts.dsnPassedOn && !reportsEndHere(recipient)
    const plain = outcomeOf(result, { ...at.facts, dsnPassedOn })
    const found =
      result.kind === 'refused' ? replies.classify(result.reply, { host: at.target.host, phase: result.phase }) : null
    const outcome = found && plain.kind !== 'delivered' ? applyRule(plain, found, { now: clock.now(), attempt }) : plain
    this.#outcomes.set(recipientId, outcome)
    this.#pauses.set(recipientId, found?.pauseMs ?? 0)
    if (found && found.pauseMs > 0 && at.target.shared) limiter.pause(at.target.shared, clock.now() + found.pauseMs)
    return outcome
  }

  #endLeft(outcome: Outcome): void {
    // What a host already said about a recipient tells more than that there was no second host.
    for (const { recipientId } of this.#left)
      if (!this.#outcomes.has(recipientId)) this.#outcomes.set(recipientId, outcome)
    this.#left = []
  }

  #resultOf(recipient: ClaimedRecipient): { recipientId: number; outcome: Outcome } {
    const outcome = this.#outcomes.get(recipient.recipientId)
    return {
      recipientId: recipient.recipientId,
      outcome: outcome ?? deferred('session', '4.4.2', 'Connection lost before this recipient was tried'),
    }
  }

  #verdict(pauseMs: number): DeliveryVerdict {
    const scopes = [...this.#outcomes.values()].map((outcome) => (outcome.kind === 'deferred' ? outcome.scope : null))
    if (!this.#reached && scopes.includes('site') && !scopes.includes('session')) return 'unreachable'
    return scopes.includes('session') || pauseMs > 0 ? 'trouble' : 'worked'
  }
}

/** A kept connection that the peer had given up meanwhile: nothing was sent, so it is no attempt. */
function isStale(results: readonly RecipientResult[]): boolean {
  // Who is unfit was refused by us, whatever became of the connection.
  const first = results.find(({ kind }) => kind !== 'unsupported')
  if (first?.kind === 'lost') return first.silent
  return first?.kind === 'refused' && first.phase === 'mail' && first.reply.code === 421
}

function isAccepted({ kind }: RecipientResult): boolean {
  return kind === 'accepted'
}

/** RFC 5321 4.5.3.1.10: the peer took some recipients and wants the rest in another transaction. */
function wantsNextTransaction(result: RecipientResult): boolean {
  return result.kind === 'refused' && result.phase === 'rcpt' && isTooManyRecipients(result.reply)
}

function mayHelpElsewhere(result: RecipientResult): boolean {
  // After the dot the mail may have been taken: at another host it would be a duplicate for certain.
  if (result.kind === 'lost' || result.kind === 'protocol-error') return result.phase !== 'dot'
  return result.kind !== 'unreadable'
}
