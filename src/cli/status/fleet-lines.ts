// The status of all nodes as a table for people, at most 80 columns wide, and below it what needs attention.

import type { FleetNodeStatus } from '../../fleet-view/fleet-client.ts'
import type { NodeStatus } from '../../fleet-view/node-status.ts'
import { printable } from '../../lib/printable.ts'
import { age } from '../../queue/scheduling/why-waiting.ts'
import type { NodeView } from './ask-status.ts'

/** One node of the fleet: this one, or another one that was asked. */
export interface FleetRow {
  readonly name: string
  /** Null if the node does not answer. */
  readonly status: NodeStatus | null
  /** Why it does not. */
  readonly problem: string | null
  /** Of its clock, ms ahead of this one; null if it is not known. */
  readonly clockAheadMs: number | null
}

const WIDTH = 80
/** Difference of two clocks that an operator should correct, ms. */
const CLOCK_MS = 5000
const columns = [26, 11, 13, 9, 9] as const

export function localRow(view: NodeView, hostname: string): FleetRow {
  const common = { name: hostname, clockAheadMs: null }
  if (view.state === 'running') return { ...common, status: view.status, problem: null }
  return { ...common, status: null, problem: view.state === 'stopped' ? 'not running' : view.problem }
}

export function remoteRow({ name, told, clockAheadMs }: FleetNodeStatus): FleetRow {
  return told.kind === 'answer'
    ? { name, status: told.value, problem: null, clockAheadMs }
    : { name, status: null, problem: told.cause, clockAheadMs }
}

/** False if a node does not answer or fails. */
export function isWellRow({ status }: FleetRow): boolean {
  return status !== null && status.health.kind !== 'failing'
}

export function fleetLines(rows: readonly FleetRow[]): string[] {
  return [
    cells(['node', 'role', 'state', 'queue', 'oldest', 'health']),
    ...rows.map(tableRow),
    ...rows.flatMap(attention),
  ]
}

function tableRow({ name, status }: FleetRow): string {
  if (status === null) return cells([name, '', 'no answer', '', '', ''])
  const { role, startedAt, at, draining, queue, health } = status
  const oldest = queue === null || queue.oldestArrivedAt === null ? '' : age(Math.max(0, at - queue.oldestArrivedAt))
  const state = draining ? 'draining' : `up ${age(Math.max(0, at - startedAt))}`
  return cells([name, role, state, queue === null ? '?' : String(queue.messages), oldest, health.kind])
}

/** A text that is longer than its column keeps one space to the next one. */
function cells(texts: readonly string[]): string {
  return texts
    .map((text, index) => {
      const width = columns[index] ?? 0
      return `${cut(printable(text), Math.max(width - 1, 8))}`.padEnd(width)
    })
    .join('')
    .trimEnd()
}

function attention({ name, status, problem, clockAheadMs }: FleetRow): string[] {
  if (status === null) return [cut(printable(`${name}: ${problem ?? 'no answer'}`), WIDTH)]
  const other = status.node === name || name.startsWith(`${status.node}:`) ? [] : [`it calls itself ${status.node}`]
  const clock =
    clockAheadMs !== null && Math.abs(clockAheadMs) >= CLOCK_MS
      ? [`its clock is ${age(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this one`]
      : []
  const checks = Object.entries(status.health.checks).flatMap(([check, health]) =>
    'reason' in health ? [`${check} ${health.kind}: ${health.reason}`] : [],
  )
  return [...other, ...clock, ...checks].map((text) => cut(printable(`${name}: ${text}`), WIDTH))
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}
