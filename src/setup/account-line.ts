// The account of the first person, with a new password.

import { createAppSecret } from '../auth/app-password.ts'
import { createPasswordPool } from '../auth/password-pool.ts'
import { hashableSchemes } from '../auth/schemes.ts'

export interface NewAccount {
  /** A line of a passwd-file. */
  readonly line: string
  /** Of 100 random bits. It is shown once. */
  readonly password: string
}

/** Rejects if the hash cannot be computed. */
export async function createAccount(user: string): Promise<NewAccount> {
  const password = createAppSecret()
  const pool = createPasswordPool({ workers: 1 })
  try {
    const hash = await pool.hash(hashableSchemes[0], password)
    if (hash === null) throw new Error(`a ${hashableSchemes[0]} hash cannot be computed`)
    return { line: `${user}:${hash}\n`, password }
  } finally {
    await pool.close()
  }
}
