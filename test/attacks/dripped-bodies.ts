// Strangers send bodies octet by octet, so that a node keeps an object for each octet if it keeps what it receives as it is.

import { once } from 'node:events'
import type { SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SESSIONS = 6
const BODY_OCTETS = 20_000
/** Octets between turns of the event loop, so that the client sends packets and not one large write. */
const OCTETS_A_TURN = 20

export const drippedBodies: Attack = {
  name: 'dripped-bodies',
  budgets: ['sessions'],
  what: 'strangers from six networks send bodies in packets of one octet and do not end them',
  prepare: forwardingMx,
  run: async (stage) => {
    await Promise.all(Array.from({ length: SESSIONS }, (_, site) => drip(stage, site)))
  },
}

async function drip({ connect, stranger, scale }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  const commands = ['MAIL FROM:<eve@stranger.example>', 'RCPT TO:<kim@example.org>', 'DATA']
  await client.pipeline(commands, ['250', '250', '354'])
  client.write('From: eve@stranger.example\r\n\r\n')
  for (let sent = 0; sent < BODY_OCTETS * scale; sent += OCTETS_A_TURN) await turn(client)
}

async function turn({ socket }: SmtpDialogue): Promise<void> {
  for (let octet = 0; octet < OCTETS_A_TURN; octet++)
    if (!socket.write('x') && !socket.destroyed) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
  await new Promise((resolve) => setImmediate(resolve))
}
