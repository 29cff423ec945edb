// Reads Postfix tables as text inside YAML: `key  value` lines with comments and continuation lines, plain or regular expressions.

import type { Located } from '../located.ts'
import { entryOf, refuseUnknown, textOf } from '../located.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import type { Place } from '../data-problem.ts'
import { mapEntries } from './read-aliases.ts'
import { readTransports } from './read-entries.ts'
import { addPattern } from './read-rewrites.ts'

interface TableLine {
  readonly key: string
  readonly value: string
  readonly place: Place
}

/** Table name → `{type, content}`: hash has transports, regexp has rewrites. `{path}` names a file that another tool writes. */
export function readTransportTables(builder: SnapshotBuilder, value: Located): void {
  for (const table of mapEntries(builder, value)) {
    const field = (key: string) => (table.value.kind === 'map' ? entryOf(table.value, key)?.value : undefined)
    refuseUnknown(table.value, ['type', 'content', 'path', 'comment'], builder.problems)
    const content = field('content')
    const type = field('type')
    const typeText = type ? textOf(type) : null
    if (!content) {
      builder.problems.error(table.place, `table "${table.key}" has no "content": map files are not read`)
    } else if (typeText === 'hash') {
      for (const line of tableLines(builder, content)) readTransports(builder, transportOf(line))
    } else if (typeText === 'regexp' || typeText === 'pcre') {
      for (const line of tableLines(builder, content)) readExpression(builder, line)
    } else builder.problems.error(type?.place ?? table.place, '"type": expected hash, regexp or pcre')
  }
}

/** Conditions (`if /…/`) and negations (`!/…/`) of regexp_table(5) are refused: without them an expression would match every address. */
function readExpression(builder: SnapshotBuilder, { key, value, place }: TableLine): void {
  if (key.startsWith('/')) addPattern(builder, { pattern: key, to: scalar(value, place), place })
  else builder.problems.error(place, `expected "/expression/  address", found "${key} ${value}"`)
}

/** The entries of a table (postmap(1)): # starts a comment line, white space a continuation. */
function tableLines(builder: SnapshotBuilder, content: Located): readonly TableLine[] {
  const text = textOf(content) ?? ''
  const lines: { text: string; line: number }[] = []
  text.split('\n').forEach((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return
    const last = lines.at(-1)
    if (/^\s/.test(line) && last) last.text += ` ${line.trim()}`
    else lines.push({ text: line.trim(), line: index })
  })
  // A block scalar starts on the line after its indicator, a quoted one on the same line.
  const isBlock = content.kind === 'scalar' && content.block === true
  return lines.flatMap(({ text: line, line: index }) => {
    const place = { ...content.place, line: content.place.line + index + (isBlock ? 1 : 0), column: 1 }
    const [, key, value] = /^(\/(?:[^/\\]|\\.)*\/\S*|\S+)\s+(.+)$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) return [{ key, value, place }]
    builder.problems.error(place, `expected "key  value", found "${line}"`)
    return []
  })
}

function transportOf(line: TableLine): Located {
  const entry = { key: line.key, place: line.place, value: scalar(line.value, line.place) }
  return { kind: 'map', place: line.place, entries: [entry] }
}

function scalar(value: string, place: Place): Located {
  return { kind: 'scalar', place, value }
}
