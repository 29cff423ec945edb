import { describe, expect, it } from 'vitest'
import { plainOf } from '../located.ts'
import { collectProblems, formatProblem } from '../data-problem.ts'
import { readYaml } from './yaml-file.ts'

function read(text: string) {
  const list = collectProblems()
  const value = readYaml('mail.yaml', text, list)
  return { value, plain: value && plainOf(value), problems: list.problems.map(formatProblem) }
}

describe('readYaml', () => {
  it('reads YAML 1.1 as Hiera does: no is false, 010 is eight, dates stay text', () => {
    const { plain } = read('a: no\nb: 010\nc: 2026-01-01\nd: "no"\ne:\n')
    expect(plain).toEqual({ a: false, b: 8, c: '2026-01-01', d: 'no', e: null })
  })

  it('reads keys as written', () => {
    expect(read('on: x\n010: z\n').plain).toEqual({ on: 'x', '010': 'z' })
  })

  it('follows anchors and merge keys; explicit keys override merged ones', () => {
    const text = 'a: &desk [kim, lee]\nm:\n  <<: { abuse: kim, press: kim }\n  press: *desk\n'
    expect(read(text).plain).toEqual({ a: ['kim', 'lee'], m: { abuse: 'kim', press: ['kim', 'lee'] } })
  })

  it('merges a list of mappings, earlier ones first', () => {
    const text = 'x: &x { a: 1, b: 1 }\ny: &y { b: 2, c: 2 }\nm: { <<: [*x, *y] }\n'
    expect(read(text).plain).toMatchObject({ m: { a: 1, b: 1, c: 2 } })
  })

  it('refuses a merge key with nothing to merge', () => {
    expect(read('m:\n  <<: kim\n').problems).toEqual([
      'mail.yaml:2:3: error: a merge key (<<) needs a mapping or a list of mappings',
    ])
  })

  it('keeps line and column of keys and values, and comments', () => {
    const { value } = read('a:\n  press: [kim,\n    lee]\n  media: kim # ticket 4711\n')
    const map = value?.entries[0]?.value
    const [press, media] = map?.kind === 'map' ? map.entries : []
    expect(press?.place).toMatchObject({ line: 2, column: 3 })
    expect(press?.value.kind === 'list' && press.value.items[1]?.place).toMatchObject({ line: 3, column: 5 })
    expect(media?.value).toMatchObject({ value: 'kim', comment: 'ticket 4711', place: { line: 4, column: 10 } })
  })

  it('ignores an empty comment', () => {
    const { value } = read('a: kim #\nb: [kim] #\n')
    expect(value?.entries.map((entry) => entry.value.comment)).toEqual([undefined, undefined])
  })

  it('reports every duplicate key with both lines', () => {
    const { problems } = read('a: 1\nb: { c: 1, c: 2 }\na: 3\n')
    expect(problems).toEqual([
      'mail.yaml:2:12: error: duplicate key "c", first written in line 2',
      'mail.yaml:3:1: error: duplicate key "a", first written in line 1',
    ])
  })

  it('reports them in terms of the file', () => {
    expect(read('a:\n\tb: 1\n').problems).toEqual(['mail.yaml:2:1: error: Tabs are not allowed as indentation'])
    expect(read('a: 1\n---\nb: 1\n').problems).toEqual([
      'mail.yaml:2:1: error: a second document ("---") begins here: expected a single document',
    ])
    expect(read(`a: ${'['.repeat(20_000)}`).problems[0]).toMatch(/: error: data are nested too deeply$/)
  })

  it('reports syntax errors with their place, and reads nothing', () => {
    const { value, problems } = read('a: [kim\nb: 2\n')
    expect(value).toBeNull()
    expect(problems[0]).toMatch(/^mail\.yaml:\d+:\d+: error: /)
  })

  it('refuses a top level that is not a mapping; an empty file is empty', () => {
    expect(read('- a\n').problems[0]).toContain('expected a mapping')
    expect(read('# nothing\n')).toEqual({ value: null, plain: null, problems: [] })
  })

  it('stops at anchors that expand without end', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let n = 1; n < 9; n += 1) {
      const names = Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')
      bomb.push(`a${n}: &a${n} [${names}]`)
    }
    const { problems } = read(bomb.join('\n'))
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThan(10)
  })

  it('reports an anchor inside itself', () => {
    const { problems } = read('a: &a [*a]\n')
    expect(problems.length).toBeGreaterThan(0)
  })
})
