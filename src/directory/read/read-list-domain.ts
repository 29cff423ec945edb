// Reads a domain of an own list: `example.net`, or `.example.net` for it and all domains below it.

import type { Place } from '../data-problem.ts'
import { normalDomain } from '../address.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'

/**
 * The domain in normal form, with its leading dot; null, with a problem reported, for other texts.
 * @param kind of a client, of an address, or of ours
 */
export function readListDomain(
  { domains, problems }: SnapshotBuilder,
  text: string,
  place: Place,
  kind: 'host' | 'domain' | 'own',
): string | null {
  const isTree = text.startsWith('.')
  const domain = normalDomain(isTree ? text.slice(1) : text)
  // A whole top-level domain is a useful entry, a name of one label is none.
  if (domain === null || domain.startsWith('[') || (!isTree && !domain.includes('.'))) {
    const bare = text.replace(/^\*?@?\.?/, '')
    const advice = bare === text || bare === '' ? '' : `: write ${bare}, or .${bare} for it and all below it`
    problems.error(place, `"${text}" is not a ${kind === 'host' ? 'host' : 'domain'} name${advice}`)
    return null
  }
  if (kind === 'own' && ![...domains.keys()].some((one) => isWithin(one, domain, isTree))) {
    problems.error(place, `${domain} is not a domain of ours: recipients have ours only`)
    return null
  }
  return isTree ? `.${domain}` : domain
}

function isWithin(domain: string, wanted: string, isTree: boolean): boolean {
  return domain === wanted || (isTree && domain.endsWith(`.${wanted}`))
}
