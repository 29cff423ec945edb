// The shipped lists: their documented answers have the documented meaning, and each entry is complete.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { matchesAnswer } from '../lib/answer-pattern.ts'
import { loadShippedDnsLists } from './dns-lists-file.ts'

const { lists, ended } = loadShippedDnsLists()

/** The points of an answer, or the word `error`, or null. */
function meaning(name: string, address: string): number | 'error' | null {
  const list = lists.get(name)
  if (list?.errors.some((one) => matchesAnswer(one.answer, address))) return 'error'
  return list?.answers.find((one) => matchesAnswer(one.answer, address))?.points ?? null
}

describe('the shipped lists', () => {
  it.each([
    ['spamhaus-zen', '127.0.0.2', 6],
    ['spamhaus-zen', '127.0.0.10', 5],
    ['spamhaus-zen', '127.0.0.12', null],
    ['spamhaus-zen', '127.0.1.2', null],
    ['spamhaus-dbl', '127.0.1.4', 6],
    ['spamhaus-dbl', '127.0.1.255', 'error'],
    ['dnswl', '127.0.15.3', -6],
    ['dnswl', '127.0.0.255', 'error'],
    ['dnswl', '127.0.0.1', null],
    ['surbl', '127.0.0.8', 4],
    ['surbl', '127.0.0.1', null],
    ['uribl', '127.0.0.14', 4],
    ['uribl', '127.0.0.1', null],
    ['uribl', '127.0.0.255', 'error'],
  ] as const)('%s answers %s: %s', (name, address, points) => {
    expect(meaning(name, address)).toBe(points)
  })

  it.each([...lists.values()])('$name has a zone, a page with https, and points of one sign', (list) => {
    expect(list.zone).toBeDefined()
    expect(list.url).toMatch(/^https:\/\//)
    const signs = new Set(list.answers.map(({ points }) => Math.sign(points)).filter((sign) => sign !== 0))
    expect(signs.size).toBe(1)
    expect(list.keyed_zone === undefined).toBe(list.key === undefined)
  })

  it('are in the table of docs/reference/dnsbl.md', () => {
    const page = readFileSync(new URL('../../docs/reference/dnsbl.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
    expect(new Set(rows)).toEqual(new Set(lists.keys()))
  })

  it('have distinct names, and lists that ended are none of them', () => {
    expect([...ended.keys()].filter((name) => lists.has(name))).toEqual([])
    expect(ended.get('sorbs')).toContain('2024')
  })
})
