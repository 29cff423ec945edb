// Prints the trace of one message: the ledger events of all nodes, in order of time.

import { relative } from 'node:path'
import { printable } from '../lib/printable.ts'
import { describeEvent, stepLines } from '../observe/describe-event.ts'
import type { Event } from '../observe/events.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Colours } from './colours.ts'

export interface TraceEntry {
  readonly node: NodeName
  readonly event: Event
}

/** Width of the node name, with two spaces. */
const NAME_COLUMN = 12

/** One line for each event, indented lines for the steps of a resolution. */
export function traceLines(trace: readonly TraceEntry[], colours: Colours): string[] {
  return trace.flatMap(({ node, event }, i) => {
    const name = trace[i - 1]?.node === node ? '' : node
    const head = `      ${colours.name(name.padEnd(NAME_COLUMN))}${printable(describeEvent(event))}`
    return [
      head,
      ...stepLines(event).map((step) => `      ${' '.repeat(NAME_COLUMN)}  ${colours.dim(printable(shortPath(step)))}`),
    ]
  })
}

/** The ledger has absolute paths; the demonstration prints them relative to the working directory. */
function shortPath(step: string): string {
  return step.replace(
    /\((\/[^()]+):(\d+)\)$/,
    (_, file: string, line: string) => `(${relative(process.cwd(), file)}:${line})`,
  )
}
