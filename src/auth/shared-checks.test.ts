import { expect, it } from 'vitest'
import { createSharedChecks } from './shared-checks.ts'
import type { StoredPassword } from './stored-password.ts'

const stored: StoredPassword = { kind: 'plain', scheme: 'PLAIN', password: 'test' }
const lee = { account: 'lee', stored, password: 'test' }

it('runs one check for the same attempts at the same time, and another one later', async () => {
  const share = createSharedChecks<number>()
  let count = 0
  const gate = Promise.withResolvers<void>()
  const check = async () => {
    count++
    await gate.promise
    return count
  }
  const uses = [lee, lee, { ...lee, password: 'other' }, { ...lee, account: 'kim' }]
  const asked = [...uses.map((use) => share(use, 'people', check)), share(lee, 'internet', check)]
  expect(count).toBe(4)
  gate.resolve()
  await Promise.all(asked)
  expect(await share(lee, 'people', check)).toBe(5)
})

it('shares a failure, and forgets it', async () => {
  const share = createSharedChecks<number>()
  const failing = () => Promise.reject(new Error('broken'))
  const both = [share(lee, 'people', failing), share(lee, 'people', failing)]
  for (const one of both) await expect(one).rejects.toThrow('broken')
  expect(await share(lee, 'people', async () => 1)).toBe(1)
})
