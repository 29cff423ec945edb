// Keys that a YAML map has twice. The parser permits them, so that the rest of the file is checked too; for these checks the last value counts.

import { isMap, isScalar, type LineCounter, visit } from 'yaml'
import type { Document } from 'yaml'
import { dottedPath, type Problem } from './problem.ts'

/** A problem for each second key, at its position. */
export function repeatedKeys(file: string, document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = []
  visit(document, {
    Map: (_key, map, ancestors) => {
      const first = new Map<string, number>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        const { line, col } = lines.linePos(key.range?.[0] ?? 0)
        const earlier = first.get(name)
        if (earlier === undefined) first.set(name, line)
        else {
          const path = dottedPath([...keysTo(map, ancestors), name])
          const message = `${path}: found the key again, expected it once; it is first written in line ${earlier}`
          problems.push({ file, line, column: col, message })
        }
      }
    },
  })
  return problems
}

/** The keys from the top down to a node. */
function keysTo(node: unknown, ancestors: readonly unknown[]): string[] {
  const chain = [...ancestors, node]
  return ancestors.flatMap((parent, depth) => {
    if (!isMap(parent)) return []
    const pair = parent.items.find((item) => item === chain[depth + 1])
    return pair && isScalar(pair.key) ? [String(pair.key.value)] : []
  })
}
