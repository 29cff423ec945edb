// Which changed keys of a node's YAML a reload does not take over. An admin who has just taken a stolen peer off the list must not
// read "reloaded" and believe it.

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
  'authserv_id',
  'dmarc',
  'rspamd',
  'queue',
  'delivery',
  'bounce',
  'limits',
  'watch',
  'admin',
  'log',
] as const satisfies readonly (keyof Config)[]

/** The names of the keys that count from the next start on only. */
export function needsRestart(running: Config, wanted: Config): readonly string[] {
  const changed = ofTheStart.filter((key) => JSON.stringify(running[key]) !== JSON.stringify(wanted[key]))
  // A renewed certificate is taken over; whether there is one decides at the start what listeners offer.
  return (running.tls === null) === (wanted.tls === null) ? changed : [...changed, 'tls']
}
