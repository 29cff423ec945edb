// The far hosts of a soak return some mail: a bounce with the null sender to the SRS address, as another provider sends it to the MX of the SRS
// domain.

import { setTimeout as sleep } from 'node:timers/promises'
import { openClient } from './client.ts'
import type { Outcomes } from './outcomes.ts'

export interface Returns {
  add(number: number, reversePath: string): void
  /** Bounces that the mx has not accepted yet. */
  readonly waiting: number
  readonly accepted: number
  /** Bounces that the mx refused for good. */
  readonly refused: readonly string[]
  stop(): void
}

const PAUSE = 200
/** Networks of the returning hosts (RFC 2544), beside those of the senders. */
const NETWORKS = 50

export function startReturns(target: { readonly host: string; readonly port: number }, outcomes: Outcomes): Returns {
  const queue: { number: number; to: string }[] = []
  const refused: string[] = []
  let accepted = 0
  let busy = false
  let stopped = false

  const sendFirst = async (): Promise<void> => {
    const { number, to } = queue[0] as (typeof queue)[number]
    const address = `198.19.${(number % NETWORKS) + 1}.25`
    const client = await openClient({ ...target, address, helo: 'returns.far-1.example' })
    const result = (await client?.send({ from: '', to, data: bounceOf(number, to) })) ?? 'lost'
    client?.quit()
    if (result === 'doubt') outcomes.doubtReturn(number)
    if (result === 'accepted') accepted += 1
    if (result === 'refused') refused.push(`the bounce of ${number} to ${to}`)
    if (result === 'accepted' || result === 'refused') queue.shift()
    else await sleep(PAUSE)
  }
  const work = async () => {
    if (busy) return
    busy = true
    while (queue.length > 0 && !stopped) await sendFirst()
    busy = false
  }
  return {
    refused,
    add: (number, reversePath) => {
      queue.push({ number, to: reversePath.replace(/[<>]/g, '') })
      void work()
    },
    get waiting() {
      return queue.length
    },
    get accepted() {
      return accepted
    },
    stop: () => {
      stopped = true
    },
  }
}

/** RFC 3464, as short as possible. */
function bounceOf(number: number, to: string): string {
  const boundary = `returned-${number}`
  return [
    'From: Mail System <postmaster@far-1.example>',
    `To: <${to}>`,
    'Subject: Undelivered mail',
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${number}.return@far-1.example>`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain',
    '',
    'The mailbox is full.',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.far-1.example',
    '',
    `Final-Recipient: rfc822; person-${number}@far-1.example`,
    'Action: failed',
    'Status: 5.2.2',
    `--${boundary}--`,
    '.',
    '',
  ].join('\r\n')
}
