// The status of a node in the output format of the plug-ins of Nagios and Icinga (Monitoring Plugins Development Guidelines): one line, then
// performance data after a bar; exit codes 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.

import { counted } from '../../lib/counted.ts'
import { printable } from '../../lib/printable.ts'
import type { NodeStatus } from '../../fleet-view/node-status.ts'
import { age } from '../../queue/scheduling/why-waiting.ts'
import type { NodeView } from './ask-status.ts'

export interface NagiosLimits {
  /** Age of the oldest message, ms. */
  readonly warnAgeMs: number
  readonly criticalAgeMs: number
}

export interface NagiosResult {
  readonly code: 0 | 1 | 2 | 3
  readonly line: string
}

const words = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const
/** Longest text before the bar, characters: older versions of the monitor cut at 1024 octets. */
const MOST_TEXT = 500
const DAY_S = 86_400

/** `now` is unix milliseconds. */
export function nagiosLine(view: NodeView, limits: NagiosLimits, now: number): NagiosResult {
  if (view.state === 'unknown') return result(3, view.problem)
  if (view.state === 'running') return running(view.status, limits)
  const { queue, lastRun, problem } = view
  const name = lastRun ? `${lastRun.node} (${lastRun.role}) ` : ''
  const waiting = queue === null ? '' : `; ${counted(queue.messages, 'message')} on disk`
  const facts = queue ? queueData(queue, limits, now) : []
  return result(2, view.state === 'silent' ? problem : `${name}does not run${waiting}`, facts)
}

function running(
  { node, role, at, health, queue, rates, certificates, draining }: NodeStatus,
  limits: NagiosLimits,
): NagiosResult {
  const bad = Object.entries(health.checks).flatMap(([name, one]) => ('reason' in one ? [{ name, ...one }] : []))
  const sorted = bad.toSorted((a, b) => Number(b.kind === 'failing') - Number(a.kind === 'failing'))
  const oldestMs = queue === null || queue.oldestArrivedAt === null ? 0 : Math.max(0, at - queue.oldestArrivedAt)
  const isLate = queue !== null && oldestMs >= limits.warnAgeMs
  const code = Math.max(
    health.kind === 'failing' || queue === null ? 2 : health.kind === 'degraded' ? 1 : 0,
    isLate ? (oldestMs >= limits.criticalAgeMs ? 2 : 1) : 0,
    draining ? 1 : 0,
  ) as 0 | 1 | 2
  const mail =
    queue === null
      ? 'the queue cannot be read'
      : `${counted(queue.messages, 'message')}${queue.messages > 0 ? `, the oldest ${age(oldestMs)} old` : ''}`
  const reasons = [...(draining ? ['draining'] : []), ...sorted.map(({ name, reason }) => `${name}: ${reason}`), mail]
  return result(code, `${node} (${role}) ${reasons.join('; ')}`, [
    ...(queue === null ? [] : queueData(queue, limits, at)),
    ...Object.entries(rates.hour).map(([kind, value]) => `${kind}_1h=${value};;;0`),
    ...certificates.map(
      ({ key, expiresAt }) => `'${key}_expires'=${Math.floor((expiresAt - at) / 1000)}s;${14 * DAY_S}:;0:`,
    ),
  ])
}

/** `label=value[unit];warn;critical;min`. */
function queueData(
  { messages, oldestArrivedAt }: { readonly messages: number; readonly oldestArrivedAt: number | null },
  { warnAgeMs, criticalAgeMs }: NagiosLimits,
  now: number,
): string[] {
  const seconds = oldestArrivedAt === null ? 0 : Math.max(0, Math.floor((now - oldestArrivedAt) / 1000))
  return [
    `messages=${messages};;;0`,
    `oldest=${seconds}s;${Math.floor(warnAgeMs / 1000)};${Math.floor(criticalAgeMs / 1000)};0`,
  ]
}

function result(code: NagiosResult['code'], text: string, data: readonly string[] = []): NagiosResult {
  // The bar begins the performance data, and a line feed would begin the long output.
  const plain = printable(text).replaceAll('|', '/').slice(0, MOST_TEXT)
  return { code, line: `WAYPOST ${words[code]} - ${plain}${data.length > 0 ? ` | ${data.join(' ')}` : ''}` }
}
