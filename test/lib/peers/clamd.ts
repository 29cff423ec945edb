// A temporary clamd of ClamAV with its own signature database, which knows only the EICAR test file. It loads in an instant, where the real
// database takes gigabytes.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

/** The test file that every virus scanner knows; never whole in a file, or scanners refuse the file. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('')

/** The name of the signature. clamd adds `.UNOFFICIAL` to names of databases that ClamAV did not sign. */
const SIGNATURE = 'Waypost.Test.Eicar'
export const EICAR_NAME = `${SIGNATURE}.UNOFFICIAL`

/** Octets of the longest stream that this clamd takes. */
export const STREAM_LIMIT = 2 * 1024 * 1024

export interface ClamdPeer {
  /** As in `clamav.servers`. */
  readonly tcp: string
  readonly socket: string
  log(): string
  start(): Promise<void>
  /** Ends it at once; its folder stays. */
  stop(): Promise<void>
  /** Stops it without closing its sockets, as a machine without memory does. */
  suspend(): void
  resume(): void
  close(): Promise<void>
}

function configuration(folder: string, port: number): string {
  return `
Foreground yes
DatabaseDirectory ${join(folder, 'db')}
TemporaryDirectory ${join(folder, 'tmp')}
LogFile ${join(folder, 'log')}
LocalSocket ${join(folder, 'clamd.ctl')}
FixStaleSocket yes
TCPAddr 127.0.0.1
TCPSocket ${port}
StreamMaxLength ${STREAM_LIMIT}
MaxThreads 4
SelfCheck 0
`
}

/** Starts one and waits until it answers. */
export async function startClamd(): Promise<ClamdPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-clamd-'))
  const port = await freePort()
  // clamd gives up root for the user of its package if that is configured; without, it reads the folder as root.
  for (const name of ['db', 'tmp']) mkdirSync(join(folder, name))
  chmodSync(folder, 0o755)
  // Name, target type 0 (any file), any offset, the octets in hexadecimal (ClamAV documentation, "Body-based signatures").
  writeFileSync(join(folder, 'db', 'test.ndb'), `${SIGNATURE}:0:*:${Buffer.from(eicar).toString('hex')}\n`)
  writeFileSync(join(folder, 'clamd.conf'), configuration(folder, port))
  let child: ChildProcess | null = null
  const stop = async () => {
    const running = child
    child = null
    if (!running || running.exitCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }
  const start = async () => {
    child = spawn('/usr/sbin/clamd', ['--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' })
    await until(() => answers(port), { what: 'clamd to answer', timeout: 30_000 })
  }
  await start()
  return {
    tcp: `127.0.0.1:${port}`,
    socket: `unix:${join(folder, 'clamd.ctl')}`,
    log: () => readFileSync(join(folder, 'log'), 'utf8'),
    start,
    stop,
    suspend: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    close: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('zPING\0')
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString() === 'PONG\0'
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
