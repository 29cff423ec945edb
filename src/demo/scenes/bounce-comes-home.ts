// (b) The forward's provider takes the mail and bounces it later. The bounce goes to the SRS address and home to the stranger.

import { sendTestMail } from '../../cli/mail-client.ts'
import { hostAddresses, nodeAddresses } from '../demo-addresses.ts'
import { fieldValues, letter, PATIENCE_MS, proof } from '../stage.ts'
import type { Proof, Scene, Stage } from '../stage.ts'
import { ann, annWrites } from '../stranger.ts'

export const bounceComesHome: Scene = {
  letter: 'b',
  title: 'A forward fails later, and the bounce finds its way home',
  about:
    'sam@ forwards to post.example.edu, which takes the mail and bounces it. The bounce comes back to the SRS address at our mx.',
  run: async (stage) => {
    const id = stage.newId('b', 'stranger.example')
    await annWrites(stage, { to: 'sam@example.org', subject: 'Will this arrive?', id })
    const moody = await stage.moody.start()
    const taken = await moody.waitFor((one) => fieldValues(one.message, 'Message-ID').includes(id), PATIENCE_MS)
    return [
      proof('post.example.edu took it with an SRS sender', (taken.from ?? '').startsWith('SRS0='), taken.from ?? '<>'),
      ...(await bounceBack(stage, taken.from ?? '')),
    ]
  },
}

async function bounceBack(stage: Stage, srsAddress: string): Promise<Proof[]> {
  const id = stage.newId('b-bounce', 'post.example.edu')
  const message = letter({
    from: 'Mail Delivery System <mailer-daemon@post.example.edu>',
    to: srsAddress,
    subject: 'Undelivered Mail',
    id,
    text: 'The mailbox of sam is full.',
  })
  const bounce = {
    node: 'mx',
    port: stage.fleet.ports.smtp,
    security: 'none',
    localAddress: hostAddresses.moody,
    name: 'mx.post.example.edu',
    to: [srsAddress],
    message,
  } as const
  const home = await stage.send('mx.post.example.edu', { ...bounce, from: null })
  const arrived = await stage.friendly.waitFor(
    (one) => fieldValues(one.message, 'Message-ID').includes(id),
    PATIENCE_MS,
  )
  const misuse = await sendTestMail({ ...bounce, host: nodeAddresses.mx, from: 'spammer@post.example.edu' })
  const forged = srsAddress.replace(/^SRS0=..../, 'SRS0=AAAA')
  const guess = await sendTestMail({ ...bounce, host: nodeAddresses.mx, from: null, to: [forged] })
  return [
    proof('the mx took the bounce', home.kind === 'accepted', home.reply),
    proof(
      'it came home to ann with the null sender',
      arrived.to[0] === ann && arrived.from === null,
      `<${arrived.from ?? ''}> to ${arrived.to.join(', ')}`,
    ),
    proof(
      'the same address with a sender is no relay',
      misuse.kind === 'refused' && misuse.reply.startsWith('5'),
      misuse.reply,
    ),
    proof('a guessed hash is refused', guess.kind === 'refused' && guess.reply.startsWith('550 5.1.1'), guess.reply),
  ]
}
