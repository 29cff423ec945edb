// (c) A person submits with a password over TLS. The node signs with both keys; an independent implementation verifies the signatures.

import { verifySignatures } from '../verify-signatures.ts'
import { person } from '../fleet.ts'
import { fieldValues, headerOf, testMessage, ARRIVAL_TIMEOUT_MS, expectation } from '../environment.ts'
import type { Scenario, Environment } from '../environment.ts'

export const personSubmits: Scenario = {
  letter: 'c',
  title: 'Lee submits a message on port 465 with a password',
  about:
    "Passwords are accepted over TLS only, and lee may use only lee's own addresses. The message leaves with two DKIM signatures.",
  run: async (environment) => {
    const id = environment.newId('c', 'example.org')
    const message = testMessage({ from: 'Lee <lee@example.org>', to: 'friend@home.example.net', subject: 'Lunch?', id })
    const sent = await environment.send('lee', {
      ...login(environment),
      from: 'lee@example.org',
      to: ['friend@home.example.net'],
      message,
    })
    const mail = await environment.acceptingHost.waitFor(
      (one) => fieldValues(one.message, 'Message-ID').includes(id),
      ARRIVAL_TIMEOUT_MS,
    )
    const signatures = await verifySignatures(mail.message, environment.dns)
    const other = testMessage({
      from: 'Gina <gina@example.org>',
      to: 'friend@home.example.net',
      subject: 'Not mine',
      id: environment.newId('c2', 'example.org'),
    })
    const asGina = await environment.send('lee', {
      ...login(environment),
      from: 'gina@example.org',
      to: ['friend@home.example.net'],
      message: other,
    })
    return [
      expectation('the submission node accepted the message', sent.kind === 'accepted', sent.reply),
      expectation(
        'both signatures verify at the receiver (mailauth)',
        signatures.length === 2 && signatures.every((one) => one.endsWith('=pass')),
        signatures.join(', '),
      ),
      expectation(
        "the header does not contain lee's IP address",
        !headerOf(mail.message).includes('127.0.0.1'),
        fieldValues(mail.message, 'Received').at(-1) ?? '',
      ),
      expectation(
        'lee may not send as gina',
        asGina.kind === 'refused' && asGina.reply.startsWith('553 5.7.1'),
        asGina.reply,
      ),
    ]
  },
}

function login(environment: Environment) {
  return {
    node: 'submission',
    port: environment.fleet.ports.submissions,
    security: 'implicit',
    tls: { ca: environment.fleet.authority.certificate, servername: 'submission-01.example.org' },
    login: { user: person.name, password: person.password },
  } as const
}
