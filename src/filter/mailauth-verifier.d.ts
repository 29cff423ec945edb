// Types of the modules of mailauth that have none: only what this folder uses.

declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import type { Writable } from 'node:stream'
  import type { ARCData, DKIMVerifyOptions, DKIMVerifyResult } from 'mailauth'
  import type { MailauthKeyCache } from './key-memory.ts'

  export class DkimVerifier extends Writable {
    constructor(options: DKIMVerifyOptions)
    keyCache: MailauthKeyCache
    readonly arc: ARCData & { keyCache: MailauthKeyCache }
    readonly headers: DKIMVerifyResult['headers']
    readonly headerFrom: DKIMVerifyResult['headerFrom']
    readonly fromFields: DKIMVerifyResult['fromFields']
    readonly envelopeFrom: DKIMVerifyResult['envelopeFrom']
    readonly results: DKIMVerifyResult['results']
    /** Takes the whole header section with the empty line that ends it. */
    emitHeaders(header: Buffer): Promise<void>
    nextChunk(body: Buffer): Promise<void>
    /** After the last chunk: verifies the signatures. */
    finalChunk(): Promise<void>
  }
}

declare module 'mailauth/lib/tools.js' {
  import type { PublicKey } from './key-memory.ts'
  import type { MailauthResolver } from './mailauth-adapter.ts'

  export function toALabel(name: string): string
  export function getPublicKey(
    ...asked: [
      type: string,
      name: string,
      minBitLength: number | undefined,
      resolver: MailauthResolver,
      options: { readonly strict?: boolean; readonly hashAlgo?: string },
    ]
  ): Promise<PublicKey>
}
