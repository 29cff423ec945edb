// (f) The mx refuses an unknown recipient at RCPT, so it never has to send a bounce.

import { expectation } from '../environment.ts'
import type { Scenario } from '../environment.ts'
import { sendAsAnn } from '../external-sender.ts'

export const unknownRecipient: Scenario = {
  letter: 'f',
  title: 'An unknown recipient, and an attempt to relay',
  about:
    'The mx refuses addresses that the routing data does not contain, and it relays for no client from the internet.',
  run: async (environment) => {
    const ask = (to: string) =>
      sendAsAnn(environment, { to, subject: 'Hello?', id: environment.newId('f', 'stranger.example') })
    const unknown = await ask('no-such-person@example.org')
    const relay = await ask('friend@home.example.net')
    return [
      expectation(
        'the mx refuses the unknown address at RCPT',
        unknown.kind === 'refused' && unknown.reply.startsWith('550 5.1.1'),
        unknown.reply,
      ),
      expectation(
        'the mx refuses to relay to another domain',
        relay.kind === 'refused' && relay.reply.startsWith('554 5.7.1'),
        relay.reply,
      ),
    ]
  },
}
