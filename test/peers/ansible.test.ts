// The Ansible role of deploy/ansible installs a package and a configuration, changes nothing the second time, and refuses a mistake.

import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { writeDebianPackage } from '../../build/debian-package.ts'
import { generatedTexts } from '../../build/texts.ts'
import { createAuthority } from '../../src/demo/ca.ts'
import { type DebianSystem, startDebianSystem } from '../lib/debian-system.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { testedCommand } from '../lib/tested-program.ts'

const root = join(import.meta.dirname, '../..')
const SLOW_MS = 600_000

describe.runIf(ensurePeers(['ansible', 'python3-apt', 'adduser']))('the Ansible role', () => {
  let folder: string
  let system: DebianSystem

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-ansible-'))
    cpSync(join(root, 'deploy/ansible'), join(folder, 'ansible'), { recursive: true })
    const host = 'host ansible_connection=local ansible_python_interpreter=/usr/bin/python3'
    writeFileSync(join(folder, 'ansible/hosts'), `[waypost]\n${host}\n`)
    // A small package with the same scripts, which starts the program of the other tests. That and Node.js are copied, since both may be
    // below the /tmp of this system, which is another one there.
    const executable = join(folder, 'waypost')
    const [nodeBinary, args] = testedCommand([])
    cpSync(nodeBinary, join(folder, 'node'))
    const bundle = process.env['WAYPOST_TEST_BUNDLE']
    if (bundle !== undefined) cpSync(bundle, join(folder, 'bundle'), { recursive: true })
    const copied = args.map((one) => (bundle === undefined ? one : one.replace(bundle, '/tmp/bundle')))
    writeFileSync(executable, `#!/bin/sh\nexec /tmp/node ${copied.join(' ')} "$@"\n`)
    chmodSync(executable, 0o755)
    const parts = { executable, texts: generatedTexts('2026-11-30'), version: '0.1.0', date: '2026-11-30', level: 0 }
    writeDebianPackage(parts, join(folder, 'ansible'))
    system = await startDebianSystem(folder)
  }, SLOW_MS)
  afterAll(async () => {
    await system.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const node = {
    role: 'client',
    hostname: 'host.example.org',
    domain: 'example.org',
    data: '/var/lib/waypost',
    peers: { mta: ['mta.example.org'] },
    tls: { certificate: '/etc/waypost/host.pem', key: '/etc/waypost/host.key', ca: '/etc/waypost/host.pem' },
  }
  const { certificate, key } = createAuthority('Test').issue({ names: ['host.example.org'], ips: [] })

  function play(changes: Readonly<Record<string, unknown>>) {
    const file = 'waypost_0.1.0_$(dpkg --print-architecture).deb'
    const variables = {
      waypost_node: { ...node, ...changes },
      waypost_secrets: { 'host.pem': certificate, 'host.key': key },
    }
    return system.run(`cat > /tmp/vars.yml <<'END'
${stringify(variables)}END
      cd /tmp/ansible && LC_ALL=C.UTF-8 ANSIBLE_PIPELINING=True ansible-playbook -i hosts -e @/tmp/vars.yml -e "waypost_package=$PWD/${file}" site.yml`)
  }

  it('has a syntax that Ansible accepts', () => {
    const { status, stderr } = spawnSync('ansible-playbook', ['--syntax-check', '-i', 'host,', 'site.yml'], {
      cwd: join(folder, 'ansible'),
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('ERROR')])
  })

  it('installs the package and writes files that only the node reads', { timeout: SLOW_MS }, () => {
    const { status, output } = play({})
    expect([status, output]).toEqual([0, expect.stringContaining('failed=0')])
    expect(output).not.toContain('PRIVATE KEY')
    expect(system.run("stat -c '%U:%G %a' /etc/waypost/node.yaml /etc/waypost/host.key").output).toBe(
      'root:waypost 640\nroot:waypost 640\n',
    )
    expect(system.run('waypost check --offline -c /etc/waypost/node.yaml')).toMatchObject({ status: 0 })
  })

  it('changes nothing the second time', { timeout: SLOW_MS }, () => {
    expect(play({}).output).toContain('changed=0')
  })

  it('keeps the old file if the new one has a mistake', { timeout: SLOW_MS }, () => {
    const { status, output } = play({ hostnam: 'typo.example.org' })
    expect(status).not.toBe(0)
    expect(output).toContain('hostnam')
    expect(system.run('cat /etc/waypost/node.yaml').output).not.toContain('hostnam:')
  })
})
