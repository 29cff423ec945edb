// A Unix socket in the data directory through which commands talk to the running node. Its permissions are the access control: only the
// owner of the data directory and root may connect. A request is one line, a name
// and for some an argument after a space; the answer is one line of JSON.

import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { socketPath } from '../lib/socket-path.ts'

export interface ControlPorts {
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'warn' | 'bug'>
  /** The requests that the node knows. What a function returns is sent as JSON. */
  readonly requests: ReadonlyMap<string, (argument: string) => Promise<object>>
}

/** Commands are called by people and timers; more connections than this are a fault. */
const MAX_CONNECTIONS = 16
/** Characters of a request line: a name, and a reason that an operator types. */
const MAX_REQUEST = 2048
/** A command sends its request at once. */
const REQUEST_MS = 5000

/**
 * Listens; call it while the node owns the queue, because it replaces the socket of a crashed process. A node that cannot listen runs
 * without: delivering mail matters more.
 */
export async function startControl(path: string, ports: ControlPorts): Promise<{ close(): Promise<void> }> {
  const { log } = ports
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    // A command that ends early is no error of the node.
    socket.on('error', () => undefined)
    serve(socket, ports)
  })
  server.maxConnections = MAX_CONNECTIONS
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of open) socket.destroy()
      server.close(() => resolve())
    })
  try {
    rmSync(path, { force: true })
    const address = socketPath(path)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.path, resolve)
    }).finally(() => address.release())
    server.removeAllListeners('error').on('error', (error) => log.bug(error, 'control socket'))
    chmodSync(path, 0o600)
  } catch (error) {
    const cause = (error as Error).message
    log.warn({ file: path, cause }, 'cannot open the control socket: waypost reload does not work, send SIGHUP instead')
  }
  return { close }
}

function serve(socket: Socket, { clock, log, requests }: ControlPorts): void {
  const late = clock.after(REQUEST_MS, () => socket.destroy())
  socket.on('close', () => late.cancel())
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\n')
    if (end === -1 && text.length <= MAX_REQUEST) return
    late.cancel()
    socket.pause()
    const [name = '', ...words] = text.slice(0, Math.max(0, end)).split(' ')
    const request = requests.get(name)
    if (!request) return void socket.end(`${JSON.stringify({ kind: 'unknown-request' })}\n`)
    request(words.join(' ')).then(
      (answer) => socket.end(`${JSON.stringify(answer)}\n`),
      (error: unknown) => {
        log.bug(error, 'control request')
        socket.destroy()
      },
    )
  })
}
