// Kills a whole node at random while it receives messages, delivers them to two destinations, of which one sometimes defers, and returns
// bounces. Every accepted message is delivered at least once, every failure causes one bounce, and nothing stays in the queue.

import type { Event } from '../../../src/observe/events.ts'
import { brokenPromises } from '../ledger-ends.ts'
import { copiesAt, type MailStream, startMailStream } from '../mail-stream.ts'
import type { SmtpPeer } from '../smtp-peer.ts'
import { until } from '../until.ts'
import { startWorld, type WholeNode, type World } from '../whole-node.ts'
import { countBy, type KillReport } from './kill-report.ts'

/** The node's limit of connections to one destination: what can be under way at a kill. */
const CONCURRENCY = 20
const CONNECTIONS = 4
/** Milliseconds between changes of the second destination's behaviour. */
const MOOD_MS = 700
const finals = ['kim@far.example', 'lee@near.example']
const unknown = 'permfail-rcpt@far.example'
/** The mx vouches for the sender, so that bounces may be sent. */
const prefix = [
  'Received: from client.sender.example by mx.example.org with ESMTP; Sat, 21 Nov 2026 04:00:00 +0000',
  'Authentication-Results: example.org; spf=pass smtp.mailfrom=sender.example; dmarc=pass header.from=sender.example',
  '',
].join('\r\n')

interface Scene {
  readonly world: World
  readonly node: WholeNode
  readonly hosts: readonly SmtpPeer[]
  readonly sender: SmtpPeer
  readonly stream: MailStream
}

/** Kills for `ms`, then judges. */
export async function killNode(ms: number): Promise<KillReport> {
  const scene = await setScene()
  const { node, hosts, stream } = scene
  const moods = setInterval(() => {
    hosts[1]?.change(Math.random() < 0.5 ? { moods: { rcpt: 'tempfail' } } : {})
  }, MOOD_MS)
  let kills = 0
  for (const end = Date.now() + ms; Date.now() < end; kills++) {
    const wanted = stream.accepted.size + Math.ceil(Math.random() * 30)
    await until(() => stream.accepted.size >= wanted, { what: 'mail to be accepted', timeout: 60_000, every: 1 })
    await node.stop('SIGKILL')
    await node.start()
  }
  clearInterval(moods)
  hosts[1]?.change({})
  await stream.stop()
  await node.emptied(120_000)
  const report = judge(scene, kills)
  await node.stop()
  const left = [...node.queue().map(({ queueId }) => queueId), ...node.spool()].map((one) => `${one} is left over`)
  await scene.world.close()
  return { ...report, broken: [...report.broken, ...left] }
}

async function setScene(): Promise<Scene> {
  const world = await startWorld()
  const hosts = [await world.destination('far.example'), await world.destination('near.example')]
  const sender = await world.destination('sender.example')
  const node = await world.node({
    role: 'srs',
    yaml: { delivery: { mx_port: world.mxPort, destination_concurrency: CONCURRENCY } },
    mail: { domains: ['example.org'], forwards: { kim: finals[0], lee: finals[1], no: unknown } },
  })
  const recipients = ['kim@example.org', 'lee@example.org', 'no@example.org']
  const stream = startMailStream({ connections: CONNECTIONS, recipients, prefix, connect: () => node.connect() })
  return { world, node, hosts, sender, stream }
}

function judge({ node, hosts, sender, stream }: Scene, kills: number): KillReport {
  const broken: string[] = []
  const copies = copiesAt(hosts)
  for (const id of stream.accepted)
    for (const to of finals)
      if (!copies.has(`${id} ${to}`)) broken.push(`${id} for ${to}: accepted and never delivered`)
  for (const key of copies.keys())
    if (!stream.ended.has(key.split(' ')[0] as string)) broken.push(`${key}: delivered and never sent`)
  const duplicates = [...copies.values()].reduce((sum, count) => sum + count - 1, 0)
  if (duplicates > kills * hosts.length * CONCURRENCY) broken.push(`${duplicates} duplicates in ${kills} kills`)
  const events = node.ledger()
  broken.push(...brokenPromises(events), ...unnotified(events))
  const reports = sender.messages.filter(({ mail }) => mail.includes('<>')).length
  const queued = events.filter((event) => event.kind === 'notified' && event.dsn !== null).length
  if (queued === 0) broken.push('no bounce was queued: the test is set up wrongly')
  if (reports < queued) broken.push(`${queued} reports were queued, ${reports} arrived`)
  const counts = { accepted: stream.accepted.size, copies: copies.size + duplicates, duplicates, reports, queued }
  return { name: 'node', kills, counts, broken }
}

/** Failures without exactly one notification. */
function unnotified(events: readonly Event[]): string[] {
  const key = ({ queueId, recipient }: Event) => `${queueId} ${recipient}`
  const notified = countBy(
    events.filter((event) => event.kind === 'notified' && event.notice === 'failed'),
    key,
  )
  const failed = events.filter(({ kind }) => kind === 'failed' || kind === 'expired').map(key)
  return failed
    .filter((one) => notified.get(one) !== 1)
    .map((one) => `${one}: notified ${notified.get(one) ?? 0} times`)
}
