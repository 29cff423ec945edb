// What stands for a subject when alike subjects are counted: numbers, marks of answers and spaces do not count.

import { createHash } from 'node:crypto'
import { fieldsNamed, type Field } from '../message/header.ts'

/** Characters of a subject that are compared. */
const COMPARED = 80
/** Octets of the key: collisions of the subjects of one account in one hour do not matter. */
const KEY_BYTES = 8

/** Null without a subject, and for an answer: many people answer the same mail. */
export function subjectKey(fields: readonly Field[]): string | null {
  const value = fieldsNamed(fields, 'subject')[0]?.value ?? ''
  const plain = value.toLowerCase().replaceAll(/\d+/g, '#').replaceAll(/\s+/g, ' ').trim()
  if (plain === '' || /^(?:re|aw|antw|sv|vs):/.test(plain)) return null
  return createHash('sha256')
    .update(plain.slice(0, COMPARED))
    .digest('hex')
    .slice(0, 2 * KEY_BYTES)
}
