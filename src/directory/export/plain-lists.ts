// The own lists as plain values, which read again give the same entries.

import { conditionKeys, type ListConditions, type ListEntry, type ListName } from '../directory.ts'
import type { Plain } from './plain.ts'

/**
 * A list, or entries by name if one has a name; the others then get one.
 * @param printKey the address of a key in a form that reads as the same address
 */
export function plainList(entries: readonly ListEntry[], list: ListName, printKey: (key: string) => string): Plain {
  const ours = entries.filter((one) => one.list === list)
  if (ours.every(({ name }) => name === null)) return ours.map((one) => plainEntry(one, printKey))
  return Object.fromEntries(ours.map((one, index) => [one.name ?? `entry-${index + 1}`, plainEntry(one, printKey)]))
}

function plainEntry({ conditions, reply, until, comment }: ListEntry, printKey: (key: string) => string): Plain {
  const found = Object.entries(conditions) as readonly [keyof ListConditions, readonly string[]][]
  const values = found.map(([condition, texts]) => {
    const isAddress = condition === 'sender' || condition === 'recipient'
    const written = texts.map((text) => (text === '' ? '<>' : isAddress ? printKey(text) : text))
    const [only, ...others] = written
    return [conditionKeys[condition], only !== undefined && others.length === 0 ? only : written] as const
  })
  return {
    ...Object.fromEntries(values),
    ...(reply === undefined ? {} : { reply }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString().replace(/\.\d+Z$/, 'Z') }),
    ...(comment === undefined ? {} : { comment }),
  }
}
