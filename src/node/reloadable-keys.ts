// What a reload takes over of a node's YAML, and which changed keys it does not. An admin who has just taken a stolen peer off the list
// must not read "reloaded" and believe it.

import type { Config } from '../config/config.ts'

/** What the rooms were built with at the start; everything else is data, read anew by every reload. */
const ofTheStart = [
  'role',
  'hostname',
  'domain',
  'data',
  'listeners',
  'dns',
  'peers',
  'forwards',
  'arc',
  'postmaster',
  'authserv_id',
  'dmarc',
  'rspamd',
  'queue',
  'delivery',
  'bounce',
  'limits',
  'watch',
  'admin',
  'queue_transfer',
  'log',
] as const satisfies readonly (keyof Config)[]

/** Keys of which a part is data: each tells what of it the rooms were built with. */
const partlyOfTheStart = {
  // A renewed certificate is taken over; whether there is one decides what listeners offer, and a CA whether peers are verified.
  tls: ({ tls }) => [tls !== null, (tls?.ca ?? null) !== null],
  // Secrets and hashes are data; rewritten authors live at the domain, and the store of long senders knows the age.
  srs: ({ srs }) => [srs?.domain, srs?.max_age],
} as const satisfies Partial<Record<keyof Config, (config: Config) => unknown>>

export interface TakeOver {
  /** The wanted configuration with every key of the start as it is in force. */
  readonly config: Config
  /** The names of the changed keys that count from the next start on only. */
  readonly later: readonly string[]
}

/** `running`: what is in force, with the certificate of the moment. */
export function takeOver(running: Config, wanted: Config): TakeOver {
  const whole = ofTheStart.filter((key) => differs(running[key], wanted[key]))
  const parts = Object.entries(partlyOfTheStart)
    .filter(([, part]) => differs(part(running), part(wanted)))
    .map(([key]) => key as keyof typeof partlyOfTheStart)
  const later = [...whole.map((key) => (key === 'listeners' ? 'listen' : key)), ...parts]
  const kept = Object.fromEntries([...ofTheStart, ...parts].map((key) => [key, running[key]]))
  return { config: { ...wanted, ...kept }, later }
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}
