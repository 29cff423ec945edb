// Every bad configuration is rejected with the lines of NAME.expected, where DIR is the folder; every good one loads.
// UPDATE_EXPECTED=1 writes the expected lines; review the difference.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { createAuthority } from '../../src/demo/ca.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const names = (folder: string) => readdirSync(join(here, folder)).filter((name) => name.endsWith('.yaml'))
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-configs-'))
  cpSync(join(here, 'bad'), folder, { recursive: true })
  cpSync(join(here, 'good'), folder, { recursive: true })
  const authority = createAuthority('Configurations')
  const node = authority.issue({ names: ['node.example.org'] })
  const other = authority.issue({ names: ['other.example.org'] })
  const files = {
    'node.pem': node.certificate,
    'node.key': node.key,
    'broken-chain.pem': `${node.certificate}-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n`,
    'other.key': other.key,
    secret: 'an srs secret of enough length\n',
    'short-secret': 'short\n',
    empty: '\n',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('bad configurations', () => {
  test.each(names('bad'))('%s is rejected with the expected lines', (name) => {
    const load = loadConfig(join(folder, name))
    const lines = load.kind === 'bad' ? load.problems.map(formatProblem) : ['accepted']
    const printed = `${lines.join('\n').replaceAll(folder, 'DIR')}\n`
    const expected = join(here, 'bad', name.replace(/yaml$/, 'expected'))
    if (process.env.UPDATE_EXPECTED) writeFileSync(expected, printed)
    expect(load.kind).toBe('bad')
    expect(existsSync(expected)).toBe(true)
    expect(printed).toBe(readFileSync(expected, 'utf8'))
  })

  test.each(names('bad'))('%s: every line has file:line:column, the found value and the expected one', (name) => {
    const load = loadConfig(join(folder, name))
    const lines = load.kind === 'bad' ? load.problems.map(formatProblem) : []
    expect(lines.length).toBeGreaterThan(0)
    for (const one of lines) expect(one).toMatch(/^\/.+:\d+:\d+: (.+: found .+, expected .+|not valid YAML: .+)$/)
  })
})

describe('good configurations', () => {
  test('the list of files has those that the configuration reads, without those of other modules', () => {
    const load = loadConfig(join(folder, 'submission-sqlite.yaml'))
    const files = load.kind === 'ok' ? load.config.files.map((file) => file.replace(`${folder}/`, '')) : []
    expect(files).toEqual(['submission-sqlite.yaml', 'node.pem', 'node.key', 'node.pem'])
  })

  test.each(names('good'))('%s loads and is frozen', (name) => {
    const load = loadConfig(join(folder, name))
    expect(load.kind === 'bad' ? load.problems.map(formatProblem) : []).toEqual([])
    if (load.kind === 'ok') expect(Object.isFrozen(load.config.queue)).toBe(true)
  })
})

test('waypost check prints the same lines and exits with 2', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const run = spawnSync(process.execPath, [main, 'check', '-c', join(folder, 'many-problems.yaml')], {
    encoding: 'utf8',
  })
  const lines = readFileSync(join(here, 'bad', 'many-problems.expected'), 'utf8').replaceAll('DIR', folder)
  expect(run.status).toBe(2)
  expect(run.stderr).toBe(`${lines}11 problems: this node would not start\n`)
})

test('waypost run prints the same lines, and creates no data directory', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const run = spawnSync(process.execPath, [main, 'run', '-c', join(folder, 'key-of-another-certificate.yaml')], {
    encoding: 'utf8',
  })
  expect(run.status).toBe(2)
  expect(run.stderr).toContain('key-of-another-certificate.yaml:5:36: tls.key: found a key that does not belong')
  expect(existsSync(join(folder, 'data'))).toBe(false)
})
