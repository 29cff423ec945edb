// A provider refuses the mail of the srs node because of the reputation of its address, in the words of the real provider. It accepts mail
// again when it has a request with what it needs to know.

import { nodeAddresses } from '../demo-addresses.ts'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import { deferredAt } from '../deferred-at.ts'
import { until } from '../until.ts'
import { hostOf } from '../fleet.ts'
import type { Refusal } from '../internet-host.ts'
import type { Break, Stage } from './break.ts'

interface Provider {
  /** As in `mail-provider.ts`, or the name of a list. */
  readonly name: string
  readonly title: string
  /** The forward of the organisation that leads there. */
  readonly alias: string
  readonly mailbox: string
  /** The name of the MX host, by which the reply rules know the provider. */
  readonly mxHost: string
  readonly address: string
  readonly refusal: Refusal
}

const providers: readonly Provider[] = [
  {
    name: 'microsoft',
    title: 'Microsoft',
    alias: 'courier',
    mailbox: 'pickup@courier.example.net',
    mxHost: 'courier-example-net.mail.protection.outlook.com',
    address: '127.0.2.11',
    refusal: {
      at: 'mail',
      code: 550,
      lines: (ip) => [
        `5.7.1 Unfortunately, messages from [${ip}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.`,
      ],
    },
  },
  {
    name: 'google',
    title: 'Google',
    alias: 'bookclub',
    mailbox: 'books@club.example.net',
    mxHost: 'aspmx.l.google.com',
    address: '127.0.2.12',
    refusal: {
      at: 'dot',
      code: 550,
      lines: (ip) => [
        `5.7.1 [${ip}] Gmail has detected that this message is`,
        '5.7.1 likely suspicious due to the very low reputation of the sending IP',
        '5.7.1 address. To best protect our users from spam, the message has been',
        '5.7.1 blocked. For more information, go to',
        '5.7.1  https://support.google.com/mail/answer/188131 - gsmtp',
      ],
    },
  },
  {
    name: 't-online',
    title: 'T-Online',
    alias: 'landlord',
    mailbox: 'house@estate.example.net',
    mxHost: 'mx00.t-online.de',
    address: '127.0.2.13',
    refusal: {
      at: 'greeting',
      code: 554,
      lines: (ip) => [
        `IP=${ip} - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.)`,
      ],
    },
  },
  {
    name: 'spamhaus',
    title: 'Spamhaus',
    alias: 'insurance',
    mailbox: 'policy@broker.example.com',
    mxHost: 'mail.broker.example.com',
    address: '127.0.2.14',
    refusal: {
      at: 'rcpt',
      code: 554,
      lines: (ip) => [
        `5.7.1 Service unavailable; Client host [${ip}] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/${ip}`,
      ],
    },
  },
]

/** One kind for each provider. */
export const blocked: readonly Break[] = providers.map((provider) => ({
  kind: `blocked-${provider.name}`,
  about: `a mail provider refuses the address of the srs node, in the words of ${provider.title}`,
  page: 'docs/how-to/deal-with-a-blocked-address.md',
  prepare: ({ dns }) => {
    const domain = provider.mailbox.split('@')[1] as string
    dns.zone.set(domain, { MX: `10 ${provider.mxHost}` })
    dns.zone.set(provider.mxHost, { A: provider.address })
    const reverse = `${nodeAddresses.srs.split('.').toReversed().join('.')}.in-addr.arpa`
    dns.zone.set(reverse, { PTR: hostOf('srs') })
  },
  run: (stage) => run(provider, stage),
}))

async function run({ name, alias, mailbox, mxHost, address, refusal }: Provider, stage: Stage) {
  const { fleet, post, startHost, readCall, print } = stage
  const answer = () => answerTo(readCall(`request-${name}`))
  await startHost({ name: mxHost, address, refusal: { ...refusal, isOver: () => answer() === REMOVED } })
  const send = (subject: string) => post.fromAnn({ to: `${alias}@example.org`, mailbox, subject })
  await send('Keys')
  // The refusal pauses the destination, so that what comes after it waits. One of the greeting defers the message, others return it.
  await until(async () => post.missing().length === 0 || (await deferredAt(fleet, 'srs')) > 0, ARRIVAL_TIMEOUT_MS)
  await send('Keys, again')
  await send('And the plan')
  let printed = ''
  return {
    report: [
      `Ann writes: my mail to ${alias}@example.org came back.`,
      `${mailbox} writes: your mail has not reached us since this morning.`,
    ],
    commands: [`queue stats -c ${fleet.configOf('srs')}`, `trace ${mailbox} -c ${fleet.configOf('srs')}`],
    look: () => {
      const said = answer()
      if (said !== '' && said !== printed) print(`  the provider answers: ${said}`)
      printed = said
      if (said !== REMOVED) return [`the provider refuses mail from ${nodeAddresses.srs}`]
      return post.missing()
    },
  }
}

const REMOVED = 'the block is removed'

/** What the provider answers to a request for removal; empty without one. */
function answerTo(request: string | null): string {
  if (request === null) return ''
  const needed = [
    [nodeAddresses.srs, 'which address is blocked?'],
    [hostOf('srs'), 'what is the name of your server?'],
    ['postmaster@', 'at which address can we reach you?'],
  ] as const
  return needed.find(([text]) => !request.includes(text))?.[1] ?? REMOVED
}
