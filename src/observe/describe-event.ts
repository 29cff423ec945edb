// One event as one sentence for people, printed by `trace` and the demonstration.

import { formatDuration } from '../lib/duration.ts'
import type { TlsResult } from '../smtp/tls-result.ts'
import type {
  BannedEvent,
  DeliveredEvent,
  Event,
  EventKind,
  EventOf,
  RejectedEvent,
  TimedEvent,
  WouldRejectEvent,
} from './events.ts'

const sentences: { readonly [K in EventKind]: (event: EventOf<K>) => string } = {
  received: (e) =>
    `received from ${e.remote}${forClient(e)}${e.tls ? ` (${e.tls})` : ''}, sender ${path(e.sender)}, ${e.size} bytes, origin ${e.origin}${e.messageId ? `, Message-ID ${e.messageId}` : ''}`,
  checked: (e) => `checked ${e.check}: ${e.result}${e.detail ? ` (${e.detail})` : ''}`,
  timed,
  resolved: (e) =>
    `resolved ${e.original} to ${e.recipient ?? ''}, next hop ${e.nextHop}, MAIL FROM ${path(e.reversePath)}`,
  signed: (e) => `signed for ${e.domain}, selector ${e.selector} (${e.algorithm})`,
  unsigned: (e) => `not signed: ${e.reason}`,
  delivered: (e) =>
    `delivered to ${e.recipient ?? ''} at ${e.host ?? 'unknown'}${level(e.tls)}${messageFacts(e)}, attempt ${e.attempt}: ${oneLine(e.reply)}`,
  deferred: (e) =>
    `deferred ${e.recipient ?? ''} (${e.scope}), attempt ${e.attempt}${at(e.host)}: ${oneLine(e.reply)}${classOf(e)}${tlsFailure(e.tls)}; next attempt ${time(e.nextAttemptAt)}`,
  failed: (e) =>
    `failed ${e.recipient ?? ''} (${e.scope}), attempt ${e.attempt}${at(e.host)}: ${oneLine(e.reply)}${classOf(e)}${tlsFailure(e.tls)}`,
  expired: (e) =>
    `expired ${e.recipient ?? ''} after ${e.attempt} ${e.attempt === 1 ? 'attempt' : 'attempts'}${at(e.host)}: ${oneLine(e.reply)}${classOf(e)}`,
  notified: (e) =>
    e.dsn
      ? `DSN sent to ${path(e.to)}: ${e.notice} ${e.recipient ?? ''} (queue ID ${e.dsn})`
      : `no DSN sent: ${e.notice} ${e.recipient ?? ''} (${e.reason ?? 'no reason recorded'})`,
  held: (e) => controlled('held', e),
  released: (e) => controlled('released', e),
  retried: (e) => controlled('retry requested', e),
  removed: (e) => controlled('removed', e),
  bounced: (e) => controlled('returned to the sender', e),
  recovered: (e) => controlled('recovered', e),
  'action-pending': (e) =>
    controlled(e.action === 'release' ? 'pending action cancelled' : `${e.action} pending until the attempt ends`, e),
  suspended: (e) => controlled('suspended', e),
  resumed: (e) => controlled('resumed', e),
  discarded: (e) => `discarded ${e.recipient ?? ''}: ${e.reason}`,
  transferred: (e) => `transferred${about(e.recipient)} to ${e.to}${e.by ? `, requested by ${e.by}` : ''}`,
  'transfer-accepted': (e) => `transfer accepted${about(e.recipient)} from ${e.from}`,
  rejected: (e) => refused('rejected', e),
  'would-reject': (e) => `${refused(`check ${e.check} in test mode would reject`, e)}${others(e)}`,
  banned: (e) =>
    `banned ${banSubject(e)} until ${time(e.until)} by ${e.by}${e.times > 1 ? `, ban ${e.times} in turn` : ''}: ${e.reason}${e.evidence ? ` (${e.evidence})` : ''}`,
  unbanned: (e) => `ban of ${banSubject(e)} ended by ${e.by}${e.reason ? `: ${e.reason}` : ''}`,
  'limit-near': (e) =>
    `${e.account} has used ${e.used} of ${e.limit} (${e.measure.replaceAll('_', ' ')}, ${e.window}); beyond the limit mail waits`,
  erased: (e) =>
    `a person was erased from ${e.rows} ${e.rows === 1 ? 'row' : 'rows'} by ${e.by}${e.reason ? `: ${e.reason}` : ''}`,
  'account-held': (e) =>
    `put ${e.account} on hold by ${e.by}${e.reason ? `: ${e.reason}` : ''}${e.evidence ? ` (${e.evidence})` : ''}`,
  complained: (e) =>
    `complaint (${e.feedback}) of ${e.provider || 'an unknown provider'}${e.isProven ? '' : ', which nothing proves'}${e.messageId ? ` about Message-ID ${e.messageId}` : ''}${e.account === null ? ', which the ledger does not have' : `, sent by ${e.account}`}; queue ID of the complaint ${e.report}`,
  'account-changed': (e) =>
    `${e.account} changed by ${e.by}${e.ip === undefined ? '' : ` from ${e.ip}`}: ${e.change.replaceAll('-', ' ')}${e.app === undefined ? '' : ` ${e.app}`}`,
  'probe-sent': (e) => `probe ${e.target} sent to ${e.to}`,
  'probe-result': (e) =>
    `probe ${e.target}: ${e.outcome}${e.ms === undefined ? '' : ` after ${delayText(e.ms)}`} (${e.provider})${e.detail ? `: ${oneLine(e.detail)}` : ''}`,
  'probe-alert': (e) =>
    e.state === 'working'
      ? `probe ${e.target} works again`
      : `probe ${e.target} fails${e.failures > 1 ? ` (${e.failures} in a row)` : ''}: ${oneLine(e.detail)}`,
  'account-released': (e) => `released ${e.account} by ${e.by}${e.reason ? `: ${e.reason}` : ''}`,
}

/** The sentence, without time and queue ID. Resolution steps follow with `stepLines`. */
export function describeEvent(event: Event): string {
  const describe = sentences[event.kind] as ((event: Event) => string) | undefined
  // The ledger of another release may hold kinds that this release does not know.
  const sentence = describe?.(event) ?? `${event.kind}${about(event.recipient)} (an event of another release)`
  return event.node === undefined ? sentence : `${sentence} (at ${event.node})`
}

/** The steps of a resolution, one line each. */
export function stepLines(event: Event): readonly string[] {
  return event.kind === 'resolved' ? event.steps : []
}

/** ISO 8601, as the log has it and `--since` takes it: `2026-11-21T02:15:00.123Z`. */
export function time(ms: number): string {
  return new Date(ms).toISOString()
}

interface Controlled {
  readonly recipient?: string
  readonly destination?: string
  readonly by: string
  readonly reason: string
  readonly until?: number
}

/** `held by root: kim@example.net (reason: test); next hop mx:example.net`, or without a recipient `suspended by root: mx:example.net`. */
function controlled(what: string, { recipient, destination, by, reason, until }: Controlled): string {
  const nextHop = recipient !== undefined && destination !== undefined ? `; next hop ${destination}` : ''
  const subject = recipient ?? destination
  const end = until === undefined ? '' : `; until ${new Date(until).toISOString()}`
  return `${what} by ${by}${subject === undefined ? '' : `: ${subject}`}${reason ? ` (reason: ${reason})` : ''}${nextHop}${end}`
}

function refused(what: string, event: RejectedEvent | WouldRejectEvent): string {
  const { stage, sender, recipient, remote, reply, cause } = event
  const envelope = [
    // Before MAIL there is no sender; null is the null sender only from then on.
    ...(sender !== null || stage === 'mail' || stage === 'rcpt' || stage === 'data' ? [`sender ${path(sender)}`] : []),
    ...(recipient === undefined ? [] : [`recipient ${recipient}`]),
  ]
  const where = [`${what} at ${stage.toUpperCase()} from ${remote}${forClient(event)}`, ...envelope].join(', ')
  return `${where}: ${oneLine(reply)}${cause && !reply.endsWith(cause) ? ` (${oneLine(cause)})` : ''}`
}

/** `address 192.0.2.7`, `account kim`. */
function banSubject({ banned, ip, user }: Pick<BannedEvent, 'banned' | 'ip' | 'user'>): string {
  return `${banned} ${user ?? ip ?? ''}`
}

/** `checks took 121 ms: dnsbl 34 ms at RCPT (2 times), spam 87 ms at DATA`. */
function timed({ checks }: TimedEvent): string {
  const sum = checks.reduce((total, { ms }) => total + ms, 0)
  const each = checks.map(
    ({ check, stage, ms, calls }) =>
      `${check} ${ms} ms at ${stage.toUpperCase()}${calls === undefined ? '' : ` (${calls} times)`}`,
  )
  return `checks took ${sum} ms: ${each.join(', ')}`
}

/** The other recipients with the same reply. */
function others({ recipients = 1 }: WouldRejectEvent): string {
  return recipients > 1 ? `; and ${recipients - 1} more ${recipients === 2 ? 'recipient' : 'recipients'}` : ''
}

/** What the client says about the one that it has the message from (XFORWARD). */
function forClient({ client, clientQueueId }: { readonly client?: string; readonly clientQueueId?: string }): string {
  if (client === undefined && clientQueueId === undefined) return ''
  const queueId = clientQueueId === undefined ? '' : `, queue ID ${clientQueueId} there`
  return ` (for ${client ?? 'an unknown client'}${queueId})`
}

function about(recipient: string | undefined): string {
  return recipient === undefined ? '' : ` ${recipient}`
}

function path(address: string | null): string {
  return `<${address ?? ''}>`
}

/** ` [blocked: what to do]` after a reply that a rule matches. */
function classOf({ class: name, advice }: { readonly class?: string; readonly advice?: string }): string {
  return name === undefined ? '' : ` [${name}${advice === undefined ? '' : `: ${advice}`}]`
}

function at(host: string | null): string {
  return host ? ` at ${host}` : ''
}

/** Ledger entries of earlier releases hold a string. */
type LedgerTls = TlsResult | string | null

function level(tls: LedgerTls): string {
  if (typeof tls === 'string') return ` over ${tls}`
  if (tls === null || tls.level === 'none')
    return ` without TLS${tls?.failure === undefined ? '' : ` (${tls.failure})`}`
  return ` over ${tls.protocol ?? 'TLS'} ${tls.level}`
}

/** ` [TLS policy verify: certificate-expired]` where TLS failed. */
function tlsFailure(tls: LedgerTls): string {
  if (tls === null || typeof tls === 'string' || tls.failure === undefined) return ''
  return ` [TLS policy ${tls.policy}: ${tls.failure}]`
}

/** `, sender <ann@example.net>, 1234 bytes, delay 1.2 s`; nothing for entries of earlier releases, which do not have them. */
function messageFacts({ sender, size, delayMs }: Partial<DeliveredEvent>): string {
  if (sender === undefined || size === undefined || delayMs === undefined) return ''
  return `, sender ${path(sender)}, ${size} bytes, delay ${delayText(delayMs)}`
}

function delayText(ms: number): string {
  const seconds = ms / 1000
  return seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(Math.round(seconds) * 1000)
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
