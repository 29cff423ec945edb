// Strangers begin large messages and do not finish them, on a node with a small disk.

import { makeSmallDisk } from '../lib/small-disk.ts'
import { join } from 'node:path'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const DISK_OCTETS = 160 * 1024 * 1024
/** What the node keeps free. */
const RESERVE = '64M'
const STRANGERS = 4
const BODY_OCTETS = 24 * 1024 * 1024
const LINE = `${'x'.repeat(998)}\r\n`

export const unfinishedBodies: Attack = {
  name: 'unfinished-bodies',
  budgets: ['spoolOctets'],
  what: 'four strangers each send 24 MB of a message and never finish it; the disk has 96 MB above the reserve',
  prepare: async (world) => {
    const disk = makeSmallDisk(DISK_OCTETS)
    const target = await forwardingMx(world, {
      yaml: {
        data: join(disk.path, 'data'),
        queue: { minimal_backoff: '1s', maximal_backoff: '1s', min_free: RESERVE },
      },
    })
    return { ...target, close: () => disk.remove() }
  },
  run: async (stage) => {
    await Promise.all(Array.from({ length: STRANGERS }, (_, site) => begin(stage, site)))
  },
}

async function begin({ connect, stranger }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  await client.pipeline(
    ['MAIL FROM:<eve@stranger.example>', 'RCPT TO:<kim@example.org>', 'DATA'],
    ['250', '250', '354'],
  )
  client.write('From: eve@stranger.example\r\n\r\n')
  const block = LINE.repeat(64)
  for (let sent = 0; sent < BODY_OCTETS; sent += block.length) {
    if (!client.socket.write(block)) await new Promise<void>((resolve) => client.socket.once('drain', resolve))
  }
}
