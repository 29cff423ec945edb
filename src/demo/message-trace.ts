// The way of one mail through the fleet, from the ledgers of all nodes, as lines for people.

import { relative } from 'node:path'
import { describeEvent, stepLines } from '../observe/describe-event.ts'
import type { Event } from '../observe/events.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Paint } from './paint.ts'

export interface WayPoint {
  readonly node: NodeName
  readonly event: Event
}

/** Columns for the longest node name and a gap. */
const NAME_COLUMN = 12

export function wayLines(way: readonly WayPoint[], ink: Paint): string[] {
  return way.flatMap(({ node, event }, i) => {
    const name = way[i - 1]?.node === node ? '' : node
    const head = `      ${ink.name(name.padEnd(NAME_COLUMN))}${describeEvent(event)}`
    return [head, ...stepLines(event).map((step) => `      ${' '.repeat(NAME_COLUMN)}  ${ink.faint(shortPath(step))}`)]
  })
}

/** Sources are absolute in the ledger; people see them from where they stand. */
function shortPath(step: string): string {
  return step.replace(
    /\((\/[^()]+):(\d+)\)$/,
    (_, file: string, line: string) => `(${relative(process.cwd(), file)}:${line})`,
  )
}
