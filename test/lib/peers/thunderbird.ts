// A throw-away Thunderbird without a window, steered by its Marionette protocol. All names resolve to one loopback address.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface Thunderbird {
  /** Runs the body of an asynchronous function with the rights of the program; resolves with what it returns, as JSON. */
  run(body: string, args: readonly unknown[]): Promise<unknown>
  stop(): Promise<void>
}

/** Starts Thunderbird with a new profile; `address` is the answer to every question about a name. */
export async function startThunderbird(address: string): Promise<Thunderbird> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-thunderbird-'))
  const port = await freePort()
  const preferences = {
    'marionette.port': port,
    'network.dns.forceResolve': address,
    'network.proxy.type': 0,
    'app.update.enabled': false,
    'mail.provider.suppress_dialog_on_startup': true,
    'datareporting.policy.dataSubmissionEnabled': false,
  }
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`)
  writeFileSync(join(folder, 'user.js'), lines.join(''))
  const args = ['-headless', '--marionette', '-remote-allow-system-access', '--no-remote', '--profile', folder]
  const child = spawn('/usr/bin/thunderbird', args, {
    env: { ...process.env, HOME: folder },
    stdio: 'ignore',
    detached: true,
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    // A program of several processes.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    let session: Session | null = null
    const answers = async () => (session = await openSession(port)) !== null
    await until(answers, { what: 'Thunderbird to answer', timeout: 50_000, every: 100 })
    const { run, close } = session as unknown as Session
    return { run, stop: async () => (close(), stop()) }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Session {
  readonly run: (body: string, args: readonly unknown[]) => Promise<unknown>
  readonly close: () => void
}

/** Null while nothing listens. */
async function openSession(port: number): Promise<Session | null> {
  const socket = connect({ port, host: '127.0.0.1' })
  const isOpen = await new Promise<boolean>((resolve) =>
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
  )
  if (!isOpen) return null
  const packets = readPackets(socket)
  await packets.next()
  let last = 0
  // Marionette: the length of a JSON array, a colon, the array [0 for a command or 1 for a result, number, name or error, value].
  const ask = async (name: string, parameters: object): Promise<unknown> => {
    const packet = JSON.stringify([0, ++last, name, parameters])
    socket.write(`${Buffer.byteLength(packet)}:${packet}`)
    const [, , error, result] = (await packets.next()).value as [number, number, object | null, { value?: unknown }]
    if (error) throw new Error(`${name}: ${JSON.stringify(error)}`)
    return result.value
  }
  await ask('WebDriver:NewSession', { capabilities: {} })
  await ask('Marionette:SetContext', { value: 'chrome' })
  await ask('WebDriver:SetTimeouts', { script: 50_000 })
  const run = (body: string, args: readonly unknown[]) =>
    ask('WebDriver:ExecuteAsyncScript', { script: asynchronous(body), args })
  return { run, close: () => void socket.destroy() }
}

/** The last argument of an asynchronous script is the function that takes its result. */
function asynchronous(body: string): string {
  return `const done = arguments[arguments.length - 1]
const work = async (...args) => { ${body} }
work(...arguments).then((value) => done({ value }), (error) => done({ error: String(error) + error.stack }))`
}

async function* readPackets(socket: Socket): AsyncGenerator<unknown, undefined> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk as Buffer])
    for (;;) {
      const colon = rest.indexOf(':')
      const length = Number(rest.subarray(0, Math.max(colon, 0)).toString())
      if (colon < 0 || rest.length < colon + 1 + length) break
      yield JSON.parse(rest.subarray(colon + 1, colon + 1 + length).toString())
      rest = rest.subarray(colon + 1 + length)
    }
  }
}
