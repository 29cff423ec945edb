// waypost queue suspend and resume: stop attempts for a destination, or permit them again. Exit code 1 if nothing changes.

import { addressLiteral, asciiDomain } from '../../smtp/domain.ts'
import { formatNextHop, parseNextHop } from '../../smtp/nexthop.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import type { NodePlace } from '../place/node-place.ts'
import { withQueueControl, withQueueReader } from './with-queue.ts'

export interface SuspendOptions extends NodePlace {
  readonly action: 'suspend' | 'resume'
  /** Next hops, or domains, which mean mx:DOMAIN. */
  readonly destinations: readonly string[]
  readonly reason: string
  readonly by: string
  readonly dryRun: boolean
  readonly json: boolean
}

export function queueSuspend(options: SuspendOptions, io: Io): Promise<number> | number {
  const hops = options.destinations.map(readDestination)
  const wrong = options.destinations.find((_, place) => hops[place] === null)
  if (wrong !== undefined) {
    line(io.stderr, `found ${wrong}, expected a next hop such as mx:example.net, or a domain`)
    return USAGE
  }
  const nextHops = hops.filter((one) => one !== null)
  return options.dryRun ? preview(options, nextHops, io) : act(options, nextHops, io)
}

/** A next hop in the form of the queue, or null. */
function readDestination(text: string): string | null {
  const isDomain = !text.includes(':') && text.includes('.')
  const hop = parseNextHop(isDomain ? `mx:${text}` : text)
  if (hop?.kind !== 'mx') return hop && formatNextHop(hop)
  const domain = asciiDomain(hop.domain) ?? addressLiteral(hop.domain)
  return domain === null ? null : formatNextHop({ ...hop, domain })
}

function act(options: SuspendOptions, nextHops: readonly string[], io: Io): Promise<number> | number {
  const { action, by, reason } = options
  return withQueueControl(options, io, async (control) => {
    const results: { destination: string; changed: boolean }[] = []
    for (const destination of nextHops)
      results.push({ destination, changed: await control[action]({ nextHop: destination, by, reason }) })
    if (options.json) json(io.stdout, { action, dryRun: false, destinations: results })
    else
      for (const { destination, changed } of results)
        line(changed ? io.stdout : io.stderr, resultText(destination, action, changed))
    return results.some(({ changed }) => changed) ? OK : FAILED
  })
}

function resultText(destination: string, action: SuspendOptions['action'], changed: boolean): string {
  if (action === 'suspend') return changed ? `${destination} suspended` : `${destination} is suspended already`
  return changed ? `${destination} resumed` : `${destination} is not suspended`
}

function preview(options: SuspendOptions, nextHops: readonly string[], io: Io): Promise<number> | number {
  return withQueueReader(options, io, async (reader) => {
    const suspended = new Set((await reader.stats()).suspended.map(({ nextHop }) => nextHop))
    const results = await Promise.all(
      nextHops.map(async (destination) => ({
        destination,
        changed: suspended.has(destination) === (options.action === 'resume'),
        waiting: await reader.waitingFor(destination),
      })),
    )
    if (options.json) json(io.stdout, { action: options.action, dryRun: true, destinations: results })
    else
      for (const { destination, changed, waiting } of results)
        line(io.stdout, `${resultText(destination, options.action, changed)} (dry run), ${waiting} waiting`)
    return results.some(({ changed }) => changed) ? OK : FAILED
  })
}
