// The header of a stored message as it was before this node changed it, as far as the fields of the node differ from those of others.

import { readFields, removeFields } from './header.ts'
import { isForged } from './results-field.ts'
import { spamFieldKeys } from './spam-fields.ts'

/**
 * Removes the Received field of this node with everything above it, the Authentication-Results of the fleet and the result of the spam
 * filter. Signatures and ARC sets of the node stay: their names do not distinguish them from those of the sender.
 */
export function headerAsReceived(
  header: Buffer,
  own: { readonly queueId: string; readonly authservId: string },
): Buffer {
  const fields = readFields(header)
  const received = fields.findIndex(({ key }) => key === 'received')
  const last = received >= 0 && hasId(fields[received]?.value ?? '', own.queueId) ? received : -1
  let place = -1
  return removeFields(header, (field) => {
    place++
    return place <= last || spamFieldKeys.includes(field.key) || isForged(field, own.authservId)
  })
}

/** RFC 5321 4.4: `id QUEUE-ID` in the clauses before the date. */
function hasId(value: string, queueId: string): boolean {
  const words = value.split(/[\s;]+/)
  return words.some((word, index) => word.toLowerCase() === 'id' && words[index + 1] === queueId)
}
