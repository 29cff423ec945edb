// (d) A machine sends through the mta. Its certificate is its only credential.

import { verifySignatures } from '../verify-signatures.ts'
import { machine } from '../fleet.ts'
import { fieldValues, testMessage, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Scenario } from '../environment.ts'

const from = `${machine}@example.org`

export const machineSends: Scenario = {
  letter: 'd',
  title: `The machine ${machine} sends through the mta with its certificate`,
  about:
    'The mta identifies machines by the fingerprint of their key. Without a listed certificate, the session ends after STARTTLS.',
  run: async (environment) => {
    const id = environment.newId('d', 'example.org')
    const message = testMessage({
      from: `CI <${from}>`,
      to: 'friend@home.example.net',
      subject: 'Build 4711 passed',
      id,
    })
    const { authority, machineCertificate, ports } = environment.fleet
    const tls = { ca: authority.certificate, servername: 'mta-01.example.org' }
    const mail = {
      node: 'mta',
      port: ports.submission,
      security: 'starttls',
      from,
      to: ['friend@home.example.net'],
      message,
    } as const
    const sent = await environment.send(machine, {
      ...mail,
      tls: { ...tls, cert: machineCertificate.certificate, key: machineCertificate.key },
    })
    const arrived = await environment.acceptingHost.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id),
      ARRIVAL_TIMEOUT_MS,
    )
    const signatures = await verifySignatures(arrived.message, environment.dns)
    const unlisted = authority.issue({ names: ['unlisted.example.org'], client: true })
    const unknown = await environment.send('unlisted', {
      ...mail,
      tls: { ...tls, cert: unlisted.certificate, key: unlisted.key },
    })
    const anonymous = await environment.send('no certificate', { ...mail, tls })
    return [
      expectation('the mta accepted the message', sent.kind === 'accepted', sent.reply),
      expectation(
        'it arrived with two valid signatures',
        signatures.length === 2 && signatures.every((one) => one.endsWith('=pass')),
        signatures.join(', '),
      ),
      expectation('the mta refuses a certificate that is not listed', unknown.kind === 'refused', unknown.reply),
      expectation('the mta refuses a client without a certificate', anonymous.kind === 'refused', anonymous.reply),
    ]
  },
}
