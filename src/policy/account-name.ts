// The names under which the mail of an authenticated client counts: its account, and its app password.

import type { Authenticated } from '../smtp/origin.ts'
import type { AccountName } from '../state/usage-contract.ts'

export interface AccountNames {
  /** `user:kim`, `machine:ci-01`. */
  readonly account: AccountName
  /** `user:kim (app phone)`; null without an app password. */
  readonly app: AccountName | null
}

export function accountNames(origin: Authenticated): AccountNames {
  const account = `${origin.kind}:${origin.identity}`
  const app = origin.kind === 'user' && origin.app !== undefined ? `${account} (app ${origin.app})` : null
  return { account, app }
}

/** The same from the origin of a `received` event; null for other origins. */
export function namesOfOrigin(origin: string): AccountNames | null {
  if (!/^(?:user|machine):/.test(origin)) return null
  const [, account] = /^(user:.*) \(app .*\)$/s.exec(origin) ?? []
  return account === undefined ? { account: origin, app: null } : { account, app: origin }
}

/** Every name of one client. */
export function allNames({ account, app }: AccountNames): readonly AccountName[] {
  return app === null ? [account] : [account, app]
}

/** Whose mail a name stands for, as the queue records its origin. The name is one of `accountNames`. */
export function originOfName(name: AccountName): {
  readonly kind: 'user' | 'machine'
  readonly identity: string
  readonly app: string | null
} {
  const [, user, app] = /^user:(.*) \(app (.*)\)$/s.exec(name) ?? []
  if (user !== undefined && app !== undefined) return { kind: 'user', identity: user, app }
  const kind = name.startsWith('machine:') ? 'machine' : 'user'
  return { kind, identity: name.slice(kind.length + 1), app: null }
}
