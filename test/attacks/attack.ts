// The contract of an attack on a whole node, and how one is measured. An attack fills one pool as strangers can. During the attack a second client, a
// separate process with its own address, measures its replies and sends good mail, and the memory of the node is read from /proc.
// A new attack is one file with an `Attack`, one line in attacks.ts, and one test file that calls `testAttack`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { connectDialogue } from '../lib/smtp-dialogue.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'
import { withEveryCheck } from './every-check.ts'
import { type GoodMail, type SecondClientReport, startSecondClient } from './second-client.ts'

export interface Attack {
  /** As the file. */
  readonly name: string
  /** The entries of src/budget/budget-table.ts that hold it off. */
  readonly budgets: readonly string[]
  /** What the strangers do, one sentence for the table. */
  readonly what: string
  /** Starts peers and the node. */
  readonly prepare: (world: World) => Promise<Target>
  /** The attack; resolves when all has been sent. `scale` is 1 in tests, more in `npm run attack`. */
  readonly run: (stage: AttackStage) => Promise<void>
}

export interface Target {
  readonly node: WholeNode
  /** What the second client sends; it must be accepted and delivered. */
  readonly good: GoodMail
  /** Messages of the second client that have arrived so far: their Message-IDs contain `good-`. */
  readonly arrived: () => number
  /** Removes what the environment does not. */
  readonly close?: () => void
}

export interface AttackStage {
  readonly world: World
  readonly target: Target
  readonly scale: number
  /** Connects from a stranger's address. The connection is reset after the attack. */
  readonly connect: (localAddress: string) => Promise<SmtpDialogue>
  /** Loopback addresses for strangers: address `number` of the /24 number `site`, from 0. */
  readonly stranger: (site: number, number?: number) => string
}

export interface AttackResult {
  readonly name: string
  /** False if the process of the node ended. */
  readonly alive: boolean
  readonly peakMiB: number
  readonly second: SecondClientReport
  /** Good mail that was delivered in the end. */
  readonly arrived: number
}

/** The second client runs this long before the attack, so that a node warms up, and at least this long during it, ms. */
const WARM_UP_MS = 1000
const LEAST_MS = 3000
/** Wait for the good mail to arrive after the attack, ms. Only ends a test that hangs. */
const ARRIVAL_MS = 60_000

export interface AttackOptions {
  /** 1 in tests. */
  readonly scale: number
  /** The mx nodes have every check. */
  readonly everyCheck?: boolean
}

/** Prepares, attacks and measures. */
export async function measureAttack(
  attack: Attack,
  { scale, everyCheck = false }: AttackOptions,
): Promise<AttackResult> {
  const plain = await startWorld()
  const checked = everyCheck ? await withEveryCheck(plain) : null
  const world = checked?.world ?? plain
  const opened: SmtpDialogue[] = []
  let target: Target | null = null
  try {
    target = await attack.prepare(world)
    const { node, good, arrived } = target
    const { pid } = node
    const second = await startSecondClient({ host: node.address, port: node.port, ...good })
    await pause(WARM_UP_MS)
    second.beginMeasuring()
    resetPeak(pid)
    const least = pause(LEAST_MS)
    const connect = async (localAddress: string) => {
      const client = await connectDialogue({ host: node.address, port: node.port, localAddress, timeoutMs: 60_000 })
      opened.push(client)
      return client
    }
    const stranger = strangersBeside(world.newAddress())
    await attack.run({ world, target, scale, connect, stranger })
    await least
    const report = await second.stop()
    const alive = existsSync(`/proc/${pid}/status`)
    const peakMiB = alive ? peakOf(pid) : Number.NaN
    for (const client of opened) client.reset()
    if (alive) await until(() => arrived() >= report.accepted, { what: 'the good mail to arrive', timeout: ARRIVAL_MS })
    return { name: attack.name, alive, peakMiB, second: report, arrived: arrived() }
  } finally {
    for (const client of opened) client.reset()
    await world.close()
    await checked?.close()
    target?.close?.()
  }
}

/** Addresses in other sites than those of the environment, whose second octet is that of the given address. */
function strangersBeside(address: string): AttackStage['stranger'] {
  const own = Number(address.split('.')[1])
  return (site, number = 1) => `127.${(own + 1 + (site >> 8)) % 255}.${site & 255}.${number}`
}

/** Sets the peak of the resident set to the present (proc(5), clear_refs); without the right to, the peak is that since the start. */
function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // The peak includes the start then.
  }
}

function peakOf(pid: number): number {
  const [, kib = 'NaN'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Math.round(Number(kib) / 1024)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
