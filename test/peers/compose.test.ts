// Docker Compose reads the compose files of setup, by its own schema. It needs no engine for that.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { composeFile } from '../../src/setup/container-files.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-compose-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function config(text: string) {
  const file = join(folder, 'compose.yaml')
  writeFileSync(file, text)
  const { status, stdout, stderr } = spawnSync('docker-compose', ['-f', file, 'config'], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe.runIf(ensurePeers(['docker-compose']))('docker-compose', () => {
  it('accepts the file, with its ports, volumes and stop time', () => {
    const { status, stdout, stderr } = config(composeFile({ node: 'mail', ports: [25, 465, 587] }).text)
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('ERROR')])
    const { waypost } = parse(stdout).services
    expect(waypost).toMatchObject({ image: 'waypost', container_name: 'waypost-mail', stop_grace_period: '90s' })
    // A port without quotes would be a number of base 60.
    expect(JSON.stringify(waypost.ports)).toMatch(/\b25\b.*\b465\b.*\b587\b/)
    expect(JSON.stringify(waypost.volumes)).toMatch(/etc\/waypost.*var\/lib\/waypost/)
  })

  it('would find a wrong key', () => {
    const text = composeFile({ node: 'mail', ports: [25] }).text.replace('stop_grace_period', 'stop_period')
    expect(config(text).status).not.toBe(0)
  })
})
