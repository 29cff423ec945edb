// Reads aliases(5) files, as /etc/aliases: `name: target, target`, continued by lines that begin with white space. The result is the same
// located values as of YAML; read-targets.ts refuses programs and files other than /dev/null.

import type { Located, LocatedEntry, LocatedMap } from '../located.ts'
import type { Place, ProblemList } from '../data-problem.ts'

interface LogicalLine {
  /** Its physical lines; line numbers from 1. */
  readonly parts: readonly { readonly text: string; readonly line: number }[]
}

/** `"quoted, name"` or anything up to the next comma. */
const targetPattern = /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g

/** Reads the text of an aliases file. Malformed lines and duplicates go to `problems`. */
export function readAliasesFile(file: string, text: string, problems: ProblemList): LocatedMap {
  const entries = new Map<string, LocatedEntry>()
  for (const logical of logicalLines(text)) {
    const entry = readEntry(file, logical, problems)
    if (!entry) continue
    const first = entries.get(entry.key.toLowerCase())
    if (first) problems.error(entry.place, `duplicate "${entry.key}", first written in line ${first.place.line}`)
    else entries.set(entry.key.toLowerCase(), entry)
  }
  return { kind: 'map', place: { file, line: 1, column: 1 }, entries: [...entries.values()] }
}

/** A line whose first character beside white space is # is a comment; other lines that start with white space continue the previous one. */
function logicalLines(text: string): readonly LogicalLine[] {
  const lines: { parts: { text: string; line: number }[] }[] = []
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return
    const part = { text: line, line: index + 1 }
    if (/^\s/.test(line) && lines.length > 0) lines.at(-1)?.parts.push(part)
    else lines.push({ parts: [part] })
  })
  return lines
}

function readEntry(file: string, logical: LogicalLine, problems: ProblemList): LocatedEntry | null {
  const [first] = logical.parts
  if (!first) return null
  const place: Place = { file, line: first.line, column: 1 }
  const [, quoted, bare] = /^(?:"((?:[^"\\]|\\.)+)"|([^\s:"#]+))\s*:/.exec(first.text) ?? []
  const name = quoted === undefined ? bare : unquoted(quoted)
  if (name === undefined) {
    problems.error(place, 'expected "name: target, target"')
    return null
  }
  const start = (/^(?:"(?:[^"\\]|\\.)+"|[^\s:"#]+)\s*:/.exec(first.text)?.[0] ?? '').length
  const items = logical.parts.flatMap((part, index) => readTargets(file, part, index === 0 ? start : 0))
  return { key: name, place, value: { kind: 'list', place, items } }
}

/** Quotes are removed unless the local part needs them. */
function unquoted(text: string): string {
  return /[\s(),:;<>[\]\\"]/.test(text) ? `"${text}"` : text
}

/** `\kim` marks kim as final, as an address that names itself is; the backslash is removed. */
function readTargets(
  file: string,
  part: { readonly text: string; readonly line: number },
  start: number,
): readonly Located[] {
  return [...part.text.slice(start).matchAll(targetPattern)].flatMap((match) => {
    const lead = match[0].length - match[0].trimStart().length
    const value = match[0]
      .trim()
      .replace(/^\\/, '')
      .replace(/^"([|/:].*)"$/, '$1')
    const place = { file, line: part.line, column: start + match.index + lead + 1 }
    return value === '' ? [] : [{ kind: 'scalar' as const, place, value }]
  })
}
