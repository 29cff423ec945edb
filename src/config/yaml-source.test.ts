import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { formatProblem } from './problem.ts'
import { validate } from './validate.ts'
import { loadYaml, parseYaml } from './yaml-source.ts'

function source(text: string) {
  const load = parseYaml('node.yaml', text)
  if (load.kind === 'bad') throw new Error(load.problems.map(formatProblem).join('\n'))
  return load.source
}

describe('positions', () => {
  const yaml = source('role: mx\npeers:\n  srs:\n    - host: a\n      port: 25\n')

  test('of a value, a value in a list, a key, and the nearest parent of a missing key', () => {
    expect(formatProblem(yaml.at(['role'], 'x'))).toBe('node.yaml:1:7: role: x')
    expect(formatProblem(yaml.at(['peers', 'srs', 0, 'port'], 'x'))).toBe('node.yaml:5:13: peers.srs.0.port: x')
    expect(formatProblem(yaml.atKey(['peers'], 'srs', 'x'))).toBe('node.yaml:3:3: peers.srs: x')
    expect(formatProblem(yaml.at(['peers', 'mx', 3], 'x'))).toBe('node.yaml:3:3: peers.mx.3: x')
  })

  test('of an empty file are its first character', () => {
    expect(formatProblem(source('').at(['role'], 'x'))).toBe('node.yaml:1:1: role: x')
  })
})

test('invalid YAML gives one sentence with its position', () => {
  const load = parseYaml('node.yaml', 'a: 1\na: 2\nb: [1, 2\n')
  expect(load.kind === 'bad' ? load.problems.map(formatProblem) : []).toEqual([
    'node.yaml:2:1: a: found the key again, expected it once; it is first written in line 1',
    'node.yaml:4:1: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ])
})

test.each([
  [
    'listen: { smtp: *:25 }\n',
    '1:17',
    'found *:25, an alias without an anchor, expected quotes around a text that begins with *',
  ],
  ['a: &a [*a]\n', '1:1', 'found circular or multiplying aliases, expected a file without aliases'],
  [bomb(), '1:1', 'found circular or multiplying aliases, expected a file without aliases'],
  ['a: 1\n---\nb: 1\n', '2:1', 'found a second document, expected one'],
])('%j is rejected with a sentence', (text, position, message) => {
  const load = parseYaml('node.yaml', text)
  expect(load.kind === 'bad' ? load.problems.map(formatProblem) : []).toEqual([
    `node.yaml:${position}: not valid YAML: ${message}`,
  ])
})

/** Five lists, each with nine times the items of the previous list. */
function bomb(): string {
  const line = (name: string, before: string) => `${name}: &${name} [${Array(9).fill(before).join(', ')}]\n`
  return line('a', 'x') + line('b', '*a') + line('c', '*b') + line('d', '*c') + line('e', '*d')
}

test('anchors and aliases are supported', () => {
  expect(source('a: &hosts [x]\nb: *hosts\n').value).toEqual({ a: ['x'], b: ['x'] })
})

test('a long value is cut in messages', () => {
  const load = validate(
    source(`name: [${'x'.repeat(1000)}]\nmode: ${'y'.repeat(1000)}\n`),
    z.strictObject({ mode: z.enum(['a']), name: z.array(z.string()) }),
  )
  expect(load.kind === 'bad' ? load.problems.map(({ message }) => message) : []).toEqual([
    `mode: found "${'y'.repeat(80)}…", expected a`,
  ])
})

test('a missing file is a problem at 1:1', () => {
  expect(loadYaml('/nonexistent/node.yaml')).toMatchObject({
    kind: 'unreadable',
    problems: [{ line: 1, column: 1, message: expect.stringContaining('ENOENT') }],
  })
})

describe('findings', () => {
  const schema = z.strictObject({
    name: z.string(),
    mode: z.enum(['a', 'b']).optional(),
    limits: z.strictObject({ size: z.int().min(10) }).optional(),
    hosts: z.record(z.string(), z.strictObject({ port: z.number() })).optional(),
  })
  const lines = (text: string) => {
    const result = validate(source(text), schema)
    return result.kind === 'bad' ? result.problems.map(formatProblem) : []
  }

  test('name the found and the expected value of every problem', () => {
    expect(lines('name: 7\nmode: c\nlimits: { size: 3 }\n')).toEqual([
      'node.yaml:1:7: name: found 7, expected text',
      'node.yaml:2:7: mode: found "c", expected one of a, b',
      'node.yaml:3:17: limits.size: found 3, expected at least 10',
    ])
  })

  test('about unknown keys list the known keys of the map, and suggest the nearest one', () => {
    expect(lines('name: x\nlimit: {}\n')).toEqual([
      'node.yaml:2:1: limit: found an unknown key (did you mean limits?), expected one of name, mode, limits, hosts',
    ])
    expect(lines('name: x\nhosts: { a: { port: 1, prot: 2 } }\n')).toEqual([
      'node.yaml:2:24: hosts.a.prot: found an unknown key (did you mean port?), expected port',
    ])
  })

  test('name the wrong part of a value that may have several forms', () => {
    const peer = z.union([z.string(), z.strictObject({ host: z.string(), ports: z.array(z.int()).default([]) })], {
      error: 'a host, or { host, ports }',
    })
    const found = (text: string) => {
      const result = validate(source(text), z.strictObject({ peers: z.array(peer) }))
      return result.kind === 'bad' ? result.problems.map(formatProblem) : []
    }
    expect(found('peers: [ a, { host: b, ports: [ x ] } ]\n')).toEqual([
      'node.yaml:1:33: peers.1.ports.0: found "x", expected a number',
    ])
    expect(found('peers: [ { host: b, prts: [] } ]\n')).toEqual([
      'node.yaml:1:21: peers.0.prts: found an unknown key (did you mean ports?), expected one of host, ports',
    ])
    expect(found('peers: [ 7 ]\n')).toEqual(['node.yaml:1:10: peers.0: found 7, expected a host, or { host, ports }'])
  })

  test('describe missing and empty values, lists and maps', () => {
    expect(lines('mode: a\n')).toEqual(['node.yaml:1:1: name: found nothing, expected text'])
    expect(lines('name:\n')).toEqual(['node.yaml:1:6: name: found an empty value, expected text'])
    expect(lines('name: [1, 2]\n')).toEqual(['node.yaml:1:7: name: found a list of 2, expected text'])
    expect(lines('just text\n')).toEqual(['node.yaml:1:1: the file: found "just text", expected a map of keys'])
  })
})
