// Writes plain routing data as readable YAML: one entry a line, quotes only where YAML 1.1 would read a text as something else. The library
// could print it too, but takes seconds for a hundred thousand entries.

import type { PlainMail } from './plain-data.ts'
import type { Plain } from './plain.ts'

/** YAML 1.2.2, 7.4: a key of one line has at most 1024 characters; a longer one is written with `?`. */
const KEY_LIMIT = 1000
const plainText = /^[A-Za-z][\w.+-]*(?:@[A-Za-z0-9](?:[\w.-]*\w)?)?$/
/** Words that YAML 1.1 does not read as text. */
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i
// oxlint-disable-next-line no-control-regex -- these are what has to be written as escapes
const invisible = /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g

/** The text of a file. `remarks` are comment lines above a section, by its key. */
export function mailYaml(
  mail: PlainMail,
  head: readonly string[],
  remarks: Readonly<Record<string, readonly string[]>> = {},
): string {
  const lines = head.map(commentLine)
  for (const [section, value] of Object.entries(mail)) {
    lines.push('', ...(remarks[section] ?? []).map(commentLine), `${section}:`, ...sectionLines(value))
  }
  return `${lines.join('\n')}\n`
}

/** JSON, also valid YAML, with invisible characters escaped. */
export function mailJson(mail: PlainMail): string {
  return `${escapeInvisible(JSON.stringify(mail, null, 2))}\n`
}

function commentLine(text: string): string {
  return `# ${text.replaceAll(/\s+/g, ' ')}`
}

function sectionLines(value: Plain): readonly string[] {
  if (isList(value)) return value.map((item) => `  - ${flow(item)}`)
  if (typeof value !== 'object' || value === null) return [`  ${flow(value)}`]
  return Object.entries(value).map(([key, item]) => `  ${keyOf(key)}: ${flow(item)}`)
}

function flow(value: Plain): string {
  if (isList(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'string') return scalar(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value).map(([key, item]) => `${keyOf(key)}: ${flow(item)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

function keyOf(key: string): string {
  const text = scalar(key)
  return text.length > KEY_LIMIT ? `? ${text}\n  ` : text
}

function scalar(text: string): string {
  return plainText.test(text) && !reserved.test(text) ? text : escapeInvisible(JSON.stringify(text))
}

function escapeInvisible(text: string): string {
  return text.replaceAll(invisible, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value)
}
