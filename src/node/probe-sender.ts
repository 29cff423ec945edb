// Sends one probe: a message of this node with the null sender, so that it never causes a DSN.

import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { writeProbe } from '../probe/write-probe.ts'
import type { NewMessage, Queue } from '../queue/contract/queue.ts'
import { PROBE_HOP } from '../smtp/nexthop.ts'
import { makeProbeId, PROBE_ID_OCTETS } from '../smtp/probe-token.ts'
import type { ProbeSettings } from '../wiring/probe-settings.ts'

export interface ProbeSenderPorts {
  readonly prepare: Intake['prepare']
  readonly queue: Pick<Queue, 'accept'>
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  readonly log: Pick<Log, 'bug'>
}

export interface SentProbe {
  readonly id: string
  /** Unix milliseconds. */
  readonly sentAt: number
  /** Null if it is in the queue. */
  readonly problem: string | null
  /** Null if it is not in the queue. */
  readonly queueId: string | null
}

/** Queues a probe; `queued` is called before the commit, because its delivery can end before the answer of the queue. Never rejects. */
export async function sendProbe(
  settings: ProbeSettings,
  target: ProbeSettings['targets'][number],
  ports: ProbeSenderPorts & { readonly queued: (sent: SentProbe & { readonly queueId: string }) => void },
): Promise<SentProbe> {
  const { hostname, address, secrets } = settings
  const sentAt = ports.clock.now()
  const id = ports.random(PROBE_ID_OCTETS).toString('hex')
  const failed = (problem: string): SentProbe => ({ id, sentAt, problem, queueId: null })
  const { name, to, through } = target
  const isReturning = target.until === 'arrived'
  const messageId = makeProbeId({ origin: hostname, isReturning, target: name, sentAt, id }, secrets[0] ?? '')
  try {
    const written = writeProbe({ hostname, from: address, to, target: name, messageId, at: sentAt })
    const message = await ports.prepare({ recipient: to, ...written, smtputf8: false })
    const routed = message === null ? `there is no route to ${to}` : routeOf(message, through)
    if (typeof routed === 'string') return failed(routed)
    const { queueId } = routed
    ports.queued({ id, sentAt, problem: null, queueId })
    const event = { kind: 'probe-sent', at: sentAt, queueId, target: name, probe: id, to } as const
    await ports.queue.accept({ ...routed, events: [...routed.events, event] }, { claim: false })
    return { id, sentAt, problem: null, queueId }
  } catch (error) {
    return failed(errorText(error))
  }
}

/** The message on its way, or why it has none. */
function routeOf(message: NewMessage, through: string | undefined): NewMessage | string {
  const [recipient, ...others] = message.recipients
  if (!recipient || others.length > 0)
    return `the recipient leads to ${message.recipients.length} destinations, expected one`
  if (through !== undefined) {
    // The server that gets it resolves the recipient itself.
    const first = { ...recipient, address: recipient.original, nextHop: through, private: false }
    return { ...message, recipients: [first] }
  }
  return recipient.nextHop === PROBE_HOP ? 'it would not leave this node: set `through`' : message
}
