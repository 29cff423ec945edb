// (d) A machine sends through the mta: its certificate is all it has, and all it needs.

import { verifySignatures } from '../verify-signatures.ts'
import { machine } from '../fleet.ts'
import { fieldValues, letter, PATIENCE_MS, proof } from '../stage.ts'
import type { Scene } from '../stage.ts'

const from = `${machine}@example.org`

export const machineSends: Scene = {
  letter: 'd',
  title: `The machine ${machine} sends through the mta with its certificate`,
  about:
    'The mta knows machines by the fingerprint of their key. Without a known certificate nobody gets past STARTTLS.',
  run: async (stage) => {
    const id = stage.newId('d', 'example.org')
    const message = letter({ from: `CI <${from}>`, to: 'friend@home.example.net', subject: 'Build 4711 passed', id })
    const { authority, machineCertificate, ports } = stage.fleet
    const tls = { ca: authority.certificate, servername: 'mta-01.example.org' }
    const mail = {
      node: 'mta',
      port: ports.submission,
      security: 'starttls',
      from,
      to: ['friend@home.example.net'],
      message,
    } as const
    const sent = await stage.send(machine, {
      ...mail,
      tls: { ...tls, cert: machineCertificate.certificate, key: machineCertificate.key },
    })
    const arrived = await stage.friendly.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id),
      PATIENCE_MS,
    )
    const signatures = await verifySignatures(arrived.message, stage.dns)
    const stranger = authority.issue({ names: ['stranger.example.org'], client: true })
    const unknown = await stage.send('an unknown machine', {
      ...mail,
      tls: { ...tls, cert: stranger.certificate, key: stranger.key },
    })
    const nameless = await stage.send('a client without one', { ...mail, tls })
    return [
      proof('the mta took it', sent.kind === 'accepted', sent.reply),
      proof(
        'it arrived signed',
        signatures.length === 2 && signatures.every((one) => one.endsWith('=pass')),
        signatures.join(', '),
      ),
      proof('a certificate that is not listed gets nowhere', unknown.kind === 'refused', unknown.reply),
      proof('no certificate gets nowhere', nameless.kind === 'refused', nameless.reply),
    ]
  },
}
