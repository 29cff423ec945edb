// One YAML file with positions: every value can be traced back to its line and column. YAML 1.2, unique keys, no aliases bombs.

import { readFileSync } from 'node:fs'
import { isMap, isNode, LineCounter, parseDocument } from 'yaml'
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
  if (problems.length > 0) return { kind: 'bad', problems }
  const at = (path: Path, message: string): Problem => ({ file, ...position(document, lines, path), message })
  const atKey = (path: Path, key: string, message: string): Problem => ({
    file,
    ...keyPosition(document, lines, path, key),
    message,
  })
  return { kind: 'ok', source: { file, value: document.toJS() as unknown, at, atKey } }
}

function syntaxProblem(file: string, lines: LineCounter, error: YAMLError): Problem {
  const { line, col } = lines.linePos(error.pos[0])
  const sentence = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.message
  return { file, line, column: col, message: `not valid YAML: ${sentence}` }
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
