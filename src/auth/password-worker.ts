// The worker thread that checks passwords and makes hashes, one request after the other.

import { parentPort } from 'node:worker_threads'
import { type HashableScheme, hashPassword, matches } from './schemes.ts'
import type { StoredPassword } from './stored-password.ts'

export type PasswordRequest =
  | { readonly kind: 'verify'; readonly stored: StoredPassword; readonly password: string }
  | { readonly kind: 'hash'; readonly scheme: HashableScheme; readonly password: string }

/** True or false for `verify`, a hash with its scheme for `hash`. Null if the work itself failed. */
export type PasswordAnswer = boolean | string | null

/** Messages between threads turn Buffers into Uint8Arrays, which every scheme accepts. */
parentPort?.on('message', (request: PasswordRequest) => {
  parentPort?.postMessage(answer(request) satisfies PasswordAnswer)
})

function answer(request: PasswordRequest): PasswordAnswer {
  try {
    return request.kind === 'verify'
      ? matches(request.stored, request.password)
      : hashPassword(request.scheme, request.password)
  } catch {
    return null
  }
}
