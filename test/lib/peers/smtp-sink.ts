// Postfix's smtp-sink(1): a next hop that takes any mail, throws it away and counts. It can refuse or hang up at a chosen command.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../free-port.ts'
import { isListening } from '../listening.ts'
import { until } from '../until.ts'

/** Connections that may wait; more than any test opens at once. */
const BACKLOG = 1024
/** smtp-sink's default of 256 sessions would make it the bottleneck. */
const MAX_SESSIONS = 1024

export interface SmtpSink {
  readonly port: number
  readonly pid: number
  /** Messages taken so far. */
  messages(): number
  /** Sessions that were ended so far. */
  sessions(): number
  /** Resolves when `count` messages are there. */
  has(count: number, timeout: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts a sink; `options` are further arguments, such as `['-r', 'RCPT']` to refuse every recipient for now.
 * @param at its port; by default a free one
 */
export async function startSmtpSink(options: readonly string[] = [], at?: number): Promise<SmtpSink> {
  const port = at ?? (await freePort())
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const args = [...user, '-c', '-m', String(MAX_SESSIONS), ...options, `127.0.0.1:${port}`, String(BACKLOG)]
  return watchSink(spawn('/usr/sbin/smtp-sink', args, { stdio: ['ignore', 'pipe', 'inherit'] }), port)
}

/** A started sink, smtp-sink or another one that prints its counters in the same way; resolves when it listens. */
export async function watchSink(child: ChildProcess, port: number): Promise<SmtpSink> {
  const counters = readCounters(child)
  await until(() => isListening(port), { what: 'the sink to listen' })
  return {
    port,
    pid: child.pid as number,
    messages: () => counters.messages,
    sessions: () => counters.sessions,
    has: (count, timeout) =>
      until(() => counters.messages >= count, { what: `${count} messages in the sink`, timeout }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** smtp-sink writes `sess=1 quit=0 mesg=1` with a carriage return whenever a number changes: the last one counts. */
function readCounters(child: ChildProcess): { messages: number; sessions: number } {
  const counters = { messages: 0, sessions: 0 }
  let rest = ''
  child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\r')
    rest = parts.pop() as string
    const last = /sess=(\d+) quit=\d+ mesg=(\d+)/.exec(parts.at(-1) ?? '')
    if (last === null) return
    counters.sessions = Number(last[1])
    counters.messages = Number(last[2])
  })
  return counters
}
