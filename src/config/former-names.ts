// Names of keys and values that changed before the first release. A file that has an old one is rejected with the new one.

const newNames: ReadonlyMap<string, string> = new Map([
  ['handover', 'queue_transfer'],
  ['expanded', 'dsn_expanded'],
  ['reserve', 'min_free'],
  ['complete', 'add_missing'],
  ['own: hand-over', 'relay-to-mx'],
  ['forwards: hand-over', 'relay-to-srs'],
  ['when_dmarc_would_fail: refuse', 'reject'],
  ['sign: earned', 'proven-origin'],
  ['admit: people', 'users'],
  ['checks: loop', 'hop-count'],
  ['checks: verify', 'authentication-results'],
  ['checks: trust-results', 'peer-results'],
  ['bare_newline: refuse', 'reject'],
  ['bare_newline: normalise', 'normalize'],
])

/** The new name of a key, if it is one of the known keys. */
export function newKey(key: string, known: readonly string[]): string | null {
  const name = newNames.get(key)
  return name !== undefined && known.includes(name) ? name : null
}

/** The new name of a value, or null. `key` is the nearest named key, also for an item of a list. */
export function newValue(key: string, value: unknown): string | null {
  return newNames.get(`${key}: ${String(value)}`) ?? null
}
