// The certificates of an operator's files in a running node: which of them are in use, and what waits for its TLSA record.

import { rm } from 'node:fs/promises'
import { createKeyHold, type KeyHold } from '../certificates/key-hold.ts'
import { type KeptPairs, noPairs, readKept, type SlotPair, writeKept } from '../certificates/kept-pairs.ts'
import type { TlsaWitnesses } from '../certificates/published-tlsa.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { keyHoldSettings } from '../wiring/key-hold-settings.ts'
import { keptPairsPath } from '../wiring/node-paths.ts'
import { type CertificateUsers, useCertificate } from './use-certificate.ts'

export interface KeyWatch {
  /** What the listeners get of the certificates of a configuration. Asks the DNS only about another certificate than the one in use. */
  choose(material: TlsMaterial | null): Promise<TlsMaterial | null>
  /** Begins to look at the DNS, once the users of the certificate run. */
  start(users: CertificateUsers): void
  /** Uses new keys that wait, by order of an operator. */
  useNow(order: {
    readonly by: string
    readonly reason: string
  }): Promise<{ readonly kind: 'done' | 'failed'; readonly text: string }>
  /** What an operator has to know about the certificates of the files. */
  warnings(): readonly Problem[]
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): void
}

export interface KeyWatchPorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'warn' | 'error' | 'bug'>
  readonly witnesses: () => TlsaWitnesses
}

/** How soon a record is seen. */
const LOOK_MS = 60_000

/** With `wait_for_tlsa: false`, or without a port that can have TLSA records, every certificate is used at once and none is kept. */
export async function openKeyWatch(config: Config, ports: KeyWatchPorts): Promise<KeyWatch> {
  const { log } = ports
  const file = keptPairsPath(config)
  const places = keyHoldSettings(config)
  if (!places) await rm(file, { force: true })
  const kept = places ? await readKept(file).catch((error: unknown) => unreadable(file, error, log)) : noPairs
  const hold = places && createKeyHold(places, kept, { ...ports, keep: (now) => writeKept(file, now) })
  return watchKeys(config, hold, ports)
}

function unreadable(file: string, error: unknown, log: KeyWatchPorts['log']): KeptPairs {
  log.error(
    { file, cause: errorText(error) },
    'the certificates in use cannot be read: those of the files are used at once',
  )
  return noPairs
}

/** @param hold null: every certificate is used at once */
export function watchKeys(
  config: Config,
  hold: KeyHold | null,
  { clock, log }: Pick<KeyWatchPorts, 'clock' | 'log'>,
): KeyWatch {
  let users: CertificateUsers | null = null
  const timers: { cancel(): void }[] = []
  const install = (pairs: readonly SlotPair[] | null) => {
    const material = users?.certificate.value
    if (!pairs || !users || !material) return
    const cause = useCertificate(withPairs(material, pairs), users)
    if (cause !== null) log.error({ cause }, 'a listener refuses the new certificate and keeps the old one')
  }
  const look = () =>
    void hold
      ?.look()
      .then(install)
      .catch((error: unknown) => log.bug(error, 'keys that wait for the DNS'))
  return {
    choose: async (material) => {
      if (!hold || !material) return material
      const managed = managesFirst(config)
      const chosen = await hold.choose(slotsOf(material).filter(({ slot }) => !managed || slot !== FIRST))
      return withPairs(material, chosen)
    },
    start: (running) => {
      users = running
      if (hold) timers.push(clock.after(0, look), clock.every(LOOK_MS, look))
    },
    useNow: async (order) => {
      const waiting = hold?.state().waits.map(({ slot }) => slot) ?? []
      const pairs = (await hold?.useNow(order)) ?? null
      install(pairs)
      if (!pairs) return { kind: 'failed', text: 'no new key waits for the DNS' }
      return { kind: 'done', text: `the node uses the new key of ${waiting.join(', ')}, by order of ${order.by}` }
    },
    warnings: () => (hold ? warningsOf(hold.state(), config) : []),
    health: { name: 'keys', check: () => (hold ? healthOf(hold) : { kind: 'ok' }) },
    metrics: metricsOf(() => hold?.state() ?? noPairs),
    close: () => {
      for (const timer of timers) timer.cancel()
    },
  }
}

const FIRST = 'tls'

/** The node gets the first certificate by itself, and waits for the DNS there. */
function managesFirst({ tls }: Config): boolean {
  return tls?.acme !== undefined
}

/** The certificates of the listeners with their keys in the YAML. */
export function slotsOf({ certificate, key, expiresAt, more = [] }: TlsMaterial): readonly SlotPair[] {
  return [
    { slot: FIRST, certificate, key, expiresAt },
    ...more.map((pair, index) => ({ ...pair, slot: `${FIRST}.more.${index}` })),
  ]
}

/** The first one stays if it is not among the pairs. */
function withPairs(material: TlsMaterial, pairs: readonly SlotPair[]): TlsMaterial {
  const { more: _more, ...rest } = material
  const bare = ({ certificate, key, expiresAt }: SlotPair) => ({ certificate, key, expiresAt })
  const first = pairs.find(({ slot }) => slot === FIRST)
  const others = pairs.filter((pair) => pair !== first).map(bare)
  return { ...rest, ...(first && bare(first)), ...(others.length > 0 && { more: others }) }
}

/** Sentences for people: log and health of the node, `waypost check`, the answer to a reload. */
function describeKeys({ waits, unshown }: KeptPairs): readonly { readonly slot: string; readonly text: string }[] {
  return [
    ...waits.map(({ slot, cause, until }) => ({
      slot,
      text: `the new key waits for the DNS: ${cause}. The certificate in use stays until ${new Date(until).toISOString()}; waypost certificates list has the records to publish`,
    })),
    ...unshown.flatMap(({ slot, cause }) =>
      cause === null
        ? []
        : [{ slot, text: `the key in use is not in the DNS, so hosts that obey DANE defer their mail: ${cause}` }],
    ),
  ]
}

/** The same at the keys of the YAML. */
export function warningsOf(kept: KeptPairs, { at }: Pick<Config, 'at'>): readonly Problem[] {
  return describeKeys(kept).map(({ slot, text }) =>
    at(
      slot.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
      text,
    ),
  )
}

function healthOf(hold: KeyHold): Health {
  const problem = hold.problem()
  const texts = [
    ...describeKeys(hold.state()).map(({ slot, text }) => `${slot}: ${text}`),
    ...(problem === null ? [] : [`the certificates in use cannot be kept: ${problem}`]),
  ]
  return texts.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: texts.join('; ') }
}

function metricsOf(state: () => KeptPairs): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_certificate_key_wait_end_timestamp_seconds',
      help: 'Unix time at which the certificate in use ends, while a new key waits for its TLSA record; no value if none waits.',
      labels: ['key'],
      read: () => state().waits.map(({ slot, until }) => ({ labels: { key: slot }, value: until / 1000 })),
    },
    {
      name: 'waypost_certificate_keys_without_tlsa',
      help: 'Certificates in use whose key the TLSA records of their names do not have: hosts that obey DANE defer their mail.',
      labels: [],
      read: () => [{ labels: {}, value: state().unshown.filter(({ cause }) => cause !== null).length }],
    },
  ]
}
