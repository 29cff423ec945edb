// Strangers send files that unpack to far more than they have, and messages without a report, to the address of DMARC reports. What cannot be
// read is held for the operator, up to a number; a report of an honest reporter is read, and other mail arrives.

import { gzipSync } from 'node:zlib'
import { budgetTable } from '../../src/budget/budget-table.ts'
import { dmarcXml } from '../lib/report-samples.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { zipOf } from '../lib/zip.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const SITES = 8
const MESSAGES = 8
const HONEST_SITE = 240
const BOMB = Buffer.alloc(64 * 2 ** 20)
const ADDRESS = 'dmarc@example.org'
/** Mail that nothing proves has one share. */
const SHARE = budgetTable.unreadableReports.capacity
/** Only ends a test that hangs, ms. */
const PATIENCE_MS = 60_000

export const reportBombs: Attack = {
  name: 'report-bombs',
  budgets: ['unreadableReports', 'allUnreadableReports', 'reportRecords', 'reportRecordsOfSender'],
  what: 'strangers from eight networks send 64 messages with gzip and zip bombs, or without a report, to the address of reports',
  prepare: (world) => forwardingMx(world, { yaml: { reports: { dmarc: [ADDRESS] } } }),
  run: async (stage) => {
    const files = [
      gzipSync(BOMB),
      zipOf('a.xml', BOMB),
      Buffer.from('<feedback>'.repeat(20_000)),
      Buffer.from('no report'),
    ]
    const bomb = (turn: number) => files[turn % files.length] as Buffer
    const sites = Array.from({ length: SITES * stage.scale }, (_, site) =>
      send(
        stage,
        site,
        Array.from({ length: MESSAGES }, (_unused, turn) => bomb(site + turn)),
      ),
    )
    await Promise.all(sites)
    await send(stage, HONEST_SITE, [gzipSync(dmarcXml({ domain: 'example.org' }))])
    const { config } = stage.target.node
    const isRead = async () => {
      const { stdout } = await runWaypost(['report', 'dmarc', '--unproven', '--json', '-c', config])
      return stdout.includes('192.0.2.')
    }
    await until(isRead, { what: 'the honest report', timeout: PATIENCE_MS })
    const { stdout } = await runWaypost(['queue', 'list', '--state', 'held', '--json', '-c', config])
    const held = stdout.match(/"state": ?"held"/g)?.length ?? 0
    // Of what was held a part has decayed already.
    if (held === 0 || held > SHARE + 5) throw new Error(`${held} messages without a report are held`)
  },
}

async function send({ connect, stranger }: AttackStage, site: number, files: readonly Buffer[]): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (const file of files) {
    await client.expect('MAIL FROM:<reports@stranger.example>', '250')
    await client.expect(`RCPT TO:<${ADDRESS}>`, '250')
    await client.expect('DATA', '354')
    const lines = file.toString('base64').match(/.{1,76}/g) ?? []
    const head = ['From: reports@stranger.example', 'Subject: Report Domain: example.org', 'MIME-Version: 1.0']
    const type = ['Content-Type: application/octet-stream; name=a', 'Content-Transfer-Encoding: base64', '']
    client.write(`${[...head, ...type, ...lines, '.'].join('\r\n')}\r\n`)
    // Accepted or deferred: what counts is that the node lives and reads what is true.
    await client.reply()
  }
  client.send('QUIT')
}
