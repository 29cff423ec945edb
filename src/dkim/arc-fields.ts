// Writes the fields of an ARC set (RFC 8617 4.1). Tags are in alphabetical order and folds replace single spaces, so that the relaxed form
// is the same as in other implementations.

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

/** The field before and after the value of `b=`. */
interface Unsigned {
  readonly before: string
  readonly after: string
}

/** ARC-Authentication-Results: the result lists of all fields as written, one after the other. */
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

/** The field with an empty b=, as it is signed. */
export function emptyField({ before, after }: Unsigned): string {
  return `${before}${after}`
}

/**
 * The whole field with its CRLF. The signature is on one line (344 characters with a 2048-bit key; a line may have 998). A space in it would
 * be covered by the next seal, and some implementations remove it before they verify.
 */
export function filledField({ before, after }: Unsigned, signature: Buffer): string {
  return `${before}${signature.toString('base64')}${after}\r\n`
}
