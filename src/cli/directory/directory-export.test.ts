// waypost directory export, and the notes of check about addresses that cannot be listed.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CapturedIo, captureIo } from '../../../test/lib/captured-io.ts'
import { check } from '../node/check-command.ts'
import { directoryExport } from './directory-export.ts'

let folder: string
let config: string
let io: CapturedIo

function configure(mail: string, more = ''): void {
  writeFileSync(
    config,
    `role: mx\nhostname: mx.example.org\ndomain: example.org\ndata: ${folder}/data\npeers: { srs: [srs.example.org] }\n` +
      `srs: { domain: srs.example.org, secrets: [secret] }\nmail: ${mail}\n${more}`,
  )
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-export-'))
  mkdirSync(join(folder, 'data'))
  config = join(folder, 'node.yaml')
  writeFileSync(join(folder, 'secret'), 'a secret only for tests\n')
  mkdirSync(join(folder, 'people'))
  mkdirSync(join(folder, 'teams'))
  writeFileSync(join(folder, 'people/kim.toml'), 'email = "kim@home.example.net"\n')
  writeFileSync(join(folder, 'teams/press.toml'), '[people]\nmembers = ["kim"]\n[[lists]]\naddress = "press"\n')
  writeFileSync(
    join(folder, 'm.yaml'),
    'forwards: { lee: lee@home.example.net, postmaster: lee@home.example.net }\nrewrites: { "/^ex-/": lee }\nplain_auth_logins: { printer: "{SSHA512}c2VjcmV0" }\n',
  )
  configure('[m.yaml, people, teams]')
  io = captureIo()
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('directory export', () => {
  it('prints one file that gives the same data again', async () => {
    configure('[m.yaml, people, teams]')
    expect(await directoryExport({ config, format: 'yaml' }, io)).toBe(0)
    const first = io.out()
    expect(first).toContain('  press@example.org: kim@home.example.net\n')
    expect(first).toContain('# ' + join(folder, 'm.yaml') + ':2:1: /^ex-/ is a regular expression')
    expect(first).not.toContain('c2VjcmV0')
    writeFileSync(join(folder, 'out.yaml'), first)
    configure('[out.yaml]')
    io = captureIo()
    expect(await directoryExport({ config, format: 'yaml' }, io)).toBe(0)
    expect(io.out().replace(/# .*out\.yaml.*\n/, '')).toBe(first.replace(/# .*m\.yaml.*\n/, ''))
  })

  it('prints JSON, with the notes on standard error', async () => {
    configure('[m.yaml, people, teams]')
    expect(await directoryExport({ config, format: 'json' }, io)).toBe(0)
    expect(JSON.parse(io.out())).toMatchObject({
      'mail::rewrites': [{ pattern: '/^ex-/', to: ['lee@example.org'] }],
      'mail::aliases': { 'press@example.org': 'kim@home.example.net' },
    })
    expect(io.err()).toContain('cannot be listed (note)')
  })

  it('reports that LDAP data are missing', async () => {
    configure('[m.yaml]', 'directory: { ldap: { urls: ["ldap://127.0.0.1:1"], base: "dc=x" } }\n')
    expect(await directoryExport({ config, format: 'yaml' }, io)).toBe(0)
    expect(io.err()).toContain('the output has no data from LDAP and SQL')
  })

  it('prints nothing if the data have errors', async () => {
    writeFileSync(join(folder, 'm.yaml'), 'aliases: { press: ghost }\n')
    configure('[m.yaml]')
    expect(await directoryExport({ config, format: 'yaml' }, io)).toBe(2)
    expect(io.out()).toBe('')
    expect(io.err()).toContain('m.yaml:1:19: unknown address ghost@example.org')
  })
})

describe('check', () => {
  it('reports addresses that cannot be listed', async () => {
    configure('[m.yaml, people, teams]')
    const code = await check({ config, json: true, offline: true }, io)
    const printed = JSON.parse(io.out()) as { readonly notes: unknown; readonly problems: unknown }
    expect({ code, problems: printed.problems }).toEqual({ code: 0, problems: [] })
    expect(printed.notes).toEqual([
      {
        file: join(folder, 'm.yaml'),
        line: 2,
        column: 1,
        severity: 'note',
        message: '/^ex-/ is a regular expression: the addresses that it matches cannot be listed',
      },
    ])
    io = captureIo()
    await check({ config }, io)
    expect(io.out()).toContain(
      'm.yaml:2:1: /^ex-/ is a regular expression: the addresses that it matches cannot be listed (note)\n',
    )
  })
})
