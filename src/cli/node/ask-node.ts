// A question of a command to the running node, through the control socket in the data directory.

import { createConnection } from 'node:net'
import { commandClock } from '../../lib/clock.ts'
import { formatDuration } from '../../lib/duration.ts'
import { socketPath, type SocketPath } from '../../lib/socket-path.ts'
import { controlSocketPath } from '../../wiring/node-paths.ts'

export type NodeAnswer =
  | { readonly kind: 'answer'; readonly value: unknown }
  | {
      readonly kind: 'failed'
      readonly problem: string
      /** `absent`: no node runs. `silent`: one accepts connections and does not answer. `unknown`: it could not be asked. */
      readonly is: 'absent' | 'silent' | 'unknown'
    }

/** An answer is a list of problems; a longer one is a fault. */
const MAX_ANSWER = 16 * 1024 * 1024

/** The answer as JSON, or a sentence that says why there is none. */
export function askNode(data: string, request: string, waitMs: number): Promise<NodeAnswer> {
  let address: SocketPath
  try {
    address = socketPath(controlSocketPath({ data }))
  } catch (error) {
    return Promise.resolve(unreachable(data, error as NodeJS.ErrnoException))
  }
  return new Promise((resolve) => {
    const socket = createConnection(address.path)
    let text = ''
    const end = (answer: NodeAnswer) => {
      limit.cancel()
      address.release()
      socket
        .removeAllListeners()
        .on('error', () => undefined)
        .destroy()
      resolve(answer)
    }
    const fail = (problem: string) => end({ kind: 'failed', problem, is: 'silent' })
    const limit = commandClock.after(waitMs, () =>
      fail(
        `the node with the data directory ${data} did not answer within ${formatDuration(waitMs)}; the request may still take effect, see the log of the node`,
      ),
    )
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(`${request}\n`))
    socket.on('error', (error) => end(unreachable(data, error)))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > MAX_ANSWER) fail('the answer of the node is too long')
    })
    socket.on('end', () => {
      const value = text.endsWith('\n') ? parse(text) : undefined
      if (value === undefined) fail('the node closed the connection without an answer; see its log')
      else end({ kind: 'answer', value })
    })
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreachable(data: string, { code, message }: NodeJS.ErrnoException): NodeAnswer {
  const failed = (problem: string, is: 'absent' | 'unknown') => ({ kind: 'failed', problem, is }) as const
  // The socket is missing, or a process that no longer runs has left it.
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return failed(`no node is running with the data directory ${data}, or it has not finished its start`, 'absent')
  if (code === 'EACCES' || code === 'EPERM')
    return failed(
      `cannot reach the node: permission denied in ${data}; run the command as the owner of that directory or as root`,
      'unknown',
    )
  return failed(`cannot reach the node: ${message}`, 'unknown')
}
