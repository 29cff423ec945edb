// Starts what the demonstration needs: a temporary folder, certificates and keys, DNS, two mail hosts, and four nodes as processes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queueDirectory } from '../wiring/node-paths.ts'
import { sendTestMail } from '../cli/mail/mail-client.ts'
import { systemClock } from '../lib/clock.ts'
import { finalKinds } from '../observe/events.ts'
import { commandClock } from '../lib/clock.ts'
import { openQueueReader } from '../queue/sqlite/direct-access.ts'
import { commonFreePort, hostAddresses, nodeAddresses } from './demo-addresses.ts'
import type { NodeName } from './demo-addresses.ts'
import { startAuthority } from './authority.ts'
import { prepareFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import { startInternetHost } from './internet-host.ts'
import type { Environment } from './environment.ts'
import { until } from './until.ts'
import type { TraceEntry } from './message-trace.ts'
import { demoZone } from './zone.ts'

export interface RunningEnvironment {
  readonly environment: Environment
  /** Starts a new list of Message-IDs; the scenario's `newId` adds to it. */
  startScenario(): readonly string[]
  /** The trace of a message when every recipient has a final event, or what the ledgers have after SETTLE_MS. */
  settledTrace(messageId: string): Promise<readonly TraceEntry[]>
  close(): Promise<void>
}

/** Longest wait for the final ledger events of a message that has arrived, ms. */
const SETTLE_MS = 3000

/** Changes the files of the fleet, or the DNS, before the nodes start. */
export type Preparation = (environment: Pick<Environment, 'fleet' | 'dns'>) => Promise<void> | void

/** Starts everything. Rejects, and stops what has started, if a node fails to start. `print` gets the SMTP dialogues. */
export async function startEnvironment(
  print: (text: string) => void,
  prepare: Preparation = () => undefined,
): Promise<RunningEnvironment> {
  const folder = temporaryFolder()
  const dns = await startAuthority({})
  const smtp = await commonFreePort([...Object.values(nodeAddresses), ...Object.values(hostAddresses)])
  const submissions = await commonFreePort([nodeAddresses.submission])
  const submission = await commonFreePort([nodeAddresses.submission, nodeAddresses.mta])
  const fleet = await prepareFleet({ folder: folder.path, ports: { smtp, submissions, submission }, dns })
  for (const [name, entry] of Object.entries(demoZone(fleet))) dns.zone.set(name, entry)
  const certificate = fleet.authority.issue({ names: ['mx.friendly.example'] })
  const acceptingHost = await startInternetHost({
    name: 'mx.friendly.example',
    host: hostAddresses.accepting,
    port: smtp,
    tls: certificate,
  })
  const failingHost = createFailingHost(smtp)
  const close = async () => {
    await Promise.all([fleet.stop(), failingHost.stop(), acceptingHost.close(), dns.close()])
    folder.remove()
  }
  try {
    await prepare({ fleet, dns })
    await fleet.start()
  } catch (error) {
    await close()
    throw error
  }
  let ids: string[] = []
  const environment: Environment = {
    fleet,
    dns,
    acceptingHost,
    failingHost,
    print,
    newId: (scenario, domain) => {
      const id = `<${scenario}.${systemClock.now().toString(36)}@${domain}>`
      ids.push(id)
      return id
    },
    send: (client, { node, ...mail }) =>
      sendTestMail({ ...mail, host: nodeAddresses[node], onLine: dialoguePrinter(print, client, node) }),
    trace: (messageId) => traceMessage(fleet, messageId),
  }
  return {
    environment,
    startScenario: () => (ids = []),
    settledTrace: async (messageId) => {
      await until(async () => isComplete(await traceMessage(fleet, messageId)), SETTLE_MS).catch(() => undefined)
      return traceMessage(fleet, messageId)
    },
    close,
  }
}

/** A folder that is removed at the exit of this process at the latest. Removal retries, since killed nodes may still write to it. */
function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'waypost-demo-'))
  const removeFolder = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  process.once('exit', removeFolder)
  const remove = () => {
    process.removeListener('exit', removeFolder)
    removeFolder()
  }
  return { path, remove }
}

/** Prints each line of a dialogue behind the name of its side. */
function dialoguePrinter(print: (text: string) => void, client: string, node: NodeName): (line: string) => void {
  const width = Math.max(client.length, node.length) + 2
  return (line) => {
    if (isGreeting(line)) return
    print(`      ${(line.startsWith('C') ? client : node).padEnd(width)}${withoutPassword(line.slice(3))}`)
  }
}

/** Greeting, EHLO and QUIT are the same in every session, so they are not printed. */
function isGreeting(line: string): boolean {
  return /^S: (220 |250-)/.test(line) || /^C: (EHLO|QUIT)/.test(line) || /^S: (250 [A-Z]+( |$)|221 )/.test(line)
}

/** nodemailer logs a placeholder for the password; its base64 form has no value for a reader. */
function withoutPassword(text: string): string {
  return text.replace(/^(AUTH \w+) .*/, '$1 (name and password)')
}

function createFailingHost(port: number): Environment['failingHost'] {
  const failingHost: Environment['failingHost'] = {
    current: null,
    start: async () =>
      (failingHost.current ??= await startInternetHost({
        name: 'mx.post.example.edu',
        host: hostAddresses.failing,
        port,
      })),
    stop: async () => {
      await failingHost.current?.close()
      failingHost.current = null
    },
  }
  return failingHost
}

/** Reads the ledgers of the running nodes, as `waypost trace` does. */
async function traceMessage(fleet: Fleet, messageId: string): Promise<TraceEntry[]> {
  const traces = (Object.keys(nodeAddresses) as NodeName[]).map(async (node) => {
    const reader = openQueueReader(queueDirectory({ data: fleet.dataOf(node) }), commandClock)
    try {
      return (await reader.trace(messageId)).events.map((event) => ({ node, event }))
    } finally {
      reader.close()
    }
  })
  return (await Promise.all(traces)).flat().toSorted((a, b) => a.event.at - b.event.at)
}

/** Every recipient has a final event. */
function isComplete(trace: readonly TraceEntry[]): boolean {
  const resolved = trace.filter(({ event }) => event.kind === 'resolved').length
  const ended = trace.filter(({ event }) => finalKinds.includes(event.kind)).length
  return resolved > 0 && ended >= resolved
}
