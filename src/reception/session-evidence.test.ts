import { expect, test } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createSessionEvidence } from './session-evidence.ts'

const one = (name: string, points = 1) => ({ name, points, detail: '' })
const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name)

test('what a session showed stays, what a transaction showed ends with the next MAIL', () => {
  const evidence = createSessionEvidence()
  const session = sampleSession()
  expect(evidence.of(session)).toEqual([])
  evidence.note(session, 'connect', [one('NO_NAME')])
  evidence.note(session, 'helo', [one('HELO_ADDRESS')])
  evidence.note(session, 'mail', [one('MAIL')])
  evidence.note(session, 'rcpt', [one('FIRST')])
  evidence.note(session, 'rcpt', [one('SECOND')])
  expect(names(evidence.of(session))).toEqual(['NO_NAME', 'HELO_ADDRESS', 'MAIL', 'FIRST', 'SECOND'])
  evidence.note(session, 'mail', [])
  expect(names(evidence.of(session))).toEqual(['NO_NAME', 'HELO_ADDRESS'])
  evidence.note(session, 'helo', [])
  expect(names(evidence.of(session))).toEqual(['NO_NAME'])
})

test('a session that begins again has shown nothing', () => {
  const evidence = createSessionEvidence()
  const session = sampleSession()
  evidence.note(session, 'helo', [one('HELO_ADDRESS')])
  evidence.note(session, 'connect', [])
  expect(evidence.of(session)).toEqual([])
})

test('a name counts once, as it was found last, and sessions are apart', () => {
  const evidence = createSessionEvidence()
  const [first, second] = [sampleSession(), sampleSession()]
  for (const points of [1, 2]) evidence.note(first, 'rcpt', [one('LISTED', points)])
  expect(evidence.of(first)).toEqual([one('LISTED', 2)])
  expect(evidence.of(second)).toEqual([])
})

test('a thousand recipients that show the same are kept as one', () => {
  const evidence = createSessionEvidence()
  const session = sampleSession()
  for (let n = 0; n < 1000; n++) evidence.note(session, 'rcpt', [one('LISTED'), one('OTHER')])
  expect(names(evidence.of(session))).toEqual(['LISTED', 'OTHER'])
})
