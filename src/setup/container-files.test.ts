// The files for containers fit the image (Dockerfile), the node that they run and the check list. No engine runs them here.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { runSetup } from './run-setup.ts'
import type { Runner } from './setup-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'waypost-containers-'))
const roles = { mx: 'mx', srs: 'srs', people: 'submission', machines: 'mta' } as const
const image = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')
const inImage = (instruction: string) => new RegExp(`^${instruction} (.*)$`, 'm').exec(image)?.[1] ?? ''

async function write(runner: Runner): Promise<void> {
  const nodes = Object.entries(roles).map(([name, role], index) => [
    name,
    { role, addresses: [`192.0.2.${index + 1}`] },
  ])
  const result = await runSetup({
    folder: join(root, runner),
    text: stringify({
      domain: 'example.org',
      srs: { domain: 'forwards.example' },
      settings: { dns: { servers: ['192.0.2.53:53'] }, admin: { listen: '127.0.0.1:9125' } },
      nodes: Object.fromEntries(nodes),
    }),
    origin: 'answers.yaml',
    runner,
    person: { name: 'kim', forward: 'kim@home.example.net' },
    isDry: false,
    now: Date.now(),
  })
  expect(result.kind).toBe('done')
}

beforeAll(async () => {
  await write('docker')
  await write('podman')
})
afterAll(() => rmSync(root, { recursive: true }))

interface Container {
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSeconds: number
}

function composed(node: string): Container {
  const { services, volumes, networks } = parse(readFileSync(join(root, 'docker', node, 'compose.yaml'), 'utf8'))
  const { waypost } = services
  // Every volume and network that the service uses is declared.
  expect(Object.keys(volumes)).toEqual(['queue'])
  expect(Object.keys(networks)).toEqual(waypost.networks)
  return { ...waypost, stopSeconds: Number(/^(\d+)s$/.exec(waypost.stop_grace_period)?.[1]) }
}

/** The settings of a node that name files. */
interface Named {
  readonly tls?: { readonly certificate?: string; readonly key?: string; readonly ca?: string | null }
  readonly mail?: readonly string[]
  readonly users?: string
  readonly machines?: string
  readonly srs?: { readonly secrets?: readonly string[] }
  readonly dkim?: { readonly keys?: string }
}

/** Keys of the sections as podman-systemd.unit(5) of Podman 4.6 has them. */
const knownKeys: Readonly<Record<string, readonly string[]>> = {
  Unit: ['Description', 'After', 'Wants'],
  Container: ['Image', 'ContainerName', 'Volume', 'PublishPort', 'Sysctl', 'PodmanArgs'],
  Service: ['Restart', 'TimeoutStopSec'],
  Install: ['WantedBy'],
}

function quadlet(node: string): Container & { readonly serviceSeconds: number } {
  const lines = readFileSync(join(root, 'podman', node, 'waypost.container'), 'utf8')
    .trim()
    .split('\n')
  const found: [string, string][] = []
  let section = ''
  for (const line of lines.filter((one) => one !== '' && !one.startsWith('#'))) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? []
    const [, key = '', value = ''] = /^(\w+)=(.+)$/.exec(line) ?? []
    if (head !== undefined) section = head
    else expect(knownKeys[section]).toContain(key)
    found.push([key, value])
  }
  const all = (key: string) => found.flatMap(([name, value]) => (name === key ? [value] : []))
  return {
    ports: all('PublishPort'),
    volumes: all('Volume'),
    stopSeconds: Number(/^--stop-timeout=(\d+)$/.exec(all('PodmanArgs')[0] ?? '')?.[1]),
    serviceSeconds: Number(all('TimeoutStopSec')[0]),
  }
}

describe.each(Object.keys(roles))('%s', (node) => {
  const folder = (runner: string) => join(root, runner, node)
  const settings = () => parse(readFileSync(join(folder('docker'), 'node.yaml'), 'utf8')) as Record<string, unknown>

  it('has the ports of the role, and both files have the same', () => {
    const mail = { mx: [25], srs: [25], people: [465, 587], machines: [587] }[node] ?? []
    // Other nodes ask for status and traces.
    const wanted = [...mail, 4465]
    const pairs = wanted.map((port) => `${port}:${port}`)
    expect([composed(node).ports, quadlet(node).ports]).toEqual([pairs, pairs])
    expect(inImage('EXPOSE').split(' ')).toEqual(expect.arrayContaining(wanted.map(String)))
  })

  it('mounts what the image and the node expect', () => {
    const target = (volume: string) => volume.split(':')[1]
    for (const { volumes } of [composed(node), quadlet(node)]) {
      expect(volumes.map(target)).toEqual(['/etc/waypost', inImage('VOLUME')])
      expect(volumes[0]).toContain(':ro')
    }
    expect(settings()['data'] ?? '/var/lib/waypost').toBe(inImage('VOLUME'))
    expect(inImage('CMD')).toContain('/etc/waypost/node.yaml')
  })

  it('has every file that its node.yaml names', () => {
    const { tls, mail, users, machines, srs, dkim } = settings() as Named
    const named = [tls?.certificate, tls?.key, tls?.ca, mail, users, machines, srs?.secrets, dkim?.keys].flat()
    const files = named.filter((one) => one !== undefined && one !== null)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect([file, existsSync(join(folder('docker'), file))]).toEqual([file, true])
  })

  it('has time to drain: 30 s for sessions, and 30 s for deliveries', () => {
    expect(composed(node).stopSeconds).toBeGreaterThan(60)
    expect(quadlet(node).stopSeconds).toBe(composed(node).stopSeconds)
    expect(quadlet(node).serviceSeconds).toBeGreaterThan(quadlet(node).stopSeconds)
  })
})

it('the check list gives the folder to the user of the image, and asks as the image does', () => {
  const uid = /--uid (\d+)/.exec(image)?.[1] ?? 'none'
  for (const runner of ['docker', 'podman']) {
    const list = readFileSync(join(root, runner, 'CHECKLIST.md'), 'utf8')
    expect(list).toContain(`chgrp -R ${uid} /etc/waypost`)
    const asked = JSON.parse(/HEALTHCHECK[^[]*(\[.*\])/.exec(image)?.[1] ?? '["none"]') as string[]
    expect(list).toContain(` ${asked.join(' ')}`)
    expect(list).toContain(`${runner} build -t waypost .`)
  }
})
