import { expect, it } from 'vitest'
import { findOperator, parseOperators, tokenDigest } from './operator-list.ts'

const print = 'AB:'.repeat(31) + 'AB'

it('reads tokens and certificates, with comments', () => {
  const text = `# ours\nanna act token:${tokenDigest('x')} # laptop\n\nben  view certificate:${print}\n`
  expect(parseOperators(text)).toEqual({
    kind: 'read',
    entries: [
      { name: 'anna', right: 'act', proof: 'token', digest: tokenDigest('x') },
      { name: 'ben', right: 'view', proof: 'certificate', digest: 'ab'.repeat(32) },
    ],
  })
})

it.each([
  'anna act',
  `anna admin token:${tokenDigest('x')}`,
  `an:na act token:${tokenDigest('x')}`,
  'anna act token:secret',
  `anna act password:${tokenDigest('x')}`,
  `anna act token:${tokenDigest('x')} more`,
])('refuses the whole list for the line %s', (line) => {
  expect(parseOperators(`ben act token:${tokenDigest('y')}\n${line}\n`)).toMatchObject({
    kind: 'bad',
    problem: expect.stringMatching(/^line 2/),
  })
})

it('finds a digest as the kind of proof that it is', () => {
  const read = parseOperators(`anna act certificate:${print}`)
  const entries = read.kind === 'read' ? read.entries : []
  expect(findOperator(entries, 'certificate', 'ab'.repeat(32))?.name).toBe('anna')
  expect(findOperator(entries, 'token', 'ab'.repeat(32))).toBeNull()
  expect(findOperator(entries, 'certificate', '')).toBeNull()
})
