// A program of the host leaves messages in the drop directory without pause, as a script in a loop. The second client is another program,
// which sends over SMTP.

import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatDrop } from '../../src/sendmail/drop-file.ts'
import { writeDrop } from '../../src/sendmail/write-drop.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { startSmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import type { Attack } from './attack.ts'

const FILES = 150
/** Files that are written before the event loop turns. */
const AT_ONCE = 50
/** What a run of the drop directory may take; it only ends a test that hangs, ms. */
const PATIENCE_MS = 90_000

let directory = ''

export const droppedMessages: Attack = {
  name: 'dropped-messages',
  budgets: ['droppedMessages'],
  what: 'a script leaves 150 messages in the drop directory of its host',
  prepare: async (world) => {
    const address = world.newAddress()
    const issued = world.ca.issue({ names: ['mta.example.org'], ips: [address] })
    const tls = { cert: issued.certificate, key: issued.key }
    const mta = await startSmtpPeer({ host: address, tls, extensions: ['PIPELINING', '8BITMIME', 'DSN', 'SIZE'] })
    directory = join(world.folder, 'spool', 'drop')
    chmodSync(world.folder, 0o755)
    mkdirSync(join(world.folder, 'spool'))
    const none = { mail: [], dkim: undefined, srs: undefined }
    const peers = { mta: [`${address}:${mta.port}`] }
    const node = await world.node({ role: 'client', yaml: { ...none, peers, drop: { directory } } })
    return {
      node,
      good: { from: 'cron@example.org', to: 'root@example.org', localAddress: node.address },
      arrived: () => mta.messages.filter(({ data }) => data.includes('<good-')).length,
      close: () => void mta.close(),
    }
  },
  run: async ({ scale }) => {
    const envelope = {
      sender: 'loop@example.org',
      recipients: ['root@example.org'],
      notify: [],
      ret: null,
      envid: null,
    }
    const message = Buffer.from('From: loop@example.org\r\nTo: root@example.org\r\nSubject: again\r\n\r\nx\r\n')
    const content = formatDrop({ envelope, message })
    for (let count = 1; count <= FILES * scale; count++) {
      const written = writeDrop(directory, content, systemRandom)
      if (written.kind !== 'written') throw new Error(`a message cannot be left: ${JSON.stringify(written)}`)
      if (count % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    // One user has 10,000 at once; of more, the rest stays.
    const rest = Math.max(0, FILES * scale - 10_000)
    const isTaken = async () => readdirSync(directory).length <= rest
    await until(isTaken, { what: 'the node to take the files', timeout: PATIENCE_MS * scale })
  },
}
