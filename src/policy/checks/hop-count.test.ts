import { expect, test } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import { hopCountCheck } from './hop-count.ts'

const verdictOn = async (hops: number) => {
  const header = Array.from({ length: hops }, (_, i) => `Received: by h${i}`).join('\n')
  return (await runCheck(hopCountCheck(5), 'message', mailFacts(header))).verdict
}

test('the limit itself is refused, one hop less is not', async () => {
  expect((await verdictOn(4)).kind).toBe('accept')
  expect(await verdictOn(5)).toMatchObject({ kind: 'reject', reply: { code: 554, enhanced: '5.4.6' } })
})
