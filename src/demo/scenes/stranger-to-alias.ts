// (a) A stranger writes to a role address. The alias leads to two people whose mail is forwarded elsewhere.

import { strangerAddress } from '../demo-addresses.ts'
import { SRS_DOMAIN } from '../fleet.ts'
import { fieldValues, PATIENCE_MS, proof } from '../stage.ts'
import type { Scene } from '../stage.ts'
import { ann, annWrites } from '../stranger.ts'

export const strangerToAlias: Scene = {
  letter: 'a',
  title: 'A stranger writes to press@example.org',
  about:
    'press@ is an alias of kim and lee; both forward to providers outside. The sender is rewritten, so that SPF passes there.',
  run: async (stage) => {
    const id = stage.newId('a', 'stranger.example')
    const sent = await annWrites(stage, { to: 'press@example.org', subject: 'An interview?', id })
    const mail = await stage.friendly.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id) && one.to.includes('kim@home.example.net'),
      PATIENCE_MS,
    )
    const results = fieldValues(mail.message, 'Authentication-Results')[0] ?? 'none'
    return [
      proof('the mx took it', sent.kind === 'accepted', sent.reply),
      proof('it arrived at kim@home.example.net', mail.to.includes('kim@home.example.net'), mail.to.join(', ')),
      proof(
        'MAIL FROM was rewritten by SRS',
        (mail.from ?? '').startsWith('SRS0=') && (mail.from ?? '').endsWith(`@${SRS_DOMAIN}`),
        mail.from ?? '<>',
      ),
      proof(
        'From: stayed as it was',
        fieldValues(mail.message, 'From')[0] === `Ann <${ann}>`,
        fieldValues(mail.message, 'From')[0] ?? '',
      ),
      proof(
        'the mx wrote down who came: a name that leads to the address and back',
        fieldValues(mail.message, 'Received').some((one) =>
          one.includes(`(mail.stranger.example [${strangerAddress}])`),
        ),
        fieldValues(mail.message, 'Received').at(-1) ?? 'none',
      ),
      proof("the mx's Authentication-Results arrived with it", /spf=pass/.test(results), results),
    ]
  },
}
