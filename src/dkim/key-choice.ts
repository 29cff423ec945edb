// Selects the keys that sign for a domain: its active keys, or those of the nearest parent that is configured to sign for subdomains.

import type { DkimKey } from './key.ts'

export interface KeySettings {
  /** Keys of any stage; only active ones sign. */
  readonly keys: readonly DkimKey[]
  /** Domains whose keys also sign for their subdomains (relaxed alignment of DMARC, RFC 9989 4.4.1, accepts that). */
  readonly parents: readonly string[]
}

/** Returns the active keys for a domain; an empty list if none signs. */
export function createKeyChoice(settings: KeySettings): (domain: string) => readonly DkimKey[] {
  const keysOf = new Map<string, DkimKey[]>()
  for (const key of settings.keys) {
    if (key.stage !== 'active') continue
    const keys = keysOf.get(key.domain)
    if (keys) keys.push(key)
    else keysOf.set(key.domain, [key])
  }
  const parents = new Set(settings.parents.map((domain) => domain.toLowerCase()))
  return (wanted) => {
    let domain = wanted.toLowerCase()
    const exact = keysOf.get(domain)
    if (exact) return exact
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.')) {
      domain = domain.slice(dot + 1)
      const keys = parents.has(domain) ? keysOf.get(domain) : undefined
      if (keys) return keys
    }
    return []
  }
}
