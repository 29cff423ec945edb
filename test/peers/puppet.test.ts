// The example module of deploy/puppet: Puppet accepts it, and the node reads what its template writes.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { parseMachines } from '../../src/auth/machines.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

const modules = join(import.meta.dirname, '../../deploy/puppet')
const folder = mkdtempSync(join(tmpdir(), 'waypost-puppet-'))
afterAll(() => rmSync(folder, { recursive: true }))

function puppet(...args: readonly string[]): string {
  const run = spawnSync('puppet', args, { encoding: 'utf8', timeout: 60_000 })
  if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}`)
  return run.stdout
}

describe.runIf(ensurePeers(['puppet']))('the Puppet module', () => {
  it('is valid', () => {
    const manifests = ['machine.pp', 'mta.pp'].map((name) => join(modules, 'waypost/manifests', name))
    puppet('parser', 'validate', ...manifests)
  })

  it('writes a file of machines', () => {
    const values = join(folder, 'values.yaml')
    const fingerprint = 'a1'.repeat(32)
    const senders = ['@web-01.example.org', 'web@example.org']
    const limits = { recipients: ['@example.org'], networks: ['192.0.2.0/24', '2001:db8::/32'] }
    writeFileSync(values, stringify({ machine: 'web-01.example.org', fingerprint, senders, ...limits }))
    const template = join(modules, 'waypost/templates/machine.yaml.epp')
    const text = puppet('epp', 'render', '--modulepath', modules, '--values_file', values, template)
    const { list, problems } = parseMachines('web-01.yaml', text)
    expect(problems).toEqual([])
    expect(list).toMatchObject([
      { name: 'web-01.example.org', keys: [fingerprint], senders, recipients: limits.recipients },
    ])
    expect(list[0]?.allows?.('2001:db8::1')).toBe(true)
  })
})
