// What the systemd unit forbids must be nothing that the program does, and the wrapper says what is missing.

import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const unit = readFileSync(join(root, 'deploy/waypost.service'), 'utf8')
const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })

function values(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].flatMap((match) => (match[1] as string).split(' '))
}

it('the unit lets the node ask the kernel for its own addresses, which an mx or srs does at its start', () => {
  const asking = sources.filter((file) => readFileSync(join(root, file), 'utf8').includes('networkInterfaces('))
  expect(asking).not.toEqual([])
  expect(values('RestrictAddressFamilies')).toContain('AF_NETLINK')
})

describe('the wrapper', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-wrapper-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(environment: Record<string, string>) {
    const { NODE_OPTIONS: _, ...rest } = process.env
    const env = { ...rest, WAYPOST_HOME: root, NODE: process.execPath, ...environment }
    const { status, stdout, stderr } = spawnSync('sh', [join(root, 'deploy/waypost'), '--version'], {
      env,
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  it('runs the command', () => {
    expect(run({})).toMatchObject({ status: 0, stderr: '' })
  })

  it('names an older Node.js instead of a syntax error', () => {
    // This Node.js with the version of another one, which its preloaded file replaces first.
    const older = join(folder, 'node')
    writeFileSync(join(folder, 'older.cjs'), "Object.defineProperty(process.versions, 'node', { value: '18.19.1' })\n")
    writeFileSync(older, `#!/bin/sh\nexec "${process.execPath}" --require "${join(folder, 'older.cjs')}" "$@"\n`)
    chmodSync(older, 0o755)
    const { status, stderr } = run({ NODE: older })
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^waypost needs Node\.js 26 or newer, but this is Node\.js 18\.19\.1\..*set NODE to the path of Node\.js 26 .*\n$/,
    )
  })

  it('says that Node.js or the installation is missing', () => {
    expect(run({ NODE: '/nowhere/node' })).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'waypost: found no program /nowhere/node, expected Node.js 26 or newer; install it, or set NODE to its path\n',
    })
    expect(run({ WAYPOST_HOME: folder })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`there is no installation in ${folder}; set WAYPOST_HOME`),
    })
  })
})

it('npm run waypost outside of the tree says where paths start', () => {
  const env = { ...process.env, INIT_CWD: tmpdir(), npm_lifecycle_event: 'waypost' }
  const { status, stderr } = spawnSync(process.execPath, [join(root, '.ci/need-node.cjs')], {
    cwd: root,
    env,
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, expect.stringContaining(`npm runs waypost in ${root}, not in ${tmpdir()}`)])
})
