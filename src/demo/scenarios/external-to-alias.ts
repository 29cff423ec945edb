// (a) An external sender writes to a role address. The alias has two members, whose mail is forwarded to other providers.

import { externalAddress } from '../demo-addresses.ts'
import { SRS_DOMAIN } from '../fleet.ts'
import { fieldValues, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Scenario } from '../environment.ts'
import { ann, sendAsAnn } from '../external-sender.ts'

export const externalToAlias: Scenario = {
  letter: 'a',
  title: 'An external sender writes to press@example.org',
  about:
    'press@ is an alias of kim and lee, who forward to other providers. SRS rewrites MAIL FROM, so that SPF passes there.',
  run: async (environment) => {
    const id = environment.newId('a', 'stranger.example')
    const sent = await sendAsAnn(environment, { to: 'press@example.org', subject: 'An interview?', id })
    const mail = await environment.acceptingHost.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id) && one.to.includes('kim@home.example.net'),
      ARRIVAL_TIMEOUT_MS,
    )
    const results = fieldValues(mail.message, 'Authentication-Results')[0] ?? 'none'
    return [
      expectation('the mx accepted the message', sent.kind === 'accepted', sent.reply),
      expectation('it arrived at kim@home.example.net', mail.to.includes('kim@home.example.net'), mail.to.join(', ')),
      expectation(
        'MAIL FROM was rewritten by SRS',
        (mail.from ?? '').startsWith('SRS0=') && (mail.from ?? '').endsWith(`@${SRS_DOMAIN}`),
        mail.from ?? '<>',
      ),
      expectation(
        'From: is unchanged',
        fieldValues(mail.message, 'From')[0] === `Ann <${ann}>`,
        fieldValues(mail.message, 'From')[0] ?? '',
      ),
      expectation(
        'the mx recorded the client name, which forward-confirmed reverse DNS proves',
        fieldValues(mail.message, 'Received').some((one) =>
          one.includes(`(mail.stranger.example [${externalAddress}])`),
        ),
        fieldValues(mail.message, 'Received').at(-1) ?? 'none',
      ),
      expectation('the Authentication-Results field of the mx arrived with it', /spf=pass/.test(results), results),
    ]
  },
}
