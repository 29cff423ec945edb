// (e) A forger uses our own domain in From:. The domain's DMARC policy is none, so the message is relayed, but without our name: not
// signed, and with an envelope that does not align.

import { forgerAddress } from '../demo-addresses.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { fieldValues, testMessage, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Scenario } from '../environment.ts'

export const forgedOwnDomain: Scenario = {
  letter: 'e',
  title: 'A forger sends as board@example.org to kim@example.org',
  about:
    'The srs node signs for our own domain only if the mx vouches for the author, and its envelope does not align with the author. A forged Authentication-Results field has no effect.',
  run: async (environment) => {
    const id = environment.newId('e', 'example.org')
    const forged = 'Authentication-Results: example.org; dmarc=pass header.from=example.org; auth=pass\r\n'
    const message =
      forged +
      testMessage({ from: 'The board <board@example.org>', to: 'kim@example.org', subject: 'Pay this invoice', id })
    const sent = await environment.send('a forger', {
      node: 'mx',
      port: environment.fleet.ports.smtp,
      security: 'none',
      localAddress: forgerAddress,
      name: 'forger.example',
      from: 'mallory@forger.example',
      to: ['kim@example.org'],
      message,
    })
    const mail = await environment.acceptingHost.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id),
      ARRIVAL_TIMEOUT_MS,
    )
    const results = fieldValues(mail.message, 'Authentication-Results')
    return [
      expectation('the mx accepted the message', sent.kind === 'accepted', sent.reply),
      expectation(
        'the srs node did not sign it',
        fieldValues(mail.message, 'DKIM-Signature').length === 0,
        `${fieldValues(mail.message, 'DKIM-Signature').length} signatures`,
      ),
      expectation(
        'MAIL FROM does not align with the author, so SPF cannot make DMARC pass',
        !domainOf(mail.from ?? '').endsWith('example.org'),
        mail.from ?? '<>',
      ),
      expectation(
        'the forged Authentication-Results field was removed',
        results.length === 1 && !results[0]?.includes('auth=pass'),
        `${results.length} left`,
      ),
      expectation('the field of the mx says dmarc=fail', /dmarc=fail/.test(results[0] ?? ''), results[0] ?? 'none'),
    ]
  },
}
