// (c) A person submits with a password over TLS. The mail is signed with both keys; an implementation that is not ours verifies it.

import { verifySignatures } from '../verify-signatures.ts'
import { person } from '../fleet.ts'
import { fieldValues, headerOf, letter, PATIENCE_MS, proof } from '../stage.ts'
import type { Scene, Stage } from '../stage.ts'

export const personSubmits: Scene = {
  letter: 'c',
  title: 'Lee submits a mail on port 465 with a password',
  about:
    'Passwords are taken over TLS only, and lee may only send as what is his. The mail leaves with two DKIM signatures.',
  run: async (stage) => {
    const id = stage.newId('c', 'example.org')
    const message = letter({ from: 'Lee <lee@example.org>', to: 'friend@home.example.net', subject: 'Lunch?', id })
    const sent = await stage.send('lee', {
      ...login(stage),
      from: 'lee@example.org',
      to: ['friend@home.example.net'],
      message,
    })
    const mail = await stage.friendly.waitFor((one) => fieldValues(one.message, 'Message-ID').includes(id), PATIENCE_MS)
    const signatures = await verifySignatures(mail.message, stage.dns)
    const other = letter({
      from: 'Gina <gina@example.org>',
      to: 'friend@home.example.net',
      subject: 'Not mine',
      id: stage.newId('c2', 'example.org'),
    })
    const asGina = await stage.send('lee', {
      ...login(stage),
      from: 'gina@example.org',
      to: ['friend@home.example.net'],
      message: other,
    })
    return [
      proof('the submission node took it', sent.kind === 'accepted', sent.reply),
      proof(
        'both signatures verify at the other end (mailauth)',
        signatures.length === 2 && signatures.every((one) => one.endsWith('=pass')),
        signatures.join(', '),
      ),
      proof(
        "the header does not tell lee's address",
        !headerOf(mail.message).includes('127.0.0.1'),
        fieldValues(mail.message, 'Received').at(-1) ?? '',
      ),
      proof(
        'lee may not send as gina',
        asGina.kind === 'refused' && asGina.reply.startsWith('553 5.7.1'),
        asGina.reply,
      ),
    ]
  },
}

function login(stage: Stage) {
  return {
    node: 'submission',
    port: stage.fleet.ports.submissions,
    security: 'implicit',
    tls: { ca: stage.fleet.authority.certificate, servername: 'submission-01.example.org' },
    login: { user: person.name, password: person.password },
  } as const
}
