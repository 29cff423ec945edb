// The login of users: threads for passwords, the throttle, and the file of clients from which users have logged in.

import type { LastUses } from '../auth/last-uses.ts'
import { createBanningGuard } from '../auth/banning-guard.ts'
import { createCertificateLogin } from '../auth/certificate-login.ts'
import { openKnownClients } from '../auth/known-clients.ts'
import { createGuard } from '../auth/login-throttle.ts'
import type { LoginHistory } from '../auth/login-history.ts'
import { createPageLogin, type PageLogin } from '../auth/page-login.ts'
import { createPasswdAuthenticator } from '../auth/passwd-authenticator.ts'
import { createPasswordChanges } from '../auth/password-changes.ts'
import { createPasswordPool, type PasswordHasher } from '../auth/password-pool.ts'
import type { People } from '../auth/people.ts'
import { createRememberedPasswords } from '../auth/remembered-passwords.ts'
import { createScramAuthenticator } from '../auth/scram-authenticator.ts'
import type { UserCertificates } from '../auth/user-certificates.ts'
import { createTokenAuthenticator } from '../auth/token-authenticator.ts'
import type { TokenSettings } from '../auth/token-authenticator.ts'
import { createTokenKeys } from '../auth/token-keys.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createLogin } from '../reception/login.ts'
import type { LoginWatch } from '../reception/login-watch.ts'
import type { Login } from '../reception/login.ts'
import { banRules } from '../wiring/ban-settings.ts'
import { knownClientsPath, saltKeyPath } from '../wiring/node-paths.ts'
import { openSaltKey } from './scram-salt-key.ts'
import type { CertificateUse } from './certificate-use.ts'
import type { LoginFile } from './login-files.ts'
import type { BanWatch } from './ban-watch.ts'
import type { PasswordCount } from './password-count.ts'

/** A kill loses the new clients of this time only, ms. */
const SAVE_EVERY_MS = 5 * 60_000

export interface LoginPorts {
  readonly people: People
  readonly appUse: LastUses
  /** Null without a page for people. */
  readonly history: LoginHistory | null
  /** Those of users. */
  readonly certificates: () => UserCertificates | null
  readonly certificateUse: Pick<CertificateUse, 'used'>
  readonly watch: LoginWatch
  readonly budgets: Budgets
  readonly passwordCount: PasswordCount
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
  readonly bans: Pick<BanWatch, 'bans' | 'followLogin'>
  readonly stops: AsyncDisposableStack
}

export interface OpenLogin extends Login {
  /** Forgets the remembered passwords, and takes what a reload changes. */
  update(config: Config): void
  /** The same passwords and the same throttle, for the page of people. */
  readonly page: PageLogin
  readonly hasher: PasswordHasher
  /** The clients of each account. */
  readonly knownFile: LoginFile
  /** The password of the account was changed here: what is remembered of it is forgotten, and its sessions end. */
  changed(account: string): void
}

/** Null if no listener admits users. Rejects if the file cannot be read. */
export async function openLogin(config: Config, ports: LoginPorts): Promise<OpenLogin | null> {
  if (!config.listeners.some(({ admit }) => admit.includes('users'))) return null
  const { people, appUse, history, watch, budgets, passwordCount, clock, log, bans: banWatch, stops } = ports
  const { domain } = config
  const pool = passwordCount.ofPool(createPasswordPool({ places: budgets.pool('passwordChecks') }))
  stops.defer(() => pool.close())
  const known = await openKnownClients(knownClientsPath(config), clock)
  const forget = () => known.forget(clock.now() - config.privacy.forget.accounts)
  forget()
  const save = () =>
    known.save().catch((error: Error) => log.warn({ cause: error.message }, 'the known clients cannot be saved'))
  stops.defer(save)
  const saving = clock.every(SAVE_EVERY_MS, () => {
    forget()
    void save()
  })
  stops.defer(() => saving.cancel())
  const remembered = passwordCount.ofMemory(createRememberedPasswords(clock, config.login.remember_for))
  stops.defer(() => remembered.close())
  const changes = createPasswordChanges()
  const passwords = createPasswdAuthenticator({ people, pool, domain, clock, remembered, changes })
  let scramMode = config.login.scram
  const saltKey = await openSaltKey(saltKeyPath(config))
  const scram = createScramAuthenticator({ people, domain, clock, saltKey, mode: () => scramMode })
  const { used } = ports.certificateUse
  const certificates = createCertificateLogin({ certificates: ports.certificates, people, domain, clock, used })
  let tokenSettings = oauthSettings(config, ports)
  const tokens = createTokenAuthenticator({ settings: () => tokenSettings, people, domain, clock })
  const throttle = createGuard({ budgets, known })
  await banWatch.followLogin({ guard: throttle, known })
  const guard = createBanningGuard({
    guard: throttle,
    bans: banWatch.bans,
    known,
    rules: banRules(config),
    domain,
    clock,
  })
  return {
    ...createLogin({ passwords, scram, certificates, tokens, guard, remembered, domain, appUse, watch, history }),
    page: createPageLogin({ passwords, guard, remembered, domain }),
    hasher: pool,
    knownFile: { path: knownClientsPath(config), file: known },
    changed: (account) => {
      remembered.forget(account)
      changes.changed(account)
    },
    update: (next) => {
      const { login } = next
      scramMode = login.scram
      tokenSettings = oauthSettings(next, ports)
      remembered.restart(login.remember_for)
    },
  }
}

/** A reload fetches the keys again. */
function oauthSettings({ oauth }: Config, { clock, log }: Pick<LoginPorts, 'clock' | 'log'>): TokenSettings | null {
  if (oauth === null) return null
  const { issuer, audience, user, scopes, clock_skew: clockSkew, jwks } = oauth
  const keys = createTokenKeys(jwks, { clock, log, fetch: globalThis.fetch })
  // The first login need not wait for the issuer.
  void keys.current()
  return { issuer, audience, user, scopes, clockSkew, keys }
}
