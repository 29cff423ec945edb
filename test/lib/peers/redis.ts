// A temporary redis-server on loopback that keeps nothing on disk.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { tmpdir } from 'node:os'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface RedisPeer {
  readonly port: number
  /** The raw answer to one command of the inline protocol. */
  ask(command: string): Promise<string>
  close(): Promise<void>
}

/** Starts one and waits until it answers. */
export async function startRedis(): Promise<RedisPeer> {
  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const child = spawn('/usr/bin/redis-server', options, { stdio: 'ignore' })
  const ask = (command: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${command}\r\nQUIT\r\n`)
    return text(socket)
  }
  const answers = () =>
    ask('PING').then(
      (answer) => answer.startsWith('+PONG'),
      () => false,
    )
  await until(answers, { what: 'redis-server to answer', timeout: 30_000 })
  return {
    port,
    ask,
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}
