// Loads the lines of a zone file that `waypost` writes into the DNS server of tests.

import type { Zone, ZoneEntry } from '../../src/demo/authority.ts'

const line = /^(\S+)\. \d+ IN (\S+) (.*)$/
const plainName = (name: string) => name.replace(/\.$/, '')

/** Lines without a record are left out. */
export function zoneOf(text: string): Zone {
  const zone: Record<string, Record<string, string[]>> = {}
  for (const each of text.split('\n')) {
    const [, name = '', type = '', data = ''] = line.exec(each) ?? []
    if (name === '') continue
    const records = (zone[name] ??= {})
    ;(records[type] ??= []).push(type === 'TXT' ? unquoted(data) : plainName(data))
  }
  return zone as Record<string, ZoneEntry>
}

/** The strings of a TXT record, which belong together. */
function unquoted(data: string): string {
  return [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, text]) => (text as string).replaceAll(/\\(.)/g, '$1'))
    .join('')
}
