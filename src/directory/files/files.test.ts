import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diskFiles } from './files.ts'
import { loadDirectory } from '../load-directory.ts'

let folder: string
const read = (name: string) => diskFiles.read(join(folder, name))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-files-'))
  mkdirSync(join(folder, 'fragments'))
  writeFileSync(join(folder, 'a.yaml'), 'aliases: {}\n')
  writeFileSync(join(folder, 'huge.yaml'), '')
  truncateSync(join(folder, 'huge.yaml'), 300 * 1024 * 1024)
  symlinkSync('a.yaml', join(folder, 'link.yaml'))
  symlinkSync('round.yaml', join(folder, 'round.yaml'))
  symlinkSync('nowhere', join(folder, 'dangling.yaml'))
  writeFileSync(join(folder, 'marked.yaml'), '\ufeffaliases: {}\n')
  writeFileSync(join(folder, 'marked'), '\ufeffroot: x@far.example\n')
  writeFileSync(join(folder, 'wide.yaml'), Buffer.from('\ufeffaliases: {}\n', 'utf16le'))
  writeFileSync(join(folder, 'latin.yaml'), Buffer.from('# für\nforwards:\n  jürgen: x@far.example\n', 'latin1'))
  spawnSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')])
  writeFileSync(join(folder, 'fragments', 'one.yaml'), 'forwards: { one: x@far.example }\n')
  writeFileSync(join(folder, 'fragments', 'two.json'), '{"forwards": {"two": "x@far.example"}}\n')
  writeFileSync(join(folder, 'fragments', 'aliases'), 'three: x@far.example\n')
  writeFileSync(join(folder, 'fragments', 'one.yaml~'), 'not: read\n')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('files on disk', () => {
  it.each([
    ['a.yaml', { kind: 'found', text: 'aliases: {}\n' }],
    ['marked.yaml', { kind: 'found', text: 'aliases: {}\n' }],
    ['wide.yaml', { kind: 'unavailable', cause: 'the file is UTF-16: save it as UTF-8' }],
    ['link.yaml', { kind: 'found', text: 'aliases: {}\n' }],
    ['none.yaml', { kind: 'absent' }],
    ['a.yaml/x', { kind: 'absent' }],
    ['dangling.yaml', { kind: 'absent' }],
    ['fragments', { kind: 'folder' }],
    ['round.yaml', { kind: 'unavailable', cause: expect.stringContaining('ELOOP') }],
    ['huge.yaml', { kind: 'unavailable', cause: expect.stringContaining('octets') }],
    ['pipe', { kind: 'unavailable', cause: 'expected a file, found a pipe or device' }],
  ])('%s', (name, expected) => {
    expect(read(name)).toEqual(expected)
  })

  it('must not be devices', () => {
    expect(diskFiles.read('/dev/zero')).toMatchObject({ kind: 'unavailable' })
  })

  it('may start with a byte order mark, and must have addresses in UTF-8', () => {
    const load = (name: string) =>
      loadDirectory({ mainDomain: 'example.org', mail: [join(folder, name)], scope: { facts: {}, certname: 'n' } })
    expect(load('marked').directory?.addresses.has('root@example.org')).toBe(true)
    expect(load('latin.yaml').problems).toEqual([
      {
        file: join(folder, 'latin.yaml'),
        line: 3,
        column: 3,
        severity: 'error',
        message: '"j\ufffdrgen" contains octets that are not UTF-8: save the file as UTF-8',
      },
    ])
  })

  it('in a folder of fragments are YAML and JSON; other data files get a warning', () => {
    const { directory, problems } = loadDirectory({
      mainDomain: 'example.org',
      mail: [join(folder, 'fragments')],
      scope: { facts: {}, certname: 'n' },
    })
    expect([...(directory?.addresses.keys() ?? [])]).toEqual(['one@example.org', 'two@example.org'])
    expect(problems).toMatchObject([{ severity: 'warning', file: join(folder, 'fragments', 'aliases') }])
  })
})
