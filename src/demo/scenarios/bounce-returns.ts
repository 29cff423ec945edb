// (b) The provider of a forward accepts the message and bounces it later. The bounce goes to the SRS address; the mx reverses it.

import { sendTestMail } from '../../cli/mail/mail-client.ts'
import { hostAddresses, nodeAddresses } from '../demo-addresses.ts'
import { fieldValues, testMessage, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Expectation, Scenario, Environment } from '../environment.ts'
import { ann, sendAsAnn } from '../external-sender.ts'

export const bounceReturns: Scenario = {
  letter: 'b',
  title: 'A forwarded message bounces later, and the bounce reaches its sender',
  about:
    'sam@ forwards to post.example.edu, which accepts the message and bounces it. The mx receives the bounce at the SRS address.',
  run: async (environment) => {
    const id = environment.newId('b', 'stranger.example')
    await sendAsAnn(environment, { to: 'sam@example.org', subject: 'Will this arrive?', id })
    const provider = await environment.failingHost.start()
    const forwarded = await provider.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id),
      ARRIVAL_TIMEOUT_MS,
    )
    return [
      expectation(
        'post.example.edu received an SRS address as MAIL FROM',
        (forwarded.from ?? '').startsWith('SRS0='),
        forwarded.from ?? '<>',
      ),
      ...(await returnBounce(environment, forwarded.from ?? '')),
    ]
  },
}

async function returnBounce(environment: Environment, srsAddress: string): Promise<Expectation[]> {
  const id = environment.newId('b-bounce', 'post.example.edu')
  const message = testMessage({
    from: 'Mail Delivery System <mailer-daemon@post.example.edu>',
    to: srsAddress,
    subject: 'Undelivered Mail',
    id,
    text: 'The mailbox of sam is full.',
  })
  const bounce = {
    node: 'mx',
    port: environment.fleet.ports.smtp,
    security: 'none',
    localAddress: hostAddresses.failing,
    name: 'mx.post.example.edu',
    to: [srsAddress],
    message,
  } as const
  const accepted = await environment.send('mx.post.example.edu', { ...bounce, from: null })
  const arrived = await environment.acceptingHost.waitFor(
    (one) => fieldValues(one.message, 'Message-ID').includes(id),
    ARRIVAL_TIMEOUT_MS,
  )
  const misuse = await sendTestMail({ ...bounce, host: nodeAddresses.mx, from: 'spammer@post.example.edu' })
  const forged = srsAddress.replace(/^SRS0=..../, 'SRS0=AAAA')
  const guess = await sendTestMail({ ...bounce, host: nodeAddresses.mx, from: null, to: [forged] })
  return [
    expectation('the mx accepted the bounce', accepted.kind === 'accepted', accepted.reply),
    expectation(
      'ann received it, with the null sender',
      arrived.to[0] === ann && arrived.from === null,
      `<${arrived.from ?? ''}> to ${arrived.to.join(', ')}`,
    ),
    expectation(
      'the mx refuses the SRS address if MAIL FROM is not null',
      misuse.kind === 'refused' && misuse.reply.startsWith('5'),
      misuse.reply,
    ),
    expectation(
      'the mx refuses a guessed SRS hash',
      guess.kind === 'refused' && guess.reply.startsWith('550 5.1.1'),
      guess.reply,
    ),
  ]
}
