// TOML as located values: keys and values with line and column, syntax errors with their place, attacks refused.

import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import type { Located } from '../located.ts'
import { plainOf } from '../located.ts'
import { collectProblems, formatProblem } from '../data-problem.ts'
import { readToml } from './toml-file.ts'
import { processorMs } from '../../../test/lib/processor-time.ts'

function read(text: string) {
  const list = collectProblems()
  const value = readToml('t.toml', text, list)
  return { value, problems: list.problems.map(formatProblem) }
}

/** `line:column path = value` of every scalar. */
function places(value: Located, path = ''): string[] {
  if (value.kind === 'list') return value.items.flatMap((item, index) => places(item, `${path}[${index}]`))
  if (value.kind === 'scalar') return [`${value.place.line}:${value.place.column} ${path} = ${String(value.value)}`]
  return value.entries.flatMap((entry) => places(entry.value, `${path}.${entry.key}`))
}

describe('places', () => {
  it('of every kind of key and value', () => {
    const text = `# a comment with "quotes" and [brackets]
name = "build"
"quoted key" = 'literal # no comment'
a . b.c = 1
dated = 2026-11-21 07:32:00
list = [ "one", # [ "x"
  'two', """three
more""", ]
inline = { x = "in", y = { z = [true] } }
[people]
members = [
  "kim",
  { github = "lee", roles = ["lead"] },
]
[[lists]]
address = "a"
[[lists]]
address = "b"
[lists.more]
note = """ends with quotes"""""
`
    const { value, problems } = read(text)
    expect(problems).toEqual([])
    expect(places(value as Located)).toEqual([
      '2:8 .name = build',
      '3:16 .quoted key = literal # no comment',
      '4:11 .a.b.c = 1',
      '5:9 .dated = 2026-11-21 07:32:00',
      '6:10 .list[0] = one',
      '7:3 .list[1] = two',
      '7:10 .list[2] = three\nmore',
      '9:16 .inline.x = in',
      '9:33 .inline.y.z[0] = true',
      '12:3 .people.members[0] = kim',
      '13:14 .people.members[1].github = lee',
      '13:30 .people.members[1].roles[0] = lead',
      '16:11 .lists[0].address = a',
      '18:11 .lists[1].address = b',
      '20:8 .lists[1].more.note = ends with quotes""',
    ])
  })

  it('are right for generated data', () => {
    const key = fc.string({ minLength: 1, maxLength: 8 }).filter((text) => !/\0|__proto__|constructor/.test(text))
    const scalar = fc.oneof(fc.string({ maxLength: 12 }), fc.boolean(), fc.integer())
    const { table } = fc.letrec<{ table: unknown; value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 4 }), tie('table')),
      table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(table, (data) => {
        const text = stringify(data as Record<string, unknown>)
        const { value, problems } = read(text)
        expect(problems).toEqual([])
        expect(plainOf(value as Located)).toEqual(JSON.parse(JSON.stringify(data)))
        const lines = text.split('\n')
        for (const place of places(value as Located)) {
          const [, line, column] = /^(\d+):(\d+)/.exec(place) ?? []
          const rest = lines[Number(line) - 1]?.slice(Number(column) - 1) ?? ''
          // A value starts at its place: a quote, a digit or sign, true or false.
          expect(rest).toMatch(/^(?:["'\d-]|true|false)/)
        }
      }),
    )
  })
})

describe('errors', () => {
  it.each([
    ['an unterminated text', 'email = "kim\n', /^t\.toml:1:\d+: error: not valid TOML: /],
    ['a duplicate key', 'a = 1\na = 2\n', /^t\.toml:2:1: error: not valid TOML: Defining a key multiple times/],
    ['YAML', 'email: kim@example.org\n', /^t\.toml:1:\d+: error: not valid TOML: /],
    ['a key with a meaning in JavaScript', '__proto__ = 1\n', /unsafe/],
    ['a large file', `a = "${'x'.repeat(70_000)}"\n`, /more than 65536 characters/],
    ['deeply nested lists', `a = ${'['.repeat(50_000)}`, /error: not valid TOML: /],
    ['deeply nested tables', `a = ${'{b='.repeat(20_000)}`, /error: not valid TOML: /],
  ])('%s', (_, text, expected) => {
    const { value, problems } = read(text)
    expect(value).toBeNull()
    expect(problems).toEqual([expect.stringMatching(expected)])
  })

  it('a header of ten thousand parts is read quickly', () => {
    const started = processorMs()
    expect(read(`[${'a.'.repeat(10_000)}a]\nb = 1\n`).problems).toEqual([])
    expect(processorMs() - started).toBeLessThan(2_000)
  })

  it('reads numbers of any length', () => {
    expect(plainOf(read('id = 123456789012345678\n').value as Located)).toEqual({ id: '123456789012345678' })
  })
})
