// Counts the passwords of logins by what became of them, for the metrics.

import type { PasswordPool } from '../auth/password-pool.ts'
import type { RememberedPasswords } from '../auth/remembered-passwords.ts'
import type { GaugeSource } from '../observe/metrics.ts'

type PasswordResult = Awaited<ReturnType<PasswordPool['verify']>>['verdict'] | 'remembered'

export interface PasswordCount {
  /** The pool, counted. */
  readonly ofPool: <Pool extends Pick<PasswordPool, 'verify'>>(pool: Pool) => Pool
  /** The memory, counted. */
  readonly ofMemory: <Memory extends Pick<RememberedPasswords, 'has'>>(memory: Memory) => Memory
  readonly metric: GaugeSource
}

export function createPasswordCount(): PasswordCount {
  const counts = new Map<PasswordResult, number>()
  const count = (result: PasswordResult) => void counts.set(result, (counts.get(result) ?? 0) + 1)
  return {
    ofPool: (pool) => ({
      ...pool,
      verify: async (...asked: Parameters<PasswordPool['verify']>) => {
        const answer = await pool.verify(...asked)
        count(answer.verdict)
        return answer
      },
    }),
    ofMemory: (memory) => ({
      ...memory,
      has: (use) => {
        const isKnown = memory.has(use)
        if (isKnown) count('remembered')
        return isKnown
      },
    }),
    metric: {
      name: 'waypost_password_checks_total',
      help: 'Passwords of users, by result: a hash was computed and is a `match` or a `mismatch` (also for unknown users), no hash was needed because the password is `remembered`, or `unavailable` (the budget was full).',
      labels: ['result'],
      isCounter: true,
      read: () => [...counts].map(([result, value]) => ({ labels: { result }, value })),
    },
  }
}
