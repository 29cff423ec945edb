// Keeps one certificate: gets it, renews it in time, and changes its key only when the DNS allows the next one. It looks once a minute at
// what is due. Everything that it needs after a restart is in files.

import { createHash, X509Certificate } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { AcmeError } from './acme-error.ts'
import { type AccountTerms, openAccount, orderCertificate } from './acme-order.ts'
import { AcmeSession } from './acme-session.ts'
import { type KeyAndChain, printCertificateFile, rejectionOf } from './certificate-file.ts'
import type { Challenger } from './challenge.ts'
import { type KeeperFiles, readPair } from './keeper-files.ts'
import { emptyState, type KeeperState, readState, writeState } from './keeper-state.ts'
import { createKey, type KeyKind, publicKeyInfo } from './key-kind.ts'
import { readIfThere, writePrivateFile } from './private-file.ts'
import { nextKey } from './key-to-find.ts'
import { findKeyInDns, type TlsaWitnesses } from './published-tlsa.ts'
import { renewalAdvice } from './renewal-advice.ts'
import { renewalId, timeIn } from './renewal-info.ts'
import { tlsaOwners } from './own-tlsa.ts'

export interface KeeperSettings {
  readonly files: KeeperFiles
  readonly names: readonly string[]
  readonly directoryUrl: string
  readonly ca: string | null
  readonly terms: AccountTerms
  readonly profile: string | null
  readonly keyKind: KeyKind
  /** Ms after which a key is replaced; null for never. */
  readonly rotateMs: number | null
  /** Ports with TLSA records. */
  readonly tlsaPorts: readonly number[]
  /** Ms for which the DNS shows the next key before it is used, at least twice the TTL of the records. */
  readonly graceMs: number
}

export interface KeeperPorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
  /** The resolvers that must show a next key. */
  readonly witnesses: () => TlsaWitnesses
  readonly challenger: Challenger
  /** A number from 0 to 1. */
  readonly random: () => number
  /** Uses a new certificate. Null, or why it cannot be used. */
  readonly install: (pair: KeyAndChain) => string | null
}

/** `waits`: nothing failed, and nothing was done. */
export interface KeeperAnswer {
  readonly kind: 'done' | 'waits' | 'failed'
  readonly text: string
}

const TICK_MS = 60_000
const HOUR_MS = 3_600_000
/** Authorities count failed checks of a name by the hour. */
const FIRST_RETRY_MS = 10 * 60_000
const MOST_RETRY_MS = 6 * HOUR_MS
/** A certificate that ends within this time is tried for each hour. */
const URGENT_MS = 48 * HOUR_MS
export interface CertificateKeeper {
  state(): KeeperState
  /** Gets a certificate now, whether it is due or not. */
  renew(): Promise<KeeperAnswer>
  /** Creates the next key. `now`: uses it without a look at the DNS. */
  rotate(now: boolean): Promise<KeeperAnswer>
  close(): void
}

/** Starts to look at what is due. */
export async function startKeeper(settings: KeeperSettings, ports: KeeperPorts): Promise<CertificateKeeper> {
  const keeper = new Keeper(settings, ports, await readState(settings.files.state))
  keeper.start()
  return keeper
}

class Keeper implements CertificateKeeper {
  readonly #settings: KeeperSettings
  readonly #ports: KeeperPorts
  #state: KeeperState
  /** Work in its order. */
  #last: Promise<unknown> = Promise.resolve()
  #ticks: { cancel(): void } | null = null
  #isClosed = false

  constructor(settings: KeeperSettings, ports: KeeperPorts, state: KeeperState) {
    this.#settings = settings
    this.#ports = ports
    this.#state = state
  }

  start(): void {
    const tick = () => void this.#inOrder(() => this.#look())
    const first = this.#ports.clock.after(0, tick)
    const ticks = this.#ports.clock.every(TICK_MS, tick)
    this.#ticks = { cancel: () => (first.cancel(), ticks.cancel()) }
  }

  close(): void {
    this.#isClosed = true
    this.#ticks?.cancel()
  }

  state(): KeeperState {
    return this.#state
  }

  renew(): Promise<KeeperAnswer> {
    return this.#inOrder(async () => {
      const pair = await readPair(this.#settings.files)
      // Without a certificate the first key is the next key, which may have to wait for the DNS.
      if (!pair) return this.#useNextKey()
      return this.#order(pair.key, pair)
    })
  }

  rotate(now: boolean): Promise<KeeperAnswer> {
    return this.#inOrder(async () => {
      await this.#ensureNextKey()
      return this.#useNextKey(now)
    })
  }

  /** One after the other; a failure is an answer, and is remembered. */
  #inOrder(work: () => Promise<KeeperAnswer>): Promise<KeeperAnswer> {
    const next = this.#last.then(async (): Promise<KeeperAnswer> => {
      if (this.#isClosed) return { kind: 'failed', text: 'the node stops' }
      try {
        return await work()
      } catch (error) {
        return this.#fail(error)
      }
    })
    this.#last = next
    return next
  }

  async #look(): Promise<KeeperAnswer> {
    const { clock } = this.#ports
    const now = clock.now()
    const { retryAt, keySince } = this.#state
    if (retryAt !== null && now < retryAt) return NOTHING_DUE
    const { files, rotateMs } = this.#settings
    const pair = await readPair(files)
    const isOld = rotateMs !== null && keySince !== null && now - keySince > rotateMs
    if (!pair || isOld) await this.#ensureNextKey()
    if ((await readIfThere(files.nextKey)) !== null) {
      const used = await this.#useNextKey()
      if (used.kind === 'done' || !pair) return used
    }
    if (!pair) return NOTHING_DUE
    if (keySince === null) await this.#remember({ keySince: now })
    const due = await this.#renewalTime(pair.certificate)
    return now >= due ? this.#order(pair.key, pair) : NOTHING_DUE
  }

  async #ensureNextKey(): Promise<void> {
    const { files, keyKind } = this.#settings
    if ((await readIfThere(files.nextKey)) !== null) return
    await writePrivateFile(files.nextKey, await createKey(keyKind))
    await this.#remember({ shownSince: null })
    this.#ports.log.info(
      { file: files.nextKey },
      'created the next key of the certificate; waypost certificates list has its TLSA record',
    )
  }

  /** Orders with the next key if the DNS allows it, or says for what it waits. */
  async #useNextKey(now = false): Promise<KeeperAnswer> {
    const { files, names, tlsaPorts, graceMs } = this.#settings
    await this.#ensureNextKey()
    const key = await readIfThere(files.nextKey)
    if (key === null) return NOTHING_DUE
    const pair = await readPair(files)
    if (now) return this.#order(key, pair)
    const shown = await findKeyInDns(tlsaOwners(names, tlsaPorts), nextKey(key), this.#ports.witnesses())
    if (shown.kind === 'none' && !pair) return this.#order(key, pair)
    if (shown.kind === 'missing' || shown.kind === 'unavailable') {
      if (this.#state.shownSince !== null && shown.kind === 'missing') await this.#remember({ shownSince: null })
      const why = shown.kind === 'missing' ? `${shown.places.join(', ')} without its TLSA record` : shown.cause
      if (!pair) await this.#remember({ problem: `the first key waits for the DNS: ${why}` })
      return waiting(why)
    }
    const since = this.#state.shownSince ?? this.#ports.clock.now()
    if (this.#state.shownSince === null) await this.#remember({ shownSince: since })
    const until = since + Math.max(graceMs, shown.ttl * 2000)
    if (this.#ports.clock.now() >= until) return this.#order(key, pair)
    const what = shown.kind === 'none' ? 'the DNS has no TLSA records' : 'the DNS shows its TLSA record'
    const why = `${what}, and older answers end at ${new Date(until).toISOString()}`
    return waiting(why)
  }

  async #order(key: string, before: KeyAndChain | null): Promise<KeeperAnswer> {
    const { settings, ports } = { settings: this.#settings, ports: this.#ports }
    const digest = createHash('sha256').update(publicKeyInfo(key)).digest('hex')
    const { order } = this.#state
    const session = new AcmeSession({ ...settings, accountKey: await this.#accountKey() }, ports.clock)
    await openAccount(session, settings.terms)
    const request = {
      names: settings.names,
      key,
      profile: settings.profile,
      replaces: before && (await renewalId(before.certificate)),
      earlier: order?.key === digest ? order.url : null,
    }
    const began = (url: string) => this.#remember({ order: { url, key: digest } })
    const certificate = await orderCertificate(session, request, { ...ports, began })
    return this.#install({ key, certificate }, before)
  }

  async #install(pair: KeyAndChain, before: KeyAndChain | null): Promise<KeeperAnswer> {
    const { files, names } = this.#settings
    const cause = rejectionOf(pair)
    if (cause !== null) throw new AcmeError(`the authority gave a certificate that cannot be used: ${cause}`)
    const leaf = new X509Certificate(pair.certificate)
    const missing = names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined)
    if (missing.length > 0) throw new AcmeError(`the authority gave a certificate without ${missing.join(', ')}`)
    await writePrivateFile(files.certificate, printCertificateFile(pair))
    const isNewKey = before?.key !== pair.key
    if (isNewKey) await rm(files.nextKey, { force: true })
    const keySince = isNewKey ? this.#ports.clock.now() : this.#state.keySince
    await this.#remember({ ...emptyState, keySince })
    const refused = this.#ports.install(pair)
    if (refused !== null) throw new AcmeError(`the listeners refuse the new certificate: ${refused}`)
    const expires = new Date(leaf.validTo).toISOString()
    this.#ports.log.info({ names, expires, newKey: isNewKey }, 'the node has a new certificate')
    return { kind: 'done', text: `a new certificate for ${names.join(', ')} is valid until ${expires}` }
  }

  async #accountKey(): Promise<string> {
    const { accountKey } = this.#settings.files
    const kept = await readIfThere(accountKey)
    if (kept !== null) return kept
    const created = await createKey('ecdsa-p256')
    await writePrivateFile(accountKey, created)
    return created
  }

  /** Unix milliseconds at which the certificate is to be renewed. */
  async #renewalTime(certificate: string): Promise<number> {
    const now = this.#ports.clock.now()
    const { fingerprint256: fingerprint } = new X509Certificate(certificate)
    const known = this.#state.renewal
    if (known?.fingerprint === fingerprint && now < known.askAt) return known.at
    const { window, askMs, byAdvice } = await renewalAdvice(this.#settings, certificate, this.#ports.clock)
    // The time stays while it is in the window (RFC 9773 4.2).
    const stays = known?.fingerprint === fingerprint && known.at >= window.start && known.at <= window.end
    const at = stays ? known.at : timeIn(window, this.#ports.random())
    await this.#remember({ renewal: { fingerprint, at, byAdvice, askAt: now + askMs } })
    return at
  }

  async #fail(error: unknown): Promise<KeeperAnswer> {
    const { clock, log } = this.#ports
    const problem = errorText(error)
    if (!(error instanceof AcmeError) && (error as NodeJS.ErrnoException).code === undefined)
      log.bug(error, 'certificate')
    const failures = this.#state.failures + 1
    const asked = error instanceof AcmeError ? error.retryMs : null
    const usual = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MOST_RETRY_MS)
    const wait = Math.max(asked ?? 0, (await this.#isUrgent()) ? Math.min(usual, HOUR_MS) : usual)
    log.error({ cause: problem, inMs: wait }, 'the node got no new certificate; it tries again')
    await this.#remember({ failures, problem, retryAt: clock.now() + wait })
    return { kind: 'failed', text: problem }
  }

  async #isUrgent(): Promise<boolean> {
    const pair = await readPair(this.#settings.files).catch(() => null)
    return (
      pair !== null && Date.parse(new X509Certificate(pair.certificate).validTo) - this.#ports.clock.now() < URGENT_MS
    )
  }

  /** In memory at once; a state that cannot be written is a failure of what follows. */
  async #remember(change: Partial<KeeperState>): Promise<void> {
    this.#state = { ...this.#state, ...change }
    try {
      await writeState(this.#settings.files.state, this.#state)
    } catch (error) {
      const problem = `cannot write ${this.#settings.files.state}: ${errorText(error)}`
      this.#state = { ...this.#state, problem }
      // An order whose certificate could not be stored would be lost.
      if (change.order) throw new AcmeError(problem)
    }
  }
}

const NOTHING_DUE: KeeperAnswer = { kind: 'waits', text: 'nothing is due' }

function waiting(why: string): KeeperAnswer {
  return { kind: 'waits', text: `the next key waits: ${why}` }
}
