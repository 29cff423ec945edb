// One YAML file with positions: every value can be traced back to its line and column. YAML 1.2, unique keys, no aliases bombs.

import { readFileSync } from 'node:fs'
import { isMap, isNode, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, YAMLError } from 'yaml'
import type { Problem } from './problem.ts'

export type Path = readonly (string | number)[]

export interface YamlSource {
  readonly file: string
  readonly value: unknown
  /** A problem at the value of `path`, or at the nearest parent that is written. */
  at(path: Path, message: string): Problem
  /** A problem at the key itself (unknown keys). */
  atKey(path: Path, key: string, message: string): Problem
}

export type YamlLoad =
  | { readonly kind: 'ok'; readonly source: YamlSource }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Reads and parses a file; an unreadable file is a problem at 1:1. */
export function loadYaml(file: string): YamlLoad {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return {
      kind: 'bad',
      problems: [{ file, line: 1, column: 1, message: `cannot be read: ${(error as Error).message}` }],
    }
  }
  return parseYaml(file, text)
}

/** Parses text that came from `file`. */
export function parseYaml(file: string, text: string): YamlLoad {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const problems = document.errors.map((error) => syntaxProblem(file, lines, error))
  problems.push(...lostAliases(document).map(({ offset, message }) => invalid(file, lines.linePos(offset), message)))
  if (problems.length > 0) return { kind: 'bad', problems }
  const value = unfolded(document)
  if (value === undefined) return { kind: 'bad', problems: [invalid(file, { line: 1, col: 1 }, ENDLESS)] }
  const at = (path: Path, message: string): Problem => ({ file, ...position(document, lines, path), message })
  const atKey = (path: Path, key: string, message: string): Problem => ({
    file,
    ...keyPosition(document, lines, path, key),
    message,
  })
  return { kind: 'ok', source: { file, value, at, atKey } }
}

function syntaxProblem(file: string, lines: LineCounter, error: YAMLError): Problem {
  const sentence = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message
  const message = error.code === 'MULTIPLE_DOCS' ? 'found a second document, expected one' : sentence
  return invalid(file, lines.linePos(error.pos[0]), message)
}

function invalid(file: string, { line, col }: { readonly line: number; readonly col: number }, what: string): Problem {
  return { file, line, column: col, message: `not valid YAML: ${what}` }
}

const ENDLESS = 'found aliases that unfold without end, expected a file without them'

/** Aliases without an anchor: as a rule a text that wanted quotes, such as `*:25`. */
function lostAliases(document: Document): { readonly offset: number; readonly message: string }[] {
  const lost: { readonly offset: number; readonly message: string }[] = []
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document)) return
      const message = `found *${alias.source}, which no anchor is called, expected quotes around a text that begins with *`
      lost.push({ offset: alias.range?.[0] ?? 0, message })
    },
  })
  return lost
}

/** The plain value; undefined where its aliases hold each other or multiply. */
function unfolded(document: Document): unknown {
  try {
    const value = document.toJS() as unknown
    JSON.stringify(value)
    return value
  } catch {
    return undefined
  }
}

function position(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return toPosition(lines, node.range[0])
  }
  return { line: 1, column: 1 }
}

function keyPosition(
  document: Document,
  lines: LineCounter,
  path: Path,
  key: string,
): { line: number; column: number } {
  const map = path.length === 0 ? document.contents : document.getIn(path, true)
  if (isMap(map)) {
    const pair = map.items.find((item) => isNode(item.key) && String(item.key) === key)
    if (pair && isNode(pair.key) && pair.key.range) return toPosition(lines, pair.key.range[0])
  }
  return position(document, lines, path)
}

function toPosition(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}
