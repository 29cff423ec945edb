// The first file of the executable: loads the parts of the program from its assets, as `require` loads them from a folder. Each part has its
// compiled form beside it, which V8 takes instead of compiling the source.

import { getAsset, getRawAsset } from 'node:sea'
import { compileFunction, constants } from 'node:vm'
import { compiledAsset, PART_PARAMETERS } from './compiled-part.ts'

type Load = (...args: readonly unknown[]) => void

const modules = new Map<string, { exports: object }>()

function requirePart(name: string): unknown {
  if (name.startsWith('./')) return loadPart(name.slice(2))
  const builtin: unknown = process.getBuiltinModule(name)
  if (builtin === undefined) throw new Error(`the executable has no module ${name}`)
  return builtin
}

function loadPart(name: string): unknown {
  const known = modules.get(name)
  if (known) return known.exports
  const module = { exports: {} }
  // Before it runs: parts may require each other.
  modules.set(name, module)
  try {
    const load = compileFunction(getAsset(name, 'utf8'), [...PART_PARAMETERS], {
      filename: name,
      cachedData: Buffer.from(getRawAsset(compiledAsset(name))),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as Load
    load.call(module.exports, module.exports, requirePart, module, process.execPath)
    return module.exports
  } catch (error) {
    modules.delete(name)
    throw error
  }
}

loadPart('waypost.cjs')
