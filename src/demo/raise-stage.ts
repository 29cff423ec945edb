// Builds the stage: a temporary folder, certificates and keys, DNS, the hosts of others, and the four nodes as processes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queueDirectory } from '../node/node-queue.ts'
import { sendTestMail } from '../cli/mail-client.ts'
import { finalKinds } from '../observe/events.ts'
import { QueueReader } from '../queue/sqlite/sqlite-queue-reader.ts'
import { commonFreePort, hostAddresses, nodeAddresses } from './demo-addresses.ts'
import type { NodeName } from './demo-addresses.ts'
import { startAuthority } from './authority.ts'
import { prepareFleet } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import { startInternetHost } from './internet-host.ts'
import type { Stage } from './stage.ts'
import { until } from './until.ts'
import type { WayPoint } from './message-trace.ts'
import { demoZone } from './zone.ts'

export interface RaisedStage {
  readonly stage: Stage
  /** Begins a scene; the list fills with the Message-IDs it uses. */
  startScene(): readonly string[]
  /** The way of a mail once every recipient's fate is written down, or as far as it is known after a while. */
  settled(messageId: string): Promise<readonly WayPoint[]>
  close(): Promise<void>
}

/** How long the last ledger entry of a mail that has arrived may take, ms. */
const SETTLE_MS = 3000

export async function raiseStage(say: (text: string) => void): Promise<RaisedStage> {
  const folder = temporaryFolder()
  const dns = await startAuthority({})
  const smtp = await commonFreePort([...Object.values(nodeAddresses), ...Object.values(hostAddresses)])
  const submissions = await commonFreePort([nodeAddresses.submission])
  const submission = await commonFreePort([nodeAddresses.submission, nodeAddresses.mta])
  const fleet = await prepareFleet({ folder: folder.path, ports: { smtp, submissions, submission }, dns })
  for (const [name, entry] of Object.entries(demoZone(fleet))) dns.zone.set(name, entry)
  const certificate = fleet.authority.issue({ names: ['mx.friendly.example'] })
  const friendly = await startInternetHost({
    name: 'mx.friendly.example',
    host: hostAddresses.friendly,
    port: smtp,
    tls: certificate,
  })
  const moody = moodyHost(smtp)
  const close = async () => {
    await Promise.all([fleet.stop(), moody.stop(), friendly.close(), dns.close()])
    folder.remove()
  }
  try {
    await fleet.start()
  } catch (error) {
    await close()
    throw error
  }
  let ids: string[] = []
  const stage: Stage = {
    fleet,
    dns,
    friendly,
    moody,
    say,
    newId: (scene, domain) => {
      const id = `<${scene}.${Date.now().toString(36)}@${domain}>`
      ids.push(id)
      return id
    },
    send: (who, { node, ...mail }) => {
      const width = Math.max(who.length, node.length) + 2
      const onLine = (line: string) => {
        if (!isGreeting(line))
          say(`      ${(line.startsWith('C') ? who : node).padEnd(width)}${withoutPassword(line.slice(3))}`)
      }
      return sendTestMail({ ...mail, host: nodeAddresses[node], onLine })
    },
    way: (messageId) => wayOf(fleet, messageId),
  }
  return {
    stage,
    startScene: () => (ids = []),
    settled: async (messageId) => {
      await until(() => isSettled(wayOf(fleet, messageId)), SETTLE_MS).catch(() => undefined)
      return wayOf(fleet, messageId)
    },
    close,
  }
}

/** A folder that goes with this process at the latest; nodes that ended with it may still have been writing. */
function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'waypost-demo-'))
  const drop = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  process.once('exit', drop)
  const remove = () => {
    process.removeListener('exit', drop)
    drop()
  }
  return { path, remove }
}

/** The list of extensions says the same every time. */
function isGreeting(line: string): boolean {
  return /^S: (220 |250-)/.test(line) || /^C: (EHLO|QUIT)/.test(line) || /^S: (250 [A-Z]+( |$)|221 )/.test(line)
}

/** nodemailer puts a placeholder in place of the password; its base64 tells a reader nothing. */
function withoutPassword(text: string): string {
  return text.replace(/^(AUTH \w+) .*/, '$1 (name and password)')
}

function moodyHost(port: number): Stage['moody'] {
  const moody: Stage['moody'] = {
    current: null,
    start: async () =>
      (moody.current ??= await startInternetHost({ name: 'mx.post.example.edu', host: hostAddresses.moody, port })),
    stop: async () => {
      await moody.current?.close()
      moody.current = null
    },
  }
  return moody
}

/** Reads the ledgers as `waypost trace` does: beside the running nodes. */
function wayOf(fleet: Fleet, messageId: string): WayPoint[] {
  return (Object.keys(nodeAddresses) as NodeName[])
    .flatMap((node) => {
      const reader = new QueueReader(queueDirectory({ data: fleet.dataOf(node) }))
      try {
        return reader.trace(messageId).map((event) => ({ node, event }))
      } finally {
        reader.close()
      }
    })
    .toSorted((a, b) => a.event.at - b.event.at)
}

/** Every mail that a node received has as many ends as it had recipients. */
function isSettled(way: readonly WayPoint[]): boolean {
  const resolved = way.filter(({ event }) => event.kind === 'resolved').length
  const ended = way.filter(({ event }) => finalKinds.includes(event.kind)).length
  return resolved > 0 && ended >= resolved
}
