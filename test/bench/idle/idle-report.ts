// The section of docs/benchmarks.md about idle nodes and commands.

import type { ProcessMemory } from '../../lib/process-memory.ts'
import type { Machine } from '../machine.ts'

export const IDLE_HEADING = '## Idle nodes and commands'

/** Aims: MiB, and seconds. */
const MOST_RSS = 120
const MOST_START = 1
const MOST_COMMAND = 0.4

export const programNames = ['bundle', 'executable'] as const
export type ProgramName = (typeof programNames)[number]

export interface IdleNode {
  readonly role: string
  readonly program: ProgramName
  /** Medians of some starts. Seconds of processor time until the node is ready, and seconds that pass. */
  readonly cpu: number
  readonly wall: number
  /** After the time of idleness. */
  readonly memory: ProcessMemory
}

export interface CommandTime {
  readonly command: string
  readonly program: ProgramName
  /** Medians. Seconds of processor time, and seconds that pass. */
  readonly cpu: number
  readonly wall: number
}

export interface IdlePage {
  readonly machine: Machine
  readonly command: string
  readonly date: string
}

export interface IdleResults {
  readonly nodes: readonly IdleNode[]
  readonly commands: readonly CommandTime[]
  /** The same for `node` with an empty program. */
  readonly bare: { readonly memory: ProcessMemory; readonly cpu: number; readonly wall: number }
  readonly idleSeconds: number
  readonly runs: number
}

/** Formats the section, with its heading. */
export function formatIdle({ command, date, machine }: IdlePage, results: IdleResults): string {
  const { bare, idleSeconds, runs } = results
  return `${IDLE_HEADING}

Written by \`${command}\` on ${date}. Load average before the run: ${machine.load.toFixed(1)}.

A node of each role with the environment of deploy/waypost.service and nothing to do, ${idleSeconds} s after its
start, and commands for the data of such a node. "Bundle" is dist/program with the Node.js of npm and a
warm cache of compiled code, "executable" is dist/waypost. Times are medians of ${runs} runs.

- **RSS**, **PSS**, **private**: MiB in memory; pages that processes share count whole, in part, and not.
- **CPU**: user and system seconds, until the node is ready or the command ends. **time**: seconds that
  pass, which other processes of the machine make longer. The aims are for a quiet machine, so they are
  compared with CPU.

\`node\` with an empty program: RSS ${mib(bare.memory.rss)}, private ${mib(bare.memory.privateDirty)}, CPU ${seconds(bare.cpu)}, time ${seconds(bare.wall)}.

| role | started from | RSS | PSS | private | threads | aim |  | CPU to ready | time | aim |  |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
${results.nodes.map((one) => nodeRow(one)).join('\n')}

| command | started from | CPU | time | aim |  |
|---|---|---:|---:|---:|---:|
${results.commands.map((one) => commandRow(one)).join('\n')}
`
}

function nodeRow({ role, program, memory, cpu, wall }: IdleNode): string {
  const { rss, pss, privateDirty, threads } = memory
  const sizes = [mib(rss), mib(pss), mib(privateDirty), threads]
  const size = [`< ${MOST_RSS}`, verdict(rss < MOST_RSS)]
  const time = [seconds(cpu), seconds(wall), `< ${MOST_START} s`, verdict(cpu < MOST_START)]
  return `| ${[role, program, ...sizes, ...size, ...time].join(' | ')} |`
}

function commandRow({ command, program, cpu, wall }: CommandTime): string {
  const time = [seconds(cpu), seconds(wall), `< ${MOST_COMMAND} s`, verdict(cpu < MOST_COMMAND)]
  return `| ${[`\`${command}\``, program, ...time].join(' | ')} |`
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : '**missed**'
}

function mib(size: number): string {
  return size.toFixed(0)
}

function seconds(time: number): string {
  return `${time.toFixed(2)} s`
}
