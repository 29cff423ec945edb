// The compiled form of a part of the program: how it is made when the executable is built, and under which name the executable finds it.

import { compileFunction } from 'node:vm'

/** What a part expects from the function that contains it, in the order of Node.js; the path is that of the executable. */
export const PART_PARAMETERS = ['exports', 'require', 'module', '__filename'] as const

export function compiledAsset(name: string): string {
  return `${name}.compiled`
}

/** The compiled form for the Node.js that runs this script. Another version of V8, or other flags for its compiler, do not take it. */
export function compilePart(source: string, name: string): Uint8Array {
  const { cachedData } = compileFunction(source, [...PART_PARAMETERS], { filename: name, produceCachedData: true })
  if (!cachedData) throw new Error(`V8 has no compiled form of ${name}`)
  return cachedData
}
