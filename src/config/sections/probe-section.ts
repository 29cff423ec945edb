// `probe`: messages that the node sends to itself through the fleet, and to mailboxes outside, to measure the way.

import { z } from 'zod'
import { probeTargetName } from '../../smtp/probe-token.ts'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { parseWrittenHop } from '../../smtp/nexthop.ts'
import { readSecret } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, path, text } from '../values.ts'

/** A mailbox gets 1440 messages a day at the shortest interval: more would be a nuisance to its provider. */
const SHORTEST_MS = 60_000
const LONGEST_MS = 7 * 86_400_000
/** Longest wait for an arrival: what comes later is a matter of the queue. */
const LONGEST_WAIT_MS = 3_600_000
/** Providers, and a way or two through the fleet. */
const MOST_TARGETS = 32

const target = z.strictObject({
  to: text('an address').describe(
    'Recipient. To measure the whole way: an address of ours that leads to a mailbox outside, which forwards back to `probe.address`.',
  ),
  until: z
    .enum(['arrived', 'accepted'], { error: 'arrived or accepted' })
    .default('arrived')
    .describe(
      '`arrived`: the probe has to come back to `probe.address`. `accepted`: the 250 of the next server is enough.',
    ),
  through: text('a next hop such as smtp:[submission.example.org]:465')
    .optional()
    .describe(
      'Server that gets the probe first, in place of the usual next hop; its login is in `delivery.destinations`.',
    ),
  hops: z
    .array(text('a host name'), { error: 'a list of host names' })
    .default([])
    .describe('Servers that a probe has to pass, by the names in their Received fields; `*` stands for any text.'),
})

const schema = z.strictObject({
  address: text('an address').describe('Address in a domain of ours at which probes arrive; it takes nothing else.'),
  secrets: z
    .array(path)
    .min(1)
    .describe('Files with one secret each, the same at all nodes of the fleet. The first signs, all verify.'),
  every: duration.prefault('10m').describe('Interval between two probes of a target.'),
  wait: duration.prefault('5m').describe('Time after which a probe is missing.'),
  alert_after: z
    .int({ error: 'a whole number from 1 to 10' })
    .min(1, { error: 'a whole number from 1 to 10' })
    .max(10, { error: 'a whole number from 1 to 10' })
    .default(1)
    .describe('Bad results in a row after which a target counts as failing.'),
  targets: z
    .record(z.string(), target)
    .default({})
    .describe('What the node probes, by name. Without targets it only takes the probes of other nodes.'),
})

export type ProbeTargetConfig = z.output<typeof target> & { readonly name: string }

export interface ProbeConfig extends Omit<z.output<typeof schema>, 'targets'> {
  /** Secrets, not files. The first signs, all verify. */
  readonly secrets: string[]
  readonly targets: readonly ProbeTargetConfig[]
}

export const probe = section(
  schema.optional().describe('Probes: messages that measure the way through the fleet and back.'),
  (written, reader): ProbeConfig | null => {
    if (written === undefined) return null
    const { address, every, wait } = written
    if (normalizeMailbox(address) === null) reader.report(['address'], anAddress(address))
    if (every < SHORTEST_MS || every > LONGEST_MS)
      reader.report(['every'], `found ${every / 1000} s, expected from 1m to 7d`)
    if (wait < 1000 || wait > LONGEST_WAIT_MS) reader.report(['wait'], `found ${wait / 1000} s, expected from 1s to 1h`)
    const targets = Object.entries(written.targets)
    if (targets.length > MOST_TARGETS)
      reader.report(['targets'], `found ${targets.length} targets, expected at most ${MOST_TARGETS}`)
    for (const [name, one] of targets) checkTarget(name, one, address, reader.below('targets', name))
    const secrets = written.secrets.map((file, index) => readSecret(reader, ['secrets', index], file))
    return { ...written, secrets, targets: targets.map(([name, one]) => ({ name, ...one })) }
  },
)

function checkTarget(
  name: string,
  { to, through, until }: z.output<typeof target>,
  address: string,
  reader: SectionReader,
) {
  if (!probeTargetName.test(name))
    reader.report([], `found the name ${name}, expected up to 32 characters of a-z, 0-9 and -`)
  if (normalizeMailbox(to) === null) reader.report(['to'], anAddress(to))
  const hop = through === undefined ? null : parseWrittenHop(through)
  const isSmtp = hop?.kind === 'mx' || (hop?.kind === 'host' && hop.protocol === 'smtp')
  if (through !== undefined && !isSmtp)
    reader.report(
      ['through'],
      `found "${through}", expected a next hop such as smtp:[submission.example.org]:465 or mx:example.org`,
    )
  if (through === undefined && until === 'arrived' && normalizeMailbox(to) === normalizeMailbox(address))
    reader.report(['to'], 'found probe.address without `through`, expected both: the probe would not leave this node')
}

function anAddress(found: string): string {
  return `found "${found}", expected an address such as probe@example.org`
}
