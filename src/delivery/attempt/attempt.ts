// One attempt of one claim: it finds the hosts, takes or opens a connection, runs the transactions, tries the next host where that can
// help (RFC 5321 section 5.1), and returns one outcome for each recipient.

import type { Outcome } from '../../queue/contract/outcome.ts'
import { bodySize } from '../../queue/contract/stored-body.ts'
import type { Claim, ClaimedRecipient } from '../../queue/contract/queue.ts'
import type { DeliveryVerdict } from '../../queue/scheduling/destination-state.ts'
import type { OpenResult, RecipientResult, TransportContent, TransportEnvelope } from '../smtp-client/transport.ts'
import { lacksRequireTls } from '../smtp-client/peer-capabilities.ts'
import { describeTarget, type Target } from '../target.ts'
import type { HostDecision } from '../tls-policy/tls-policy.ts'
import type { Hosts } from '../hosts/host-settings.ts'
import { noHosts } from '../hosts/no-hosts.ts'
import type { Agent, AgentPorts, AgentSettings, AttemptResult } from './agent.ts'
import type { PooledConnection } from './connection-pool.ts'
import { deferred } from './delivery-outcome.ts'
import { recipientForPeer } from './dsn-privacy.ts'
import { avoided, decideTls, isTlsOptional } from './decide-tls.ts'
import { connectionKey, RecentHosts } from './recent-hosts.ts'
import { RecipientOutcomes } from './recipient-outcomes.ts'
import {
  anotherHostMayHelp,
  asksForFewer,
  isAccepted,
  isAnswer,
  isRefusedAtBegin,
  isStale,
  needsNextTransaction,
} from './transaction-results.ts'
import { tlsSession } from './tls-session.ts'
import { AttemptSlots, type Postponed } from '../slots/attempt-slots.ts'

export function createAgent(settings: AgentSettings, ports: AgentPorts): Agent {
  const recent = new RecentHosts(ports.clock)
  return { attempt: (claim) => new Attempt(claim, { settings, ports, recent }).run() }
}

interface AttemptContext {
  readonly settings: AgentSettings
  readonly ports: AgentPorts
  readonly recent: RecentHosts
}

const TOO_LONG = 'The attempt took too long'

class Attempt {
  readonly #claim: Claim
  readonly #context: AttemptContext
  readonly #content: TransportContent
  /** The sender prefers delivery to what the recipient domain asks for (RFC 8689). */
  readonly #isTlsOptional: boolean
  readonly #outcomes: RecipientOutcomes
  /** `describeTarget` of the targets that are not tried again. */
  readonly #tried = new Set<string>()
  readonly #slots: AttemptSlots
  #remaining: readonly ClaimedRecipient[]
  /** Recipients of a transaction: fewer after a host refused that many. */
  #recipientLimit: number
  /** Monotonic ms: no transaction begins its data later. */
  readonly #until: number
  #sessions = 0
  #reached = false
  /** A limit of the hosts is reached. */
  #postponed: Postponed | null = null
  /** No further host is tried: it must not evade a limit. */
  #isStopped = false
  #isEveryHostTried = false

  constructor(claim: Claim, context: AttemptContext) {
    this.#claim = claim
    this.#context = context
    this.#remaining = claim.recipients
    const { recipientLimit, attemptMs, recipientMs } = context.settings
    this.#recipientLimit = recipientLimit
    this.#until = context.ports.clock.monotonic() + attemptMs + claim.recipients.length * recipientMs
    this.#outcomes = new RecipientOutcomes(context.ports)
    this.#slots = new AttemptSlots(claim.nextHop, context.ports)
    this.#content = contentOf(claim, context.ports.openBody)
    this.#isTlsOptional = isTlsOptional(claim.message)
  }

  async run(): Promise<AttemptResult> {
    try {
      await this.#useIdleConnection()
      if (this.#mayContinue) await this.#tryHosts()
    } finally {
      this.#slots.release()
    }
    return this.#result()
  }

  #result(): AttemptResult {
    if (this.#postponed !== null) {
      const { cause, waitMs, isCalled } = this.#postponed
      const isUntried = cause === 'shared' ? this.#outcomes.isEmpty : !this.#outcomes.hasAnswers
      const verdict = cause === 'shared' ? 'unused' : 'crowded'
      if (isUntried && this.#remaining.length > 0)
        return { outcomes: [], verdict, pauseMs: 0, postponeMs: waitMs, isCalled }
      this.#endRemaining(deferred('message', '4.4.5', 'The connection limit of these hosts is reached'))
    }
    const outcomes = this.#claim.recipients.map(({ recipientId }) => ({
      recipientId,
      outcome:
        (this.#isEveryHostTried ? this.#outcomes.atTheEnd(recipientId) : this.#outcomes.of(recipientId)) ??
        deferred('session', '4.4.2', this.#isOver ? TOO_LONG : 'Connection lost before this recipient was tried'),
    }))
    const pauseMs = this.#outcomes.pauseMs
    return { outcomes, verdict: this.#verdict(pauseMs), pauseMs }
  }

  async #useIdleConnection(): Promise<void> {
    const { ports, recent } = this.#context
    for (const key of recent.keys(this.#recentName)) {
      const idle = ports.pool.borrow(key)
      if (!idle) continue
      // Only one: if it turns out to be closed, other connections of its age are too.
      if (this.#acquireSlot(idle.connection.target)) await this.#sendOver(idle)
      else ports.pool.putBack(key, idle)
      return
    }
  }

  async #tryHosts(): Promise<void> {
    const hosts = await this.#findHosts()
    if (hosts.kind === 'none') {
      const { status, reply, permanent } = hosts
      const failed: Outcome = { kind: 'failed', scope: 'site', status, reply, host: null, tls: null }
      return this.#endRemaining(permanent ? failed : deferred('site', status, reply))
    }
    for (const target of hosts.targets) {
      if (!this.#mayContinue) return
      if (!this.#tried.has(describeTarget(target)) && this.#acquireSlot(target)) await this.#tryTarget(target)
    }
    this.#isEveryHostTried = !this.#isStopped && !this.#isOver
  }

  /** A look-up that takes too long continues in the background and fills the cache. */
  #findHosts(): Promise<Hosts> {
    const { hosts, clock } = this.#context.ports
    return new Promise((resolve, reject) => {
      const late = () => resolve(noHosts(false, '4.4.3', 'The look-up of the mail hosts took too long'))
      const timer = clock.after(Math.max(0, this.#until - clock.monotonic()), late)
      void hosts
        .find(this.#claim.nextHop)
        .then(resolve, reject)
        .finally(() => timer.cancel())
    })
  }

  get #isOver(): boolean {
    return this.#context.ports.clock.monotonic() >= this.#until
  }

  get #mayContinue(): boolean {
    const { sessionLimit } = this.#context.settings
    if (this.#remaining.length === 0 || this.#sessions >= sessionLimit) return false
    return !this.#isStopped && !this.#isOver
  }

  /** False postpones the attempt. */
  #acquireSlot(target: Target): boolean {
    const postponed = this.#slots.acquire(target)
    if (postponed === null) return true
    this.#postponed = postponed
    this.#isStopped = true
    return false
  }

  /** Messages with `TLS-Required: No` use other connections, so that no other message goes over one of them. */
  get #recentName(): string {
    return this.#isTlsOptional ? `${this.#claim.nextHop} without TLS policy` : this.#claim.nextHop
  }

  #closeSurplus(target: Target): void {
    const surplus = this.#slots.surplus(target)
    if (surplus > 0 && target.endpoint.kind === 'tcp')
      this.#context.ports.pool.closeIdle(target.endpoint.address, surplus)
  }

  /**
   * The host accepts no more connections than those that this node has there: nothing failed, and the next host may help. A reply rule with a
   * pause means more than this connection.
   */
  #isCrowded(target: Target, results: readonly RecipientResult[]): boolean {
    const [first] = results
    if (!first || !isRefusedAtBegin(first)) return false
    const { phase, reply } = first
    const found = this.#context.ports.replies.classify(reply, { host: target.host, phase })
    const named = found?.fewerConnections ?? null
    if (!(named ?? (reply.code === 421 && (found?.pauseMs ?? 0) === 0))) return false
    const postponed = this.#slots.refused(named === true)
    this.#postponed = postponed ?? this.#postponed
    return postponed !== null
  }

  async #tryTarget(target: Target): Promise<void> {
    const { ports, recent } = this.#context
    const decision = await decideTls(target, this.#isTlsOptional, ports.policies)
    if (decision.kind === 'avoid') {
      const result = avoided(target, decision)
      this.#report(target, decision, result)
      return this.#noConnection(target, result)
    }
    const { requirement } = decision
    const key = connectionKey(target, requirement)
    const idle = ports.pool.borrow(key)
    if (idle) await this.#sendOver(idle)
    while (this.#mayContinue && !this.#tried.has(describeTarget(target))) {
      this.#closeSurplus(target)
      const opened = await ports.transport.open(target, requirement, this.#until)
      this.#report(target, decision, opened)
      if (opened.kind === 'closed') return this.#noConnection(target, opened)
      recent.remember(this.#recentName, key)
      await this.#sendOver(ports.pool.adopt(opened.connection))
    }
  }

  /** A message with `TLS-Required: No` obeys no policy, and may itself be a report (RFC 8460 section 3). */
  #report(target: Target, decision: HostDecision, opened: OpenResult): void {
    const session = this.#isTlsOptional ? null : tlsSession(target, decision, opened)
    if (session) this.#context.ports.sessions?.(session)
  }

  #noConnection(target: Target, { error, reached, tls }: Extract<OpenResult, { kind: 'closed' }>): void {
    const host = describeTarget(target)
    this.#tried.add(host)
    // A host that cannot be reached uses up an address, not one of the few sessions.
    if (reached) this.#sessions++
    if (this.#isCrowded(target, [error])) return
    const facts = { host, tls, dsnPassedOn: false, lmtp: false, recipients: this.#remaining.length }
    for (const recipient of this.#remaining)
      if (!this.#outcomes.isAnswered(recipient.recipientId)) this.#outcomes.record(recipient, error, { target, facts })
  }

  /** Sends to all remaining recipients over one connection, in as many transactions as it takes. */
  async #sendOver(entry: PooledConnection): Promise<void> {
    const { pool } = this.#context.ports
    const { connection } = entry
    const usedBefore = entry.messages
    const forAnotherHost: ClaimedRecipient[] = []
    let progress = false
    let isRefused = false
    let isTransaction = false
    let batch = this.#nextBatch()
    while (batch.length > 0 && connection.usable && !this.#isOver) {
      const results = await connection.send(this.#envelope(batch), this.#content, this.#until)
      isTransaction ||= !results.every(lacksRequireTls)
      if (entry.messages > 0 && isStale(results)) {
        if (entry.messages > usedBefore) break
        return pool.discard(entry)
      }
      isRefused = this.#isCrowded(connection.target, results)
      if (isRefused) break
      entry.messages++
      progress ||= results.some(isAccepted)
      if (results.some(isAnswer)) this.#slots.answered()
      const retry = this.#record(batch, results, connection)
      forAnotherHost.push(...retry.elsewhere)
      this.#remaining = [...retry.here, ...this.#remaining.slice(batch.length)]
      batch = this.#nextBatch()
    }
    this.#reached = true
    // A host without REQUIRETLS got no transaction, so it uses up none of the few sessions.
    if (isTransaction) this.#sessions++
    // A host that accepts some recipients and closes before the others may accept them over a new connection.
    if (!progress || batch.length === 0) this.#tried.add(connection.peer)
    if (connection.usable && !isRefused) pool.giveBack(connectionKey(connection.target, connection.requirement), entry)
    else pool.discard(entry)
    this.#remaining = [...forAnotherHost, ...this.#remaining]
  }

  #nextBatch(): readonly ClaimedRecipient[] {
    return this.#remaining.slice(0, this.#recipientLimit)
  }

  #envelope(recipients: readonly ClaimedRecipient[]): TransportEnvelope {
    const { reversePath, message } = this.#claim
    const isReport = message.sender === null
    return {
      reversePath,
      parameters: message.parameters,
      recipients: recipients.map((one) => recipientForPeer(one, isReport)),
    }
  }

  /** Records the results; returns the recipients to try again over this connection and those to try at another host. */
  #record(
    batch: readonly ClaimedRecipient[],
    results: readonly RecipientResult[],
    { peer, tls, offersDsn, target }: PooledConnection['connection'],
  ) {
    const lmtp = target.protocol === 'lmtp'
    const facts = { host: peer, tls, dsnPassedOn: offersDsn, lmtp, recipients: batch.length }
    const here: ClaimedRecipient[] = []
    const elsewhere: ClaimedRecipient[] = []
    // If no recipient was accepted, a second transaction would be refused like the first.
    const progress = results.some(isAccepted)
    const isTooLarge = results.every((result) => asksForFewer(result, batch))
    if (isTooLarge) this.#recipientLimit = Math.ceil(batch.length / 2)
    for (const [index, recipient] of batch.entries()) {
      const result = results[index] as RecipientResult
      if (lacksRequireTls(result)) {
        this.#outcomes.recordLacking(recipient, result, { target, facts })
        elsewhere.push(recipient)
        continue
      }
      const outcome = this.#outcomes.recordAnswer(recipient, result, { target, facts })
      if (isTooLarge || (progress && needsNextTransaction(result))) here.push(recipient)
      else if (outcome.kind === 'deferred' && anotherHostMayHelp(result)) elsewhere.push(recipient)
    }
    return { here, elsewhere }
  }

  /** What a host said about a recipient is more useful than the end of the attempt, so it stays. */
  #endRemaining(outcome: Outcome): void {
    for (const { recipientId } of this.#remaining) this.#outcomes.setIfUnknown(recipientId, outcome)
    this.#remaining = []
  }

  #verdict(pauseMs: number): DeliveryVerdict {
    const scopes = this.#outcomes.deferredScopes()
    if (!this.#reached && scopes.has('site') && !scopes.has('session')) return 'unreachable'
    return scopes.has('session') || pauseMs > 0 ? 'trouble' : 'worked'
  }
}

function contentOf(claim: Claim, openBody: AgentPorts['openBody']): TransportContent {
  const { header, body } = claim.message
  return {
    header,
    inline: body.kind === 'inline' ? body.bytes : null,
    bodySize: bodySize(body),
    open: () => openBody(body),
  }
}
