// A throw-away postsrsd on loopback: two TCP look-up tables (Postfix tcp_table(5)), one for each direction.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { isListening } from '../listening.ts'
import { until } from '../until.ts'

export interface Postsrsd {
  /** The rewritten sender, or null where it is left alone. */
  forward(address: string): Promise<string | null>
  /** The original sender, or null if it is refused. */
  reverse(address: string): Promise<string | null>
  stop(): Promise<void>
}

export async function startPostsrsd(settings: {
  readonly secrets: readonly string[]
  readonly domain: string
  readonly separator: string
}): Promise<Postsrsd> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-postsrsd-'))
  const file = join(folder, 'secrets')
  writeFileSync(file, `${settings.secrets.join('\n')}\n`)
  const [forward, reverse] = [await freePort(), await freePort()]
  const args = ['-4', `-s${file}`, `-d${settings.domain}`, `-a${settings.separator}`, `-f${forward}`, `-r${reverse}`]
  const child = spawn('/usr/sbin/postsrsd', args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(async () => (await isListening(forward)) && (await isListening(reverse)), { what: 'postsrsd to listen' })
  return {
    forward: (address) => look(forward, address),
    reverse: (address) => look(reverse, address),
    stop: async () => {
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** One question of tcp_table(5): `get KEY`, answered `200 VALUE` or `500 reason`, both sides percent-encoded. */
function look(port: number, address: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(`get ${encodeURIComponent(address)}\n`))
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
      if (!answer.includes('\n')) return
      socket.end()
      resolve(answer.startsWith('200 ') ? decodeURIComponent(answer.slice(4).trim()) : null)
    })
    socket.on('error', reject)
  })
}
