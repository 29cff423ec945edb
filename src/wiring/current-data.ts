// The data that is in force. A reload puts a new whole in its place at once; whoever asks sees the old one or the new one, never a mix.

import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { People } from '../auth/people.ts'
import type { Sealer } from '../dkim/sealer.ts'
import type { Signer } from '../dkim/signer.ts'
import type { LoopSettings } from '../intake/forward-loop.ts'
import type { Router } from '../route/resolution.ts'
import type { NodeData } from './load-data.ts'

export interface CurrentData {
  readonly router: Router
  readonly signer: Signer
  readonly sealer: Sealer
  /** The people who may log in, at this moment. */
  readonly people: People
  readonly machines: CertificateAuthenticator
  readonly loop: LoopSettings
  /** Of the data in force, and of those that were refused last: their mistakes are mended there. */
  files(): readonly string[]
  replace(data: NodeData): void
  /** New data are not taken; what is in force stays. */
  refuse(files: readonly string[]): void
}

export function createCurrentData(first: NodeData): CurrentData {
  let data = first
  let refused: readonly string[] = []
  return {
    router: {
      resolve: (request) => data.router.resolve(request),
      isOurs: (domain) => data.router.isOurs(domain),
      maySendAs: (who, address) => data.router.maySendAs(who, address),
    },
    signer: {
      signsFor: (domain) => data.signer.signsFor(domain),
      hasKey: (domain, selector) => data.signer.hasKey(domain, selector),
      sign: (content, options) => data.signer.sign(content, options),
    },
    sealer: { seal: (content, options) => data.sealer.seal(content, options) },
    people: { find: (identity) => data.people.find(identity), decoy: () => data.people.decoy() },
    machines: {
      identify: (certificate) =>
        data.machines?.identify(certificate) ??
        Promise.resolve({ kind: 'unavailable', cause: 'no machines are loaded' }),
    },
    loop: {
      get secrets() {
        return data.loop.secrets
      },
    },
    files: () => [...new Set([...data.files, ...refused])],
    replace: (next) => {
      data = next
      refused = []
    },
    refuse: (files) => {
      refused = files
    },
  }
}
