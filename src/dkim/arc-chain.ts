// The ARC sets that a mail bears (RFC 8617 4.2): found and put in order, nothing verified.

import { readSignatureTags } from '../message/signature-tags.ts'
import type { HeaderField } from './canonical-header.ts'

/** RFC 8617 4.2.1: a chain of fifty is not made longer. */
export const MAX_INSTANCE = 50

export interface ArcChain {
  /** Of the newest set; 0 without any. */
  readonly highest: number
  /** Has a seal already said that the chain is broken? Then nobody adds to it (5.1.1). */
  readonly ended: boolean
  /** Every set's fields in the order in which they are sealed: results, signature, seal, from 1 on; null if one lacks or is there twice. */
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

/** `i=` stands first in the results field, before the authserv-id; tags are split at semicolons either way. */
function tagsOf(field: HeaderField): { instance: number; cv: string | undefined } {
  const tags = readSignatureTags(field.raw.slice(field.raw.indexOf(':') + 1))
  const written = tags.get('i') ?? ''
  return {
    instance: /^[1-9]\d?$/.test(written) ? Number(written) : MAX_INSTANCE + 1,
    cv: tags.get('cv')?.toLowerCase(),
  }
}
