import { describe, expect, it } from 'vitest'
import type { ListAnswer, ListFinding } from '../filter/dns-lists.ts'
import { describeScore, listedSubject, listReason, listResult, scoreLists } from './list-score.ts'

const listed = (points: number, url: string | null = null): ListAnswer => ({
  kind: 'listed',
  points,
  meaning: 'spam',
  url,
})
const finding = (list: string, answer: ListAnswer, of?: 'helo' | 'sender' | 'author'): ListFinding => ({
  list,
  subject: of ? { kind: 'domain', of, value: `${of}.example` } : { kind: 'address', value: '192.0.2.1' },
  answer,
})

describe('the score of lists', () => {
  it('is the sum of the heaviest answer of each list, heaviest list first', () => {
    const score = scoreLists([
      finding('a', listed(2)),
      finding('a', listed(3), 'helo'),
      finding('b', listed(4)),
      finding('c', listed(-1)),
      finding('d', { kind: 'not-listed' }),
    ])
    expect(score.points).toBe(6)
    expect(score.hits.map(({ list }) => list)).toEqual(['b', 'a', 'c'])
  })

  it('has no error of binary fractions', () => {
    expect(scoreLists([finding('a', listed(0.1)), finding('b', listed(0.2)), finding('c', listed(4.7))]).points).toBe(5)
  })

  it('has one word for the ledger', () => {
    const word = (...answers: ListAnswer[]) =>
      listResult(scoreLists(answers.map((one, i) => finding(`l${i}`, one))), answers.length)
    const unavailable: ListAnswer = { kind: 'unavailable', cause: 'no answer' }
    expect(word(listed(1))).toBe('listed')
    expect(word(listed(1), listed(-3))).toBe('allowed')
    expect(word(listed(0))).toBe('allowed')
    expect(word({ kind: 'not-listed' }, unavailable)).toBe('not-listed')
    expect(word(unavailable, unavailable)).toBe('unavailable')
    expect(word()).toBe('not-listed')
  })

  it('names hits, and shortens causes', () => {
    const cause = 'x'.repeat(500)
    const text = describeScore(
      scoreLists([finding('a', listed(5), 'sender'), finding('b', { kind: 'unavailable', cause })]),
    )
    expect(text).toBe(`5 points: a 5 for sender.example (spam); unavailable: b (${'x'.repeat(120)})`)
  })

  it.each([
    [undefined, 'Your address 192.0.2.1'],
    ['helo', 'Your name helo.example'],
    ['sender', 'The sender domain sender.example'],
    ['author', 'The author domain author.example'],
  ] as const)('says to the client what is listed: %s', (of, words) => {
    const [hit] = scoreLists([finding('a', listed(5, 'https://a.example/1'), of)]).hits
    expect(hit && listedSubject(hit)).toBe(words)
    expect(hit && listReason(hit)).toBe('a (spam), see https://a.example/1')
  })
})
