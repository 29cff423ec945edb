// Reads large YAML files of simple lines such as `press: [kim, lee]` without the library, and passes other entries to it one by one. It
// returns null whenever it is not sure, and the whole file is then read in the ordinary way; both ways give equal results.

import type { Located, LocatedEntry, LocatedMap } from '../located.ts'
import type { Place } from '../data-problem.ts'

/** Reads lines that are a YAML mapping by themselves; `firstLine` counts from 1. Null on any error. */
export type ChunkReader = (text: string, firstLine: number) => LocatedMap | null

/** YAML features that span lines or change other lines: documents, anchors, tags, merge keys, `? ` keys, tabs and other white space. */
const beyond = /^(?:---|\.\.\.|%)|(?:^|[\s,[{])[&*!?]|<<|[^\S \n]/m
const section = /^([A-Za-z][\w.+-]*(?:::?[\w.+-]+)*):\s*$/
const word = '[A-Za-z][\\w.+-]*(?:@[\\w.-]*\\w)?'
const entryLine = new RegExp(`^( *)(${word}): +(${word}|\\[(?:${word}(?:, *${word})*)?\\])(?: +#\\s*(.*?))?\\s*$`)
/** Words that YAML 1.1 does not read as text. */
const reserved = /^(?:y|n|yes|no|on|off|true|false|null)$/i

interface Reading {
  readonly file: string
  readonly lines: readonly string[]
  readonly readChunk: ChunkReader
}

/** Reads a file whose top level is sections of entries; null for any other form. */
export function readYamlLines(file: string, text: string, readChunk: ChunkReader): LocatedMap | null {
  if (beyond.test(text)) return null
  const reading: Reading = { file, lines: text.split('\n'), readChunk }
  const entries = readBlock(reading, 0, reading.lines.length, readSection)
  const first = entries?.[0]
  return entries && first ? { kind: 'map', place: first.place, entries } : null
}

type PartReader = (reading: Reading, start: number, end: number) => readonly LocatedEntry[] | null

/** Splits lines into the entries of one mapping; an entry ends before the next line that is not indented deeper. */
function readBlock(reading: Reading, start: number, end: number, readPart: PartReader): readonly LocatedEntry[] | null {
  const entries = new Map<string, LocatedEntry>()
  let at = nextContent(reading.lines, start, end)
  const indent = indentOf(reading.lines[at] ?? '')
  while (at < end) {
    let next = nextContent(reading.lines, at + 1, end)
    while (next < end && indentOf(reading.lines[next] as string) > indent)
      next = nextContent(reading.lines, next + 1, end)
    const part = indentOf(reading.lines[at] as string) === indent ? readPart(reading, at, next) : null
    if (!part) return null
    for (const entry of part) {
      if (entries.has(entry.key)) return null
      entries.set(entry.key, entry)
    }
    at = next
  }
  return [...entries.values()]
}

/** `mail::aliases:` and the entries below it. */
function readSection(reading: Reading, start: number, end: number): readonly LocatedEntry[] | null {
  const key = section.exec(reading.lines[start] as string)?.[1]
  const first = nextContent(reading.lines, start + 1, end)
  const text = reading.lines[first] ?? ''
  if (key === undefined || first >= end || text.trimStart().startsWith('-')) return readChunk(reading, start, end)
  const inner = readBlock(reading, first, end, readEntry)
  const place = placeAt(reading, start, 0)
  return (
    inner && [{ key, place, value: { kind: 'map', place: placeAt(reading, first, indentOf(text)), entries: inner } }]
  )
}

function readEntry(reading: Reading, start: number, end: number): readonly LocatedEntry[] | null {
  const plain = nextContent(reading.lines, start + 1, end) >= end ? plainEntry(reading, start) : null
  return plain ? [plain] : readChunk(reading, start, end)
}

function plainEntry(reading: Reading, at: number): LocatedEntry | null {
  const text = reading.lines[at] as string
  const [, indent, key, value, comment] = entryLine.exec(text) ?? []
  if (indent === undefined || key === undefined || value === undefined || reserved.test(key)) return null
  const offset = text.indexOf(value, indent.length + key.length + 1)
  const place = placeAt(reading, at, indent.length)
  if (!value.startsWith('[')) {
    if (reserved.test(value)) return null
    const scalar: Located = { kind: 'scalar', place: placeAt(reading, at, offset), value }
    return { key, place, value: comment ? { ...scalar, comment } : scalar }
  }
  const items: Located[] = []
  for (const item of value.matchAll(/[^\s[\],]+/g)) {
    if (reserved.test(item[0])) return null
    items.push({ kind: 'scalar', place: placeAt(reading, at, offset + item.index), value: item[0] })
  }
  const list: Located = { kind: 'list', place: placeAt(reading, at, offset), items }
  return { key, place, value: comment ? { ...list, comment } : list }
}

function readChunk(reading: Reading, start: number, end: number): readonly LocatedEntry[] | null {
  return reading.readChunk(reading.lines.slice(start, end).join('\n'), start + 1)?.entries ?? null
}

/** The next line that is neither blank nor a comment. */
function nextContent(lines: readonly string[], start: number, end: number): number {
  let at = start
  while (at < end && /^\s*(?:#|$)/.test(lines[at] as string)) at += 1
  return at
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length
}

function placeAt(reading: Reading, line: number, offset: number): Place {
  return { file: reading.file, line: line + 1, column: offset + 1 }
}
