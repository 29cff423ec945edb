// Strangers send messages that take clamd seconds to scan. The clamd of this attack has ten threads, as by default, and a MaxScanTime below
// `clamav.timeout`, as the documentation advises.

import type { Socket } from 'node:net'
import { startFakeClamd } from '../lib/fake-clamd.ts'
import type { Attack, AttackStage } from './attack.ts'
import { forwardingMx } from './forwarding-mx.ts'

const THREADS = 10
const SITES = 2
const SESSIONS = 20
const MESSAGES = 2
/** MaxScanTime, ms: what a slow message takes. clamd does not stop a scan when the node gives up. */
const SCAN_MS = 3000
const SLOW = 'takes-long-to-scan'

export const virusScans: Attack = {
  name: 'virus-scans',
  budgets: ['virusScans', 'runningVirusScans'],
  what: 'strangers from two networks send messages in forty sessions that take clamd three seconds each',
  prepare: async (world) => {
    const clamd = await startFakeClamd(slowClamd())
    const target = await forwardingMx(world, { yaml: { clamav: { servers: [clamd.name], timeout: '4s' } } })
    return { ...target, close: () => void clamd.close() }
  },
  run: async (stage) => {
    const sessions = Array.from({ length: SITES * SESSIONS }, (_, number) => send(stage, number % SITES))
    await Promise.all(sessions)
  },
}

/** Receives every message, and scans ten at a time in the order of arrival. */
function slowClamd(): (socket: Socket) => void {
  const waiting: (() => void)[] = []
  let free = THREADS
  const next = () => {
    while (free > 0 && waiting.length > 0) {
      free--
      waiting.shift()?.()
    }
  }
  const end = () => {
    free++
    next()
  }
  return (socket) => {
    let message = ''
    socket.on('data', (chunk: Buffer) => {
      message += chunk.toString('latin1')
      if (!message.endsWith('\0\0\0\0')) return
      waiting.push(() => {
        const answer = () => {
          socket.end('stream: OK\0')
          end()
        }
        if (message.includes(SLOW)) setTimeout(answer, SCAN_MS)
        else answer()
      })
      next()
    })
  }
}

async function send({ connect, stranger, scale }: AttackStage, site: number): Promise<void> {
  const client = await connect(stranger(site))
  await client.expect(null, '220')
  await client.expect('EHLO stranger.example', '250')
  for (let turn = 0; turn < MESSAGES * scale; turn++) {
    await client.expect('MAIL FROM:<x@evil.example>', '250')
    await client.expect('RCPT TO:<kim@example.org>', '250')
    await client.expect('DATA', '354')
    client.write(`From: x@evil.example\r\nSubject: ${SLOW}\r\n\r\nHello\r\n.\r\n`)
    // Accepted or deferred: what counts is the second client.
    await client.reply()
  }
  client.send('QUIT')
}
