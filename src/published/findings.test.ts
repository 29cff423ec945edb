import { expect, test } from 'vitest'
import { dateFindings, type DnsFinding, formatSeen, parseSeen, sortFindings } from './findings.ts'

const finding = (
  id: string,
  severity: DnsFinding['severity'] = 'error',
  more: Partial<DnsFinding> = {},
): DnsFinding => ({
  id,
  severity,
  subject: id.split(' ').slice(1).join(' '),
  problem: 'missing',
  breaks: null,
  advice: null,
  ...more,
})

test('a finding keeps the time of the first check that found it, and is forgotten when it is gone', () => {
  const first = dateFindings([finding('missing a MX')], {}, 1000)
  const second = dateFindings(
    [finding('missing a MX'), finding('missing b MX')],
    parseSeen(formatSeen(first.seen)),
    2000,
  )
  expect(second.dated.map(({ id, since }) => [id, since])).toEqual([
    ['missing a MX', 1000],
    ['missing b MX', 2000],
  ])
  const third = dateFindings([finding('missing b MX')], second.seen, 3000)
  expect(third.seen).toEqual({ 'missing b MX': 2000 })
  expect(dateFindings([finding('missing a MX')], third.seen, 4000).dated[0]?.since).toBe(4000)
})

test('a server that does not answer does not reset the time', () => {
  const { seen } = dateFindings([finding('missing a MX')], {}, 1000)
  const unknown = dateFindings([finding('unknown a MX', 'warning', { isUnknown: true })], seen, 2000)
  expect(dateFindings([finding('missing a MX')], unknown.seen, 3000).dated[0]?.since).toBe(1000)
})

test.each(['', '{', '[]', '{"seen":{"a":"b"}}'])('a damaged file %j is empty', (text) => {
  expect(parseSeen(text)).toEqual({})
})

test('errors come first, the oldest before', () => {
  const { dated } = dateFindings([finding('n x', 'note'), finding('e new'), finding('e old')], { 'e old': 1 }, 5)
  expect(sortFindings(dated).map(({ id }) => id)).toEqual(['e old', 'e new', 'n x'])
})
