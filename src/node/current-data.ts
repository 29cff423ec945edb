// The active data. A reload replaces all of it at once: a reader sees the old data or the new data, never a mix.

import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { AppPassword } from '../auth/app-password.ts'
import type { UserCertificates } from '../auth/user-certificates.ts'
import { withFreshPasswords, type FreshPasswords } from '../auth/fresh-passwords.ts'
import type { People } from '../auth/people.ts'
import type { Sealer } from '../dkim/sealer.ts'
import type { Signer } from '../dkim/signer.ts'
import type { LoopSettings } from '../intake/forward-loop.ts'
import type { OwnLists } from '../route/operator-lists.ts'
import type { Router } from '../route/resolution.ts'
import type { NodeData } from './load-data.ts'

export interface CurrentData {
  readonly router: Router
  /** The own lists of the active data: read it for each use. */
  readonly ownLists: OwnLists
  readonly signer: Signer
  readonly sealer: Sealer
  readonly people: People
  /** The app passwords of the active data: read it for each use. */
  readonly apps: readonly AppPassword[]
  /** The page for people has changed the file of app passwords to these. @param at monotonic time */
  replaceApps(list: readonly AppPassword[], at: number): void
  /** The page for people has changed the password of a user: it counts at once. */
  readonly freshPassword: FreshPasswords['set']
  /** Those of users; null without them. Read it for each use. */
  readonly certificates: UserCertificates | null
  readonly machines: CertificateAuthenticator
  readonly loop: LoopSettings
  /** The next hops that the routing data name. */
  readonly transports: ReadonlySet<string>
  /** The files of the active data, and of the data that the last reload rejected: their problems are fixed there. */
  files(): readonly string[]
  replace(data: NodeData): void
  /** Remembers the files of rejected data; the active data stays. */
  reject(files: readonly string[]): void
}

export function createCurrentData(first: NodeData): CurrentData {
  let data = first
  let rejected: readonly string[] = []
  let written: { readonly list: readonly AppPassword[]; readonly at: number } | null = null
  const fresh = withFreshPasswords(peopleNow(() => data.people))
  return {
    router: {
      resolve: (request) => data.router.resolve(request),
      isOurs: (domain) => data.router.isOurs(domain),
      ownNames: () => data.router.ownNames(),
      rewriteSender: (sender, at) => data.router.rewriteSender(sender, at),
      maySendAs: (who, address) => data.router.maySendAs(who, address),
      recipientLimit: (who, address) => data.router.recipientLimit(who, address),
    },
    get ownLists() {
      return data.ownLists
    },
    signer: {
      signsFor: (domain) => data.signer.signsFor(domain),
      hasKey: (domain, selector) => data.signer.hasKey(domain, selector),
      sign: (content, options) => data.signer.sign(content, options),
    },
    sealer: { seal: (content, options) => data.sealer.seal(content, options) },
    people: fresh.people,
    get apps() {
      return data.apps.value
    },
    replaceApps: (list, at) => {
      written = { list, at }
      data.apps.value = list
    },
    freshPassword: (identity, change) => fresh.set(identity, change),
    get certificates() {
      return data.certificates
    },
    machines: {
      identify: (certificate, ip) =>
        data.machines?.identify(certificate, ip) ??
        Promise.resolve({ kind: 'unavailable', cause: 'no machines are loaded' }),
    },
    loop: {
      get secrets() {
        return data.loop.secrets
      },
    },
    get transports() {
      return data.transports
    },
    files: () => [...new Set([...data.files, ...rejected])],
    replace: (next) => {
      // A reload may have read the file just before the page changed it.
      if (written && written.at >= next.apps.readAt) next.apps.value = written.list
      data = next
      fresh.sweep()
      rejected = []
    },
    reject: (files) => {
      rejected = files
    },
  }
}

function peopleNow(current: () => People): People {
  return {
    find: (identity) => current().find(identity),
    allHaveScram: () => current().allHaveScram(),
    known: (identity) => current().known(identity),
    decoy: () => current().decoy(),
    samples: () => current().samples(),
  }
}
