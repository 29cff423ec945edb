// The probe through whole nodes: mx, submission and srs, a mailbox outside that forwards back, one that swallows mail, strangers who forge
// and repeat probes, and a kill while a probe is under way.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/auth/schemes.ts'
import { keyRecord } from '../../src/dkim/key-record.ts'
import { loadKeys } from '../../src/dkim/key-store.ts'
import type { EventKind, EventOf } from '../../src/observe/events.ts'
import type { ProbeResult } from '../../src/probe/probe-result.ts'
import { makeProbeId } from '../../src/smtp/probe-token.ts'
import { freePort } from '../lib/free-port.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const PROBE = 'probe@example.org'
const SECRET = 'the secret of the fleet for probes'
const PASSWORD = 'correct horse battery staple'

let world: World
let mx: WholeNode
let submission: WholeNode
let srs: WholeNode
let far: SmtpPeer
let admin: number
let alerts: string
let forwarding: NodeJS.Timeout
/** What the mx replied to the mailbox that forwards. */
const forwarded: string[] = []
/** What came back, for repetitions. */
const returned: string[] = []

beforeAll(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
  await world.destination('ok.example')
  await publishKey()
  writeFileSync(join(world.folder, 'probe.secret'), SECRET, { mode: 0o600 })
  writeFileSync(join(world.folder, 'probe.password'), `${PASSWORD}\n`, { mode: 0o600 })
  writeFileSync(join(world.folder, 'passwd'), `probe:${hashPassword('ARGON2ID', PASSWORD)}\n`, { mode: 0o600 })
  const mail = {
    domains: ['example.org'],
    forwards: { outside: 'back@far.example', swallowed: 'swallowed@far.example' },
  }
  alerts = join(world.folder, 'alerts')
  admin = await freePort()
  mx = await world.node({ role: 'mx', mail, start: false })
  submission = await world.node({
    role: 'submission',
    listeners: ['submission', 'submissions'],
    mail: { domains: ['example.org'], users: { probe: null } },
    yaml: {
      users: '../passwd',
      peers: { mx: [{ host: `${mx.address}:${mx.port}`, name: 'node-1.example.org' }] },
      probe: { address: PROBE, secrets: ['../probe.secret'], targets: { mx: { to: PROBE, until: 'accepted' } } },
    },
  })
  srs = await world.node({ role: 'srs', mail })
  mx.configure(mxKeys())
  await mx.start()
  forwarding = setInterval(() => void forwardBack(), 50)
})
afterAll(async () => {
  clearInterval(forwarding)
  await world.close()
})

function mxKeys(): Record<string, unknown> {
  const through = `smtp:[${submission.address}]:${submission.ports['submission']}`
  const login = { tls: 'verify', ca: '../ca.pem', user: 'probe', password_file: '../probe.password' }
  return {
    peers: { srs: [{ host: `${srs.address}:${srs.port}`, name: 'node-3.example.org' }] },
    delivery: { mx_port: world.mxPort, destinations: { [through]: login } },
    admin: { listen: `127.0.0.1:${admin}` },
    webhooks: { file: { command: ['/bin/sh', '-c', `cat >> ${alerts}; echo >> ${alerts}`], events: ['probe-alert'] } },
    probe: {
      address: PROBE,
      secrets: ['../probe.secret'],
      every: '1h',
      wait: '8s',
      targets: {
        fleet: { to: PROBE, through, hops: ['node-2.example.org', 'node-1.*'] },
        outside: { to: 'outside@example.org', hops: ['node-3.example.org', 'mx.google.com'] },
        shortcut: { to: 'outside@example.org', hops: ['filter-*.example.org'] },
        swallowed: { to: 'swallowed@example.org' },
        accepted: { to: 'someone@ok.example', until: 'accepted' },
        unknown: { to: 'nobody@example.org' },
      },
    },
  }
}

async function publishKey(): Promise<void> {
  const { keys } = await loadKeys(join(world.folder, 'dkim'))
  for (const key of keys) {
    const { name, text } = keyRecord(key)
    world.dns.zone.set(name, { TXT: text })
  }
  world.dns.zone.set('_dmarc.example.org', { TXT: 'v=DMARC1; p=reject' })
}

/** The mailbox outside: it forwards what is for `back`, as a large provider does, and swallows the rest. */
async function forwardBack(): Promise<void> {
  for (const { rcpts, data } of far.messages.splice(0)) {
    if (!rcpts.some((one) => one.includes('back@'))) continue
    const trace = `Received: from node-3.example.org by mx.google.com with ESMTPS id x1;\r\n ${new Date().toUTCString().replace('GMT', '+0000')}\r\n`
    const message = trace + data.toString()
    returned.push(message)
    const sent = await mx.send({ from: null, to: [PROBE], message })
    forwarded.push(sent.reply)
  }
}

const events = <K extends EventKind>(node: WholeNode, kind: K): readonly EventOf<K>[] =>
  node.ledger().filter((event): event is EventOf<K> => event.kind === kind)
const resultsOf = (target: string) => events(mx, 'probe-result').filter((one) => one.target === target)
const scrape = async () => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
const by = ({ hops }: Pick<ProbeResult, 'hops'>) => hops.map((one) => one.by)

describe('the node sends a probe to each target at its start', () => {
  it('and measures the way through submission and back', async () => {
    await until(() => resultsOf('fleet').length > 0, { what: 'the probe of the fleet' })
    const [found] = resultsOf('fleet')
    expect(found).toMatchObject({ outcome: 'arrived', provider: 'fleet', detail: '' })
    expect(found && by(found)).toEqual(['node-1.example.org', 'node-2.example.org', 'node-1.example.org'])
    expect(found?.hops.at(-1)?.ms).toBe(found?.ms)
  })

  it('and through srs to a provider that forwards back', async () => {
    await until(() => resultsOf('outside').length > 0, { what: 'the probe of the mailbox outside' })
    const [found] = resultsOf('outside')
    expect(found).toMatchObject({ outcome: 'arrived', provider: 'google', detail: '' })
    expect(found && by(found)).toEqual([
      'node-1.example.org',
      'node-3.example.org',
      'mx.google.com',
      'node-1.example.org',
    ])
    expect(forwarded.every((reply) => reply.startsWith('250'))).toBe(true)
  })

  it('and says which server a probe did not pass', async () => {
    await until(() => resultsOf('shortcut').length > 0, { what: 'the probe without its hop' })
    expect(resultsOf('shortcut')).toMatchObject([
      { outcome: 'incomplete', detail: 'it did not pass filter-*.example.org' },
    ])
  })

  it('and takes the 250 of a server where no more is asked for', async () => {
    await until(() => resultsOf('accepted').length > 0, { what: 'the probe that is accepted' })
    expect(resultsOf('accepted')).toMatchObject([{ outcome: 'accepted', hops: [{ by: 'mx.ok.example' }] }])
    await until(() => events(submission, 'probe-result').length > 0, { what: 'the probe of the submission node' })
    expect(events(submission, 'probe-result')).toMatchObject([{ target: 'mx', outcome: 'accepted', provider: 'fleet' }])
  })

  it('and reports what has no route, and what a server swallows, with the last server that took it', async () => {
    await until(() => resultsOf('swallowed').length > 0, { what: 'the missing probe' })
    expect(resultsOf('unknown')).toMatchObject([
      { outcome: 'refused', detail: 'there is no route to nobody@example.org' },
    ])
    expect(resultsOf('swallowed')).toMatchObject([
      { outcome: 'missing', detail: 'no arrival within 8s; the last server that took it is node-3.example.org' },
    ])
    await until(() => existsSync(alerts) && readFileSync(alerts, 'utf8').includes('swallowed'), { what: 'the alert' })
    expect(readFileSync(alerts, 'utf8')).toContain('probe swallowed fails: missing: no arrival within 8s')
  })

  it('and counts none of them as mail of users', async () => {
    const text = await scrape()
    expect(text).toContain('waypost_probe_working{target="outside"} 1')
    expect(text).toContain('waypost_probe_working{target="swallowed"} 0')
    expect(text).toContain('waypost_probes_total{target="swallowed",result="missing"} 1')
    expect(text).toMatch(/waypost_probe_seconds_count\{target="outside",provider="google"\} 1/)
    // Less than zero if the server is fast: dates in trace fields have whole seconds.
    expect(text).toMatch(/waypost_probe_hop_seconds\{target="outside",hop="mx\.google\.com"\} -?\d/)
    expect(text).not.toMatch(/waypost_messages_received_total\{origin="(?!probe)/)
    const { checks } = (await (await fetch(`http://127.0.0.1:${admin}/healthz`)).json()) as {
      checks: Record<string, { kind: string; reason?: string }>
    }
    expect(checks['probe']).toMatchObject({ kind: 'degraded', reason: expect.stringContaining('swallowed fails') })
  })
})

describe('the command', () => {
  it('sends now, waits, and prints the servers on the way', async () => {
    const { status, stdout } = await runWaypost(['probe', '--target', 'outside', '-c', mx.config])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^outside {2}arrived after \d+\.\d s \(google\)\n/)
    expect(stdout).toMatch(/^ {2} +\+\d+\.\d s +-?\d+\.\d s {2}mx\.google\.com \(google\)$/m)
    expect(resultsOf('outside')).toHaveLength(2)
  })

  it('prints the last results as JSON, and ends with 1 if one is bad', async () => {
    const { status, stdout } = await runWaypost(['probe', '--last', '--json', '-c', mx.config])
    expect(status).toBe(1)
    const shown = JSON.parse(stdout) as readonly ProbeResult[]
    expect(shown.map(({ target, outcome }) => `${target} ${outcome}`)).toEqual([
      'fleet arrived',
      'outside arrived',
      'shortcut incomplete',
      'swallowed missing',
      'accepted accepted',
      'unknown refused',
    ])
    expect((await runWaypost(['probe', '--target', 'nothing', '-c', mx.config])).stderr).toContain(
      'there is no target nothing; the targets are: fleet, outside,',
    )
  })
})

describe('a stranger', () => {
  const letter = (messageId: string) =>
    `From: a@stranger.example\r\nMessage-ID: ${messageId}\r\nSubject: x\r\n\r\nHello.\r\n`
  const token = {
    origin: 'node-1.example.org',
    isReturning: true,
    target: 'outside',
    sentAt: Date.now(),
    id: '0123456789abcdef',
  }

  it('cannot use the address for probes, nor forge one', async () => {
    for (const id of ['<1@stranger.example>', makeProbeId(token, 'a guess at the secret')]) {
      const sent = await mx.send({ from: 'a@stranger.example', to: [PROBE], message: letter(id) })
      expect(sent.reply).toMatch(/^550 5\.7\.1 This address takes only probes of mail nodes/)
    }
  })

  it('cannot make a result by repeating a probe that was seen', async () => {
    const before = events(mx, 'probe-result').length
    const sent = await mx.send({ from: null, to: [PROBE], message: returned[0] ?? '' })
    expect(sent.reply).toMatch(/^250/)
    await mx.emptied()
    await until(async () => /waypost_probes_total\{target="\w+",result="unknown"\} 1/.test(await scrape()), {
      what: 'the count of repetitions',
    })
    expect(events(mx, 'probe-result')).toHaveLength(before)
  })
})

it('a probe under way survives a kill, and no probe causes a DSN', async () => {
  const asked = runWaypost(['probe', '--target', 'swallowed', '-c', mx.config])
  await until(() => events(mx, 'probe-sent').filter(({ target }) => target === 'swallowed').length === 2, {
    what: 'the second probe',
  })
  await mx.stop('SIGKILL')
  expect((await asked).status).toBe(1)
  await mx.start()
  await until(() => resultsOf('swallowed').length === 2, { what: 'the result of the probe of the last run' })
  expect(resultsOf('swallowed')[1]).toMatchObject({ outcome: 'missing' })
  // It failed before, so there is no second alert.
  expect(events(mx, 'probe-alert').filter(({ target }) => target === 'swallowed')).toHaveLength(1)
  for (const node of [mx, submission, srs])
    expect(events(node, 'notified').filter(({ dsn }) => dsn !== null)).toEqual([])
})
