import { expect, it } from 'vitest'
import type { PasswordPool } from '../auth/password-pool.ts'
import type { StoredPassword } from '../auth/stored-password.ts'
import { createPasswordCount } from './password-count.ts'

const stored: StoredPassword = { kind: 'plain', scheme: 'PLAIN', password: 'test' }

it('counts what a pool and a memory answer, and changes nothing', async () => {
  const { ofPool, ofMemory, metric } = createPasswordCount()
  const verdicts = ['match', 'mismatch', 'match', 'unavailable'] as const
  let next = 0
  const verify: PasswordPool['verify'] = async () => ({ verdict: verdicts[next++] ?? 'unavailable', ms: 1 })
  const pool = ofPool({ verify })
  for (const verdict of verdicts) expect(await pool.verify(stored, 'x')).toEqual({ verdict, ms: 1 })
  const memory = ofMemory({ has: ({ password }) => password === 'test' })
  expect(['test', 'other'].map((password) => memory.has({ account: 'lee', stored, password }))).toEqual([true, false])
  expect(await metric.read()).toEqual([
    { labels: { result: 'match' }, value: 2 },
    { labels: { result: 'mismatch' }, value: 1 },
    { labels: { result: 'unavailable' }, value: 1 },
    { labels: { result: 'remembered' }, value: 1 },
  ])
})
