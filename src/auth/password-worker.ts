// The worker thread that checks passwords, one request after the other.

import { parentPort } from 'node:worker_threads'
import { matches } from './schemes.ts'
import type { StoredPassword } from './stored-password.ts'

export interface PasswordRequest {
  readonly stored: StoredPassword
  readonly password: string
}

export interface PasswordAnswer {
  /** Null if the check itself failed. */
  readonly matched: boolean | null
}

/** Messages between threads turn Buffers into Uint8Arrays, which every scheme accepts. */
parentPort?.on('message', (request: PasswordRequest) => {
  parentPort?.postMessage({ matched: judge(request) } satisfies PasswordAnswer)
})

function judge(request: PasswordRequest): boolean | null {
  try {
    return matches(request.stored, request.password)
  } catch {
    return null
  }
}
