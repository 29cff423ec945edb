// A forger has sent spam in the name of payroll@example.org elsewhere. Its bounces come to us, and the provider of the accountants, to whom
// that address is forwarded, limits what they may receive, so their other mail waits behind the bounces.

import { sendTestMail, type Sent } from '../../cli/mail/mail-client.ts'
import { commandClock } from '../../lib/clock.ts'
import { testMessage } from '../environment.ts'
import type { Fleet } from '../fleet.ts'
import { nodeAddresses } from '../demo-addresses.ts'
import type { Refusal } from '../internet-host.ts'
import type { Break, Stage } from './break.ts'

const FORGED = 'payroll@example.org'
const ACCOUNTANTS = 'payroll@ledger.example.com'
const PROVIDER = { name: 'mx.ledger.example.com', address: '127.0.2.31' } as const
/** Bounces before anyone notices. */
const FIRST = 400
/** Connections at a time, as those of many hosts. */
const PARALLEL = 8
/** Messages that the provider accepts for a person without a pause. */
const ACCEPTED = 40
/** A pause that lifts its limit, ms. Real ones are some minutes. */
const QUIET_MS = 500

export const bounceStorm: Break = {
  kind: 'bounce-storm',
  about: 'bounces of mail that a forger sent in our name flood a mailbox',
  page: 'docs/how-to/when-bounces-flood-in.md',
  prepare: ({ dns }) => {
    dns.zone.set('ledger.example.com', { MX: `10 ${PROVIDER.name}` })
    dns.zone.set(PROVIDER.name, { A: PROVIDER.address })
  },
  run: async (stage) => {
    const { fleet, post, startHost } = stage
    await startHost({ ...PROVIDER, refusal: rateLimit() })
    let sent = 0
    const more = async (count: number) => {
      const end = sent + count
      const senders = Array.from({ length: PARALLEL }, async () => {
        let last: Sent | null = null
        while (sent < end) last = await bounce(fleet, (sent += 1))
        return last
      })
      return (await Promise.all(senders)).findLast((one) => one !== null)
    }
    await more(FIRST)
    await post.fromAnn({ to: FORGED, mailbox: ACCOUNTANTS, subject: 'Hours of November' })
    return {
      report: [
        'The accountants write: payroll@example.org brings us error reports by the hundred, about mail that none of us sent.',
        'Ann writes: I wait for their answer. Have they got my mail?',
      ],
      commands: [`status -c ${fleet.configOf('srs')}`, `queue stats -c ${fleet.configOf('srs')}`],
      look: () => look(stage, () => more(1)),
    }
  },
}

/** Too many messages for the accountants without a pause between two of them. */
function rateLimit(): Refusal {
  let count = 0
  let lastAt = 0
  return {
    at: 'rcpt',
    code: 450,
    lines: () => ['4.2.1 The user you are trying to contact is receiving mail at a rate that prevents more'],
    recipient: (address) => {
      if (address !== ACCOUNTANTS) return false
      const now = commandClock.monotonic()
      count = now - lastAt > QUIET_MS ? 1 : count + 1
      lastAt = now
      return count > ACCEPTED
    },
  }
}

/** The storm continues until the mx refuses it. */
async function look({ post }: Stage, more: () => Promise<Sent | null | undefined>): Promise<readonly string[]> {
  const last = await more()
  const isRefused = last?.kind === 'refused' && last.reply.startsWith('5')
  return [...(isRefused ? [] : [`the mx accepts bounces for ${FORGED}: ${last?.reply}`]), ...post.missing()]
}

/** A bounce of one of many hosts. */
function bounce(fleet: Fleet, n: number): Promise<Sent> {
  const host = `mx-${n % 50}.elsewhere.example`
  const message = testMessage({
    from: `Mail Delivery System <mailer-daemon@${host}>`,
    to: FORGED,
    subject: 'Undelivered Mail Returned to Sender',
    id: `<bounce-${n}@${host}>`,
    text: 'The address customer@elsewhere.example does not exist.',
  })
  return sendTestMail({
    host: nodeAddresses.mx,
    port: fleet.ports.smtp,
    security: 'none',
    localAddress: `127.8.${n % 50}.1`,
    name: host,
    from: null,
    to: [FORGED],
    message,
  })
}
