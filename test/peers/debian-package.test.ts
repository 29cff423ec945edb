// The Debian package in a separate Debian system: a copy-on-write view of this one. dpkg installs, upgrades, removes and purges it there.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeDebianPackage } from '../../build/debian-package.ts'
import { generatedTexts } from '../../build/texts.ts'
import { type DebianSystem, startDebianSystem } from '../lib/debian-system.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { testedExecutable } from '../lib/tested-executable.ts'

/** lintian reads the whole executable, and dpkg writes it. */
const SLOW_MS = 600_000

/** Every check whose tags are errors or warnings. The spelling in 100 MB of Node.js gives only notes, and takes half the CPU time. */
const lintianOptions = ['--no-cfg', '--fail-on', 'error,warning', '--dont-check-part', 'binaries/spelling']

const nodeYaml = `role: client
hostname: host.example.org
domain: example.org
data: /var/lib/waypost
listen: { smtp: 127.0.0.1:2525 }
peers: { mta: [mta.example.org] }
tls: { certificate: /etc/waypost/host.pem, key: /etc/waypost/host.key, ca: /etc/waypost/host.pem }
dns: { servers: ["127.0.0.1:1"] }
`

describe.runIf(ensurePeers(['lintian', 'adduser']))('the Debian package', () => {
  let folder: string
  let system: DebianSystem
  const [first, second] = ['0.1.0', '0.1.1'] as const
  const packageOf = (version: string) => join(folder, `waypost_${version}_${debianArchitecture()}.deb`)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-package-'))
    const executable = await testedExecutable(folder)
    const parts = { executable, texts: generatedTexts('2026-11-30'), date: '2026-11-30', level: 0 }
    for (const version of [first, second]) writeDebianPackage({ ...parts, version }, folder)
    system = await startDebianSystem(folder)
    run = system.run
  }, SLOW_MS)
  afterAll(async () => {
    await system.close()
    rmSync(folder, { recursive: true, force: true })
  })

  let run: DebianSystem['run']
  const dpkg = (args: string) => expect(run(`DEBIAN_FRONTEND=noninteractive dpkg ${args}`)).toMatchObject({ status: 0 })
  const says = (script: string) => run(script).output.trim()

  it('is without objection of lintian', { timeout: SLOW_MS }, () => {
    const { status, stdout } = spawnSync('lintian', [...lintianOptions, packageOf(first)], {
      encoding: 'utf8',
    })
    expect([status, stdout]).toEqual([0, ''])
  })

  it('installs program, user, directories, unit and pages', { timeout: SLOW_MS }, () => {
    dpkg(`-i /tmp/waypost_${first}_*.deb`)
    expect(says('waypost --version')).toBe('0.1.0')
    expect(says("stat -c '%U:%G %a' /var/lib/waypost /etc/waypost")).toBe('waypost:waypost 700\nroot:waypost 750')
    expect(says('getent passwd waypost | cut -d: -f6,7')).toBe('/var/lib/waypost:/usr/sbin/nologin')
    expect(says('readlink /etc/systemd/system/multi-user.target.wants/waypost.service')).toMatch(/waypost\.service$/)
    expect(says('man -w waypost-queue')).toBe('/usr/share/man/man1/waypost-queue.1.gz')
    // Without node.yaml the unit starts nothing; systemd's own check finds nothing to say about it.
    expect(says('systemd-analyze verify /usr/lib/systemd/system/waypost.service 2>&1 | grep -i waypost')).toBe('')
  })

  it('runs a node whose queue outlives an upgrade, and keeps changed conffiles', { timeout: SLOW_MS }, () => {
    run(`cat > /etc/waypost/node.yaml <<'END'\n${nodeYaml}END`)
    run(`cd /etc/waypost && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=host -keyout host.key -out host.pem -days 9
      chgrp waypost host.key; chmod 640 host.key; echo 'MAILTEST=kept' >> /etc/default/waypost`)
    const sent = run(`
      runuser -u waypost -- waypost run -c /etc/waypost/node.yaml > /tmp/log 2>&1 & node=$!
      for i in $(seq 600); do grep -q '"msg":"ready"' /tmp/log && break; sleep 0.1; done
      waypost send --via 127.0.0.1:2525 --from root@host.example.org --to kim@example.net --subject kept
      kill $node; wait $node; cat /tmp/log`)
    expect(sent.output).toContain('accepted: 250 2.0.0 Ok')
    dpkg(`-i /tmp/waypost_${second}_*.deb`)
    expect(says('dpkg-query -W -f \\${Version} waypost')).toBe(second)
    expect(says('tail -1 /etc/default/waypost')).toBe('MAILTEST=kept')
    expect(JSON.parse(says('waypost queue list --json --data /var/lib/waypost'))).toEqual([
      expect.objectContaining({ sender: 'root@host.example.org' }),
    ])
  })

  it('leaves configuration and queue when it is removed', { timeout: SLOW_MS }, () => {
    dpkg('-r waypost')
    expect(says('ls /usr/bin/waypost 2>&1')).toContain('No such file')
    expect(says('cat /etc/waypost/node.yaml')).toBe(nodeYaml.trim())
    expect(says('tail -1 /etc/default/waypost')).toBe('MAILTEST=kept')
    expect(says('ls /var/lib/waypost')).toContain('queue')
  })

  it('asks nothing when it is purged, and removes everything but the user', { timeout: SLOW_MS }, () => {
    dpkg('-P waypost')
    expect(says('ls -d /etc/waypost /etc/default/waypost /var/lib/waypost 2>/dev/null')).toBe('')
    expect(says("find /etc/systemd /var/lib/systemd -name '*waypost*'")).toBe('')
    expect(says('getent passwd waypost')).toContain('waypost')
    expect(says('dpkg -l waypost | tail -1')).not.toMatch(/^ii/)
  })
})

function debianArchitecture(): string {
  return spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).stdout.trim()
}
