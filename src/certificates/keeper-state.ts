// What the keeper of a certificate remembers across restarts, as JSON beside the certificate. It holds no secret. A file that cannot be read
// counts as empty: the node then asks again for what it forgot.

import { readIfThere, writePrivateFile } from './private-file.ts'

export interface KeeperState {
  /** An order that has begun. */
  readonly order: { readonly url: string; readonly key: string } | null
  /** Failures in a row, and when the next try is, unix milliseconds. */
  readonly failures: number
  readonly retryAt: number | null
  readonly problem: string | null
  /** When the certificate with this fingerprint is renewed, and when the authority is asked again. */
  readonly renewal: {
    readonly fingerprint: string
    readonly at: number
    readonly byAdvice: boolean
    readonly askAt: number
  } | null
  /** Since when the DNS shows the next key; null if it does not. */
  readonly shownSince: number | null
  /** Since when the key of the certificate is in use. */
  readonly keySince: number | null
}

export const emptyState: KeeperState = {
  order: null,
  failures: 0,
  retryAt: null,
  problem: null,
  renewal: null,
  shownSince: null,
  keySince: null,
}

export async function readState(file: string): Promise<KeeperState> {
  try {
    const text = await readIfThere(file)
    return text === null ? emptyState : { ...emptyState, ...(JSON.parse(text) as Partial<KeeperState>) }
  } catch {
    return emptyState
  }
}

/** Rejects with the error of the file system. */
export async function writeState(file: string, state: KeeperState): Promise<void> {
  await writePrivateFile(file, `${JSON.stringify(state, null, 2)}\n`)
}
