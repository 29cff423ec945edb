// The worker thread that checks passwords and makes hashes, one request after the other.

import { parentPort } from 'node:worker_threads'
import { systemClock } from '../lib/clock.ts'
import type { ScramSalt } from './derived-schemes.ts'
import { type HashableScheme, hashPassword, matches } from './schemes.ts'
import type { StoredPassword } from './stored-password.ts'

export type PasswordRequest =
  | { readonly kind: 'verify'; readonly stored: StoredPassword; readonly password: string }
  /** `salt`: for SCRAM keys only. */
  | {
      readonly kind: 'hash'
      readonly scheme: HashableScheme
      readonly password: string
      readonly salt: ScramSalt | null
    }

export interface PasswordAnswer {
  /** True or false for `verify`, a hash with its scheme for `hash`. Null if the work itself failed. */
  readonly result: boolean | string | null
  /** Computing time. */
  readonly ms: number
}

/** Messages between threads turn Buffers into Uint8Arrays, which every scheme accepts. */
parentPort?.on('message', (request: PasswordRequest) => {
  const start = systemClock.monotonic()
  const result = work(request)
  parentPort?.postMessage({ result, ms: systemClock.monotonic() - start } satisfies PasswordAnswer)
})

function work(request: PasswordRequest): PasswordAnswer['result'] {
  try {
    return request.kind === 'verify'
      ? matches(request.stored, request.password)
      : hashPassword(request.scheme, request.password, request.salt)
  } catch {
    return null
  }
}
