// One ledger event as one sentence for people. `trace` and the demonstration print the same words.

import type { TlsResult } from '../smtp/tls-result.ts'
import type { Event, SteeredDestinationEvent } from './events.ts'

type Sentences = { readonly [K in Event['kind']]: (event: Extract<Event, { kind: K }>) => string }

const sentences: Sentences = {
  received: (e) =>
    `received from ${path(e.sender)} by ${e.remote}${e.tls ? ` (${e.tls})` : ''}, ${e.size} octets, origin ${e.origin}${e.messageId ? `, message-id ${e.messageId}` : ''}`,
  checked: (e) => `checked ${e.check}: ${e.result}${e.detail ? ` (${e.detail})` : ''}`,
  resolved: (e) => `resolved ${e.original} to ${e.recipient ?? ''} by ${e.nextHop}, MAIL FROM ${path(e.reversePath)}`,
  signed: (e) => `signed for ${e.domain} with ${e.selector} (${e.algorithm})`,
  unsigned: (e) => `not signed: ${e.reason}`,
  delivered: (e) =>
    `delivered to ${e.recipient ?? ''} at ${e.host ?? 'unknown'}${level(e.tls)}, attempt ${e.attempt}: ${oneLine(e.reply)}`,
  deferred: (e) =>
    `deferred ${e.recipient ?? ''} (${e.scope}), attempt ${e.attempt}${at(e.host)}: ${oneLine(e.reply)}${about(e)}${tlsFailure(e.tls)}; next attempt ${time(e.nextAttemptAt)}`,
  failed: (e) =>
    `failed ${e.recipient ?? ''} (${e.scope}), attempt ${e.attempt}${at(e.host)}: ${oneLine(e.reply)}${about(e)}${tlsFailure(e.tls)}`,
  expired: (e) =>
    `expired ${e.recipient ?? ''} after ${e.attempt} attempts${at(e.host)}: ${oneLine(e.reply)}${about(e)}`,
  notified: (e) =>
    e.dsn
      ? `told ${path(e.to)} that ${e.recipient ?? ''} ${e.notice} (${e.dsn})`
      : `told nobody that ${e.recipient ?? ''} ${e.notice}: ${e.reason ?? 'no reason given'}`,
  held: (e) => controlled('held', e),
  released: (e) => controlled('released', e),
  retried: (e) => controlled('told to retry', e),
  removed: (e) => controlled('removed', e),
  bounced: (e) => controlled('bounced', e),
  recovered: (e) => controlled('recovered', e),
  'action-pending': (e) =>
    controlled(
      e.action === 'release' ? 'pending action cancelled for' : `${e.action} pending until the attempt ends for`,
      e,
    ),
  suspended: (e) => steered('suspended', e),
  resumed: (e) => steered('resumed', e),
  discarded: (e) => `discarded ${e.recipient ?? ''}: ${e.reason}`,
  'handed-over': (e) => `handed over${e.recipient ? ` ${e.recipient}` : ''} to ${e.to}`,
  'transfer-accepted': (e) => `transfer accepted${e.recipient ? ` for ${e.recipient}` : ''} from ${e.from}`,
  rejected: (e) =>
    `refused at ${e.stage.toUpperCase()} from ${path(e.sender)} for ${e.recipient ?? 'nobody yet'} by ${e.remote}: ${oneLine(e.reply)}${e.cause && !e.reply.endsWith(e.cause) ? ` (${oneLine(e.cause)})` : ''}`,
}

/** The sentence, without time and queue id. Resolution steps follow with `stepLines`. */
export function describeEvent(event: Event): string {
  const describe = sentences[event.kind] as ((event: Event) => string) | undefined
  // The ledger of another release may hold kinds that this release does not know.
  const sentence = describe?.(event) ?? unknownKind(event)
  return event.node === undefined ? sentence : `${sentence} (at ${event.node})`
}

function unknownKind({ kind, recipient }: Event): string {
  return `${kind}${recipient === undefined ? '' : ` ${recipient}`} (an event of another release)`
}

/** The steps of a resolution, one line each. */
export function stepLines(event: Event): readonly string[] {
  return event.kind === 'resolved' ? event.steps : []
}

/** `2026-11-21 02:15:00.123Z`. */
export function time(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ')
}

function controlled(
  what: string,
  event: { readonly recipient?: string; readonly by: string; readonly reason: string },
): string {
  return `${what}${event.recipient ? ` ${event.recipient}` : ''} by ${event.by}${event.reason ? `: ${event.reason}` : ''}`
}

function steered(what: string, event: SteeredDestinationEvent): string {
  return `${what} ${event.destination} by ${event.by}${event.reason ? `: ${event.reason}` : ''}`
}

function path(address: string | null): string {
  return `<${address ?? ''}>`
}

/** ` [blocked: what to do]` behind a reply that a rule knows. */
function about({ class: word, advice }: { readonly class?: string; readonly advice?: string }): string {
  return word === undefined ? '' : ` [${word}${advice === undefined ? '' : `: ${advice}`}]`
}

function at(host: string | null): string {
  return host ? ` at ${host}` : ''
}

/** A string in ledger entries of earlier versions. */
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

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
