// Adds the ARC set to a forwarded copy (RFC 8617): it seals the results of the verifying node.

import type { Sealer } from '../dkim/sealer.ts'
import { trustedValues, withoutExperiments } from '../message/results-field.ts'
import type { Content } from '../message/content.ts'
import type { Field } from '../message/header.ts'
import type { Mail } from '../policy/check.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Signing } from './sign-copies.ts'

export interface SealSubject {
  readonly mail: Pick<Mail, 'at' | 'queueId'> & { readonly fields: readonly Field[] }
  readonly origin: Origin
  /** The Authentication-Results value that this node adds, or null. */
  readonly results: string | null
  /** The copy as it is sent, with signatures. */
  readonly content: Content
}

/** The fields to add on top, and the ledger event. */
export async function sealForward(
  settings: { readonly domain: string; readonly authservId: string },
  sealer: Sealer,
  subject: SealSubject,
): Promise<Signing> {
  const { mail, origin, results, content } = subject
  const own = results === null ? [] : [results]
  const known = origin.kind === 'peer' ? trustedValues(mail.fields, settings.authservId) : own
  // Experimental methods have a meaning only between fleet nodes.
  const found = known.map(withoutExperiments)
  const sealed = await sealer.seal(content, { ...settings, results: found, now: mail.at })
  const { at, queueId } = mail
  const event = { kind: 'checked', at, queueId, check: 'arc-seal', result: sealed.kind } as const
  if (sealed.kind === 'unsealed') return { fields: Buffer.alloc(0), events: [{ ...event, detail: sealed.reason }] }
  const detail = `set ${sealed.instance} of ${sealed.domain} (${sealed.selector})`
  return { fields: sealed.fields, events: [{ ...event, detail }] }
}
