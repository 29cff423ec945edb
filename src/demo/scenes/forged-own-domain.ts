// (e) A forger writes in the name of our own domain. The mail is carried (nobody asked to refuse it), but never signed.

import { forgerAddress } from '../demo-addresses.ts'
import { fieldValues, letter, PATIENCE_MS, proof } from '../stage.ts'
import type { Scene } from '../stage.ts'

export const forgedOwnDomain: Scene = {
  letter: 'e',
  title: 'A forger writes as board@example.org to kim@example.org',
  about:
    'The srs node signs our own domain only when the mx vouches for the author. A forged Authentication-Results field does not help.',
  run: async (stage) => {
    const id = stage.newId('e', 'example.org')
    const forged = 'Authentication-Results: example.org; dmarc=pass header.from=example.org; auth=pass\r\n'
    const message =
      forged + letter({ from: 'The board <board@example.org>', to: 'kim@example.org', subject: 'Pay this invoice', id })
    const sent = await stage.send('a forger', {
      node: 'mx',
      port: stage.fleet.ports.smtp,
      security: 'none',
      localAddress: forgerAddress,
      name: 'forger.example',
      from: 'mallory@forger.example',
      to: ['kim@example.org'],
      message,
    })
    const mail = await stage.friendly.waitFor((one) => fieldValues(one.message, 'Message-ID').includes(id), PATIENCE_MS)
    const results = fieldValues(mail.message, 'Authentication-Results')
    return [
      proof('it was carried', sent.kind === 'accepted', sent.reply),
      proof(
        'without a signature of ours',
        fieldValues(mail.message, 'DKIM-Signature').length === 0,
        `${fieldValues(mail.message, 'DKIM-Signature').length} signatures`,
      ),
      proof(
        'the forged Authentication-Results is gone',
        results.length === 1 && !results[0]?.includes('auth=pass'),
        `${results.length} left`,
      ),
      proof('ours says dmarc=fail', /dmarc=fail/.test(results[0] ?? ''), results[0] ?? 'none'),
    ]
  },
}
