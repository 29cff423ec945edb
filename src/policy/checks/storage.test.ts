import { expect, test } from 'vitest'
import { runCheck, senderFacts } from '../../../test/lib/check-facts.ts'
import type { QueueHealth } from '../../queue/contract/queue.ts'
import { QueueUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { storageCheck, storageRefusal } from './storage.ts'

/** A check of a queue that gives these answers in turn, and the last one from then on. */
function checkOf(answers: (QueueHealth | Error)[]) {
  let asked = 0
  const health = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] as QueueHealth | Error
    if (answer instanceof Error) throw answer
    return answer
  }
  const check = storageCheck({ health })
  return { verdict: async () => (await runCheck(check, 'mail', senderFacts())).verdict }
}

const ok: QueueHealth = { kind: 'ok', waiting: 0, freeBytes: 1e9 }

test('a full disk is 452 4.3.1, a failing queue 451 4.3.0, and both end', async () => {
  const { verdict } = checkOf([
    { kind: 'full', freeBytes: 1000 },
    { kind: 'full', freeBytes: 1e9, freeFiles: 3 },
    { kind: 'failing', cause: 'I/O error' },
    new QueueUnavailable('closed', 'closed'),
    ok,
  ])
  const verdicts = []
  for (let i = 0; i < 5; i++) verdicts.push(await verdict())
  expect(verdicts).toMatchObject([
    { kind: 'defer', reply: { code: 452, enhanced: '4.3.1', cause: '1000 bytes free' } },
    { kind: 'defer', reply: { code: 452, enhanced: '4.3.1', cause: '3 inodes free' } },
    { kind: 'defer', reply: { code: 451, enhanced: '4.3.0', cause: 'I/O error' } },
    { kind: 'defer', reply: { code: 451, enhanced: '4.3.0' } },
    { kind: 'accept' },
  ])
})

test.each([
  ['ENOSPC', 452],
  ['EIO', 451],
  ['EROFS', 451],
])('%s of a spool file is %i', (code, reply) => {
  expect(storageRefusal(Object.assign(new Error(code), { code }))).toMatchObject({ code: reply })
})

test('an error of another kind is no storage refusal', () => {
  expect(storageRefusal(new TypeError('x is undefined'))).toBeNull()
})
