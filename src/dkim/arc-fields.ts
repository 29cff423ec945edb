// Writes the fields of an ARC set (RFC 8617 4.1). Tags stand in the order of the alphabet, and folds only where a blank is: in relaxed
// form they are then what every other implementation makes of them.

import type { DkimAlgorithm } from './key.ts'
import { FOLD, foldNames } from './signature-field.ts'

export interface SetTags {
  readonly algorithm: DkimAlgorithm
  readonly domain: string
  readonly selector: string
  readonly instance: number
  /** t=, unix seconds. */
  readonly time: number
}

/** Up to here without `b=`'s value, and what follows it. */
interface Unsigned {
  readonly before: string
  readonly after: string
}

/** ARC-Authentication-Results: the results as they were written, each field's list after the other. */
export function resultsField(instance: number, authservId: string, results: readonly string[]): string {
  const lists = results.flatMap((value) => {
    const list = value
      .slice(value.indexOf(';') + 1)
      .replace(/\s*\r\n[ \t]*/g, FOLD)
      .trim()
    return value.includes(';') && list !== '' ? [list.replace(/;$/, '')] : []
  })
  return `ARC-Authentication-Results: i=${instance}; ${authservId};${FOLD}${lists.length > 0 ? lists.join(`;${FOLD}`) : 'none'}\r\n`
}

/** ARC-Message-Signature, signed over the message. */
export function messageSignature(
  tags: SetTags,
  signed: { readonly names: readonly string[]; readonly bodyHash: string },
): Unsigned {
  const { algorithm, domain, instance, selector, time } = tags
  return {
    before: `ARC-Message-Signature: a=${algorithm};${FOLD}b=`,
    after: [
      `;${FOLD}bh=${signed.bodyHash}; c=relaxed/relaxed;`,
      `${FOLD}d=${domain};${FOLD}${foldNames(signed.names)};`,
      `${FOLD}i=${instance}; s=${selector}; t=${time}`,
    ].join(''),
  }
}

/** ARC-Seal, signed over the sets. */
export function seal(tags: SetTags, cv: 'none' | 'pass' | 'fail'): Unsigned {
  const { algorithm, domain, instance, selector, time } = tags
  return {
    before: `ARC-Seal: a=${algorithm};${FOLD}b=`,
    after: `; cv=${cv}; d=${domain}; i=${instance}; s=${selector};${FOLD}t=${time}`,
  }
}

/** The field with an empty b=: what is signed of itself. */
export function emptyField({ before, after }: Unsigned): string {
  return `${before}${after}`
}

/**
 * The whole field with its CRLF. The signature stays in one piece, on a line of its own (344 characters with a 2048-bit key, of 998 that
 * a line may have): a blank inside it would be sealed by the next seal, and some implementations take it out before they verify.
 */
export function filledField({ before, after }: Unsigned, signature: Buffer): string {
  return `${before}${signature.toString('base64')}${after}\r\n`
}
