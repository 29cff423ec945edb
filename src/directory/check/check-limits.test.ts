import { describe, expect, it } from 'vitest'
import { CHAIN_LIMIT, EXPANSION_LIMIT } from '../directory.ts'
import { loadDirectory } from '../load-directory.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { formatProblem } from '../data-problem.ts'

function told(text: string): string[] {
  const settings = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
  return loadDirectory(settings, memoryFiles({ 'm.yaml': text })).problems.map(formatProblem)
}

const numbers = (count: number) => Array.from({ length: count }, (_unused, index) => index)
const chain = (length: number) =>
  `aliases:\n${numbers(length)
    .map((n) => `  a${n}: a${n + 1}\n`)
    .join('')}forwards: { a${length}: x@far.example }\n`
const group = (count: number) =>
  `[${numbers(count)
    .map((n) => `u${n}@far.example`)
    .join(', ')}]`

describe('chains', () => {
  it('may be as long as the router follows them', () => {
    expect(told(chain(CHAIN_LIMIT))).toEqual([])
  })

  it('that are longer are reported once, at the lowest entry above the limit', () => {
    expect(told(chain(CHAIN_LIMIT + 3))).toEqual([
      'm.yaml:4:7: error: a2@example.org resolves through more than 50 entries',
    ])
  })
})

describe('groups', () => {
  it('may have as many members as the router follows', () => {
    expect(told(`aliases: { all: ${group(EXPANSION_LIMIT)} }`)).toEqual([])
  })

  it.each([
    ['in one list', `aliases: { all: ${group(EXPANSION_LIMIT + 1)} }`],
    ['of a forward', `forwards: { all: ${group(EXPANSION_LIMIT + 1)} }`],
    ['above others', `aliases: { all: ${group(EXPANSION_LIMIT + 1)}, more: all, most: [more, x@far.example] }`],
  ])('with more members are reported once: %s', (_name, text) => {
    expect(told(text)).toEqual([
      expect.stringMatching(/^m\.yaml:1:\d+: error: all@example\.org expands to more than 1000 addresses/),
    ])
  })

  it('count the members of nested groups', () => {
    const people = numbers(600)
      .map((n) => `v${n}@far.example`)
      .join(', ')
    const text = `aliases: { one: ${group(600)}, two: [${people}], all: [one, two], single: [one, one+tag, one] }`
    expect(told(text)).toEqual([expect.stringContaining('all@example.org expands to more than 1000 addresses')])
  })

  it('count each member once, however often it is reached', () => {
    const levels = numbers(20).map((n) => `  a${n}: [b${n}, c${n}]\n  b${n}: a${n + 1}\n  c${n}: a${n + 1}\n`)
    expect(told(`aliases:\n${levels.join('')}forwards: { a20: x@far.example }\n`)).toEqual([])
  })

  it('may have local members, copies and tags', () => {
    const people = numbers(900).map((n) => `  p${n}: p${n}@far.example\n`)
    const all = numbers(900)
      .map((n) => `p${n}+list`)
      .join(', ')
    expect(
      told(`aliases:\n  all: [${all}]\n  every: [all, every]\nforwards:\n  every: e@far.example\n${people.join('')}`),
    ).toEqual([])
  })

  it('that form a loop are reported', () => {
    expect(told('aliases: { a: [b, x@far.example], b: a }')).toEqual([expect.stringContaining('loop: ')])
  })
})
