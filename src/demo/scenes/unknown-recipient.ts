// (f) Mail for nobody is refused while the sender is still on the line: no bounce is ever needed.

import { proof } from '../stage.ts'
import type { Scene } from '../stage.ts'
import { annWrites } from '../stranger.ts'

export const unknownRecipient: Scene = {
  letter: 'f',
  title: 'Mail for nobody, and mail through us to others',
  about: 'An address that nothing in the routing data knows is refused at RCPT, and the mx relays for nobody.',
  run: async (stage) => {
    const ask = (to: string) =>
      annWrites(stage, { to, subject: 'Anybody there?', id: stage.newId('f', 'stranger.example') })
    const unknown = await ask('no-such-person@example.org')
    const relay = await ask('friend@home.example.net')
    return [
      proof(
        'the unknown address is refused at RCPT',
        unknown.kind === 'refused' && unknown.reply.startsWith('550 5.1.1'),
        unknown.reply,
      ),
      proof('so is a foreign one', relay.kind === 'refused' && relay.reply.startsWith('554 5.7.1'), relay.reply),
    ]
  },
}
