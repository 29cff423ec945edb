// Our domains as a tree of names: how a domain relates to them decides whether an envelope of ours could make its DMARC pass.

import type { Directory } from '../directory/directory.ts'
import type { OwnNames } from './resolution.ts'
import type { RouterSettings } from './router-settings.ts'

/** Mail, alias and transport domains, the main domain, and the SRS domains. */
export function createOwnNames(directory: Directory, { srs }: Pick<RouterSettings, 'srs'>): OwnNames {
  const srsDomains = srs ? [srs.domain, ...(srs.formerDomains ?? [])] : []
  const names = new Set([directory.mainDomain, ...directory.domains.keys(), ...srsDomains])
  const parents = new Set([...names].flatMap((name) => [...ancestors(name)]))
  return {
    highestAbove: (domain) => [domain, ...ancestors(domain)].findLast((one) => names.has(one)) ?? null,
    hasBelow: (domain) => names.has(domain) || parents.has(domain),
  }
}

/** The parents of a name, the nearest first. */
function* ancestors(name: string): Generator<string> {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) yield name.slice(dot + 1)
}
