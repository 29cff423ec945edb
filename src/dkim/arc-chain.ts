// Finds the ARC sets of a message and orders them (RFC 8617 4.2), without verification.

import { readSignatureTags } from '../message/signature-tags.ts'
import type { HeaderField } from './canonical-header.ts'

/** RFC 8617 4.2.1: a chain has at most fifty sets. */
export const MAX_INSTANCE = 50

export interface ArcChain {
  /** Instance of the newest set; 0 without sets. */
  readonly highest: number
  /** True if a seal declares the chain broken; no further set is added then (5.1.1). */
  readonly ended: boolean
  /** The fields of all sets in the order of sealing: results, signature, seal, from instance 1 on; null if a field is missing or repeated. */
  readonly sealed: readonly string[] | null
}

/** The three fields of a set, in the order in which a seal covers them (5.1.1). */
const partsOfSet = ['arc-authentication-results', 'arc-message-signature', 'arc-seal']

export function readChain(fields: readonly HeaderField[]): ArcChain {
  const parts = fields.flatMap((field) =>
    partsOfSet.includes(field.name) ? [{ name: field.name, raw: field.raw, ...tagsOf(field) }] : [],
  )
  const highest = Math.max(0, ...parts.map((part) => part.instance))
  const ended = parts.some((part) => part.name === 'arc-seal' && part.instance === highest && part.cv === 'fail')
  const sealed: string[] = []
  for (let instance = 1; instance <= Math.min(highest, MAX_INSTANCE); instance++) {
    for (const name of partsOfSet) {
      const found = parts.filter((part) => part.instance === instance && part.name === name)
      if (found.length !== 1) return { highest, ended, sealed: null }
      sealed.push(found[0]?.raw ?? '')
    }
  }
  return { highest, ended, sealed: parts.length === sealed.length ? sealed : null }
}

/** In the results field `i=` precedes the authserv-id; in the other fields it is a tag. Semicolons separate both. */
function tagsOf(field: HeaderField): { instance: number; cv: string | undefined } {
  const tags = readSignatureTags(field.raw.slice(field.raw.indexOf(':') + 1))
  const written = tags.get('i') ?? ''
  return {
    instance: /^[1-9]\d?$/.test(written) ? Number(written) : MAX_INSTANCE + 1,
    cv: tags.get('cv')?.toLowerCase(),
  }
}
