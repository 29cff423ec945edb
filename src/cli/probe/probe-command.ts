// waypost probe: the running node sends a probe to each target, and the command waits for the results and prints the servers on the way.
// Exit code 1 if a probe did not arrive.

import { z } from 'zod'
import { commandClock } from '../../lib/clock.ts'
import { isGood, probeOutcomes, type ProbeResult } from '../../probe/probe-result.ts'
import { FAILED, json, line, OK } from '../io.ts'
import type { Io } from '../io.ts'
import { askNode } from '../node/ask-node.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'

export interface ProbeOptions extends NodePlace {
  readonly target?: string
  /** Print the last results, and send nothing. */
  readonly last?: boolean
  readonly json?: boolean
}

/** Ms for one answer of the node. */
const ANSWER_MS = 10_000
/** Ms between two questions for results. */
const ASK_AGAIN_MS = 500
/** Ms beyond the wait of the node, which looks each second. */
const GRACE_MS = 5000

const hop = z.object({ by: z.string(), group: z.string(), ms: z.number().nullable() })
const result = z.object({
  target: z.string(),
  id: z.string(),
  queueId: z.string().nullable(),
  sentAt: z.number(),
  outcome: z.enum(probeOutcomes),
  ms: z.number().nullable(),
  group: z.string(),
  hops: z.array(hop),
  detail: z.string(),
})
const sentSchema = z.object({
  kind: z.literal('sent'),
  waitMs: z.number(),
  sent: z.array(z.object({ target: z.string(), probe: z.string().nullable() })),
})
const stateSchema = z.object({
  kind: z.literal('probes'),
  targets: z.array(
    z.object({ name: z.string(), isWorking: z.boolean().nullable(), failures: z.number(), results: z.array(result) }),
  ),
})

type States = z.output<typeof stateSchema>['targets']

export function probe(options: ProbeOptions, io: Io): Promise<number> | number {
  return withDataDirectory(options, io, async (data) => {
    const shown = options.last ? await lastResults(data) : await newResults(data, options.target)
    if (typeof shown === 'string') {
      line(io.stderr, shown)
      return FAILED
    }
    const wanted = shown.filter(({ target }) => options.target === undefined || target === options.target)
    if (options.json) json(io.stdout, wanted)
    else for (const one of wanted) print(one, io)
    if (wanted.length === 0) line(io.stderr, options.last ? 'there is no result yet' : 'no probe was sent')
    return wanted.length > 0 && wanted.every(isGood) ? OK : FAILED
  })
}

const noAnswer = 'the node has no section `probe`, or runs another release'

async function ask<T>(data: string, request: string, schema: z.ZodType<T>): Promise<T | string> {
  const answered = await askNode(data, request, ANSWER_MS)
  if (answered.kind === 'failed') return answered.problem
  const read = schema.safeParse(answered.value)
  return read.success ? read.data : noAnswer
}

async function lastResults(data: string): Promise<readonly ProbeResult[] | string> {
  const answer = await ask(data, 'probes', stateSchema)
  return typeof answer === 'string' ? answer : answer.targets.flatMap(({ results }) => results.slice(0, 1))
}

/** The results of the probes that are sent now, in the order of the configuration. */
async function newResults(data: string, target: string | undefined): Promise<readonly ProbeResult[] | string> {
  const known = await ask(data, 'probes', stateSchema)
  if (typeof known === 'string') return known
  const names = known.targets.map(({ name }) => name)
  if (target !== undefined && !names.includes(target))
    return `there is no target ${target}; the targets are: ${names.join(', ') || 'none'}`
  const answer = await ask(data, target === undefined ? 'probe' : `probe ${target}`, sentSchema)
  if (typeof answer === 'string') return answer
  const ids = answer.sent.flatMap(({ probe: id }) => id ?? [])
  const until = commandClock.monotonic() + answer.waitMs + GRACE_MS
  for (;;) {
    const states = await ask(data, 'probes', stateSchema)
    if (typeof states === 'string') return states
    const found = ids.flatMap((id) => resultOf(states.targets, id) ?? [])
    if (found.length === ids.length || commandClock.monotonic() > until) return found
    await commandClock.sleep(ASK_AGAIN_MS)
  }
}

/** The first result of a probe: a late arrival is not the answer. */
function resultOf(states: States, id: string): ProbeResult | null {
  return states.flatMap(({ results }) => results.filter((one) => one.id === id)).at(-1) ?? null
}

function print(one: ProbeResult, io: Io): void {
  const took = one.ms === null ? '' : ` after ${seconds(one.ms)}`
  const why = one.detail === '' ? '' : `: ${one.detail}`
  line(io.stdout, `${one.target}  ${one.outcome}${took} (${one.group})${why}`)
  let before = 0
  for (const { by, group, ms } of one.hops) {
    const [at, step] = ms === null ? ['', ''] : [`+${seconds(ms)}`, seconds(ms - before)]
    if (ms !== null) before = ms
    line(io.stdout, `  ${at.padStart(9)}  ${step.padStart(8)}  ${by} (${group})`)
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
