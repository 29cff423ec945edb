// Shows that the import rule can fail: made-up trees with one fault each.

import { describe, expect, it } from 'vitest'
import { circles, forbiddenArrows, fragments, importsOf, unusedArrows, unusedContracts } from './import-rules.ts'

const tree = (files: Record<string, string>) => new Map(Object.entries(files))

describe('importsOf', () => {
  it('finds every form of a local import and leaves packages out', () => {
    const source = [
      "import type { A } from './a.ts'",
      "import { b,\n  c,\n} from '../smtp/b.ts'",
      "export { d } from '../lib/d.ts'",
      "export type * from './e.ts'",
      "import './f.ts'",
      "const g = await import('./g.ts')",
      "const worker = startThread(new URL('./h.ts', import.meta.url))",
      "import { readFile } from 'node:fs/promises'",
      "import { z } from 'zod'",
      "const text = 'from ./nothing.ts'",
    ].join('\n')
    expect(importsOf('queue/queue.ts', source).toSorted()).toEqual([
      'lib/d.ts',
      'queue/a.ts',
      'queue/e.ts',
      'queue/f.ts',
      'queue/g.ts',
      'queue/h.ts',
      'smtp/b.ts',
    ])
  })

  it('names what lies outside of src', () => {
    expect(importsOf('demo/x.ts', "import { y } from '../../test/lib/y.ts'")).toEqual(['../test/lib/y.ts'])
  })
})

describe('forbiddenArrows', () => {
  it.each([
    ['allowed arrow', { 'queue/a.ts': "import { x } from '../smtp/x.ts'" }, null],
    ['the same module', { 'queue/a.ts': "import { x } from './x.ts'" }, null],
    ['event types are open to all', { 'smtp/a.ts': "import type { E } from '../observe/events.ts'" }, null],
    ['node imports any module', { 'node/a.ts': "import { x } from '../server/x.ts'" }, null],
    ['wiring reads config', { 'wiring/a.ts': "import type { C } from '../config/c.ts'" }, null],
    ['a contract', { 'delivery/a.ts': "import type { Q } from '../queue/contract/x.ts'" }, null],
    ['wiring reaches inside', { 'wiring/a.ts': "import { s } from '../queue/x.ts'" }, null],
    ['inside another module', { 'delivery/a.ts': "import { s } from '../queue/x.ts'" }, 'it is inside queue'],
    [
      'a child process is not an import',
      { 'demo/a.ts': "spawn(fileURLToPath(new URL('../main.ts', import.meta.url)))" },
      null,
    ],
    ['lib with a mail word', { 'lib/a.ts': "import { x } from '../smtp/x.ts'" }, 'lib may not import smtp'],
    [
      'queue against the flow',
      { 'queue/a.ts': "import { x } from '../delivery/x.ts'" },
      'queue may not import delivery',
    ],
    ['types count', { 'route/a.ts': "import type { Q } from '../queue/q.ts'" }, 'route may not import queue'],
    [
      'a module reading config',
      { 'server/a.ts': "import type { C } from '../config/c.ts'" },
      'server may not import config',
    ],
    ['other observe files', { 'smtp/a.ts': "import { l } from '../observe/x.ts'" }, 'smtp may not import observe'],
    ['main.ts from cli', { 'cli/a.ts': "import { x } from '../main.ts'" }, 'main.ts is only for '],
    ['main beyond cli', { 'main.ts': "import { x } from './queue/x.ts'" }, 'main.ts may not import queue'],
    [
      'a worker file',
      { 'queue/a.ts': "new Worker(new URL('../server/w.ts', import.meta.url))" },
      'queue may not import server',
    ],
    ['test code', { 'demo/a.ts': "import { x } from '../../test/lib/x.ts'" }, 'src may not import what lies outside'],
    ['a test', { 'cli/a.ts': "import { x } from '../queue/x.test.ts'" }, 'nothing may import a test'],
    ['an unknown module', { 'drawer/a.ts': "import { x } from '../smtp/x.ts'" }, 'no such module in the table: drawer'],
    [
      'into an unknown module',
      { 'cli/a.ts': "import { x } from '../drawer/x.ts'" },
      'no such module in the table: drawer',
    ],
  ])('%s', (_name, files, objection) => {
    const found = forbiddenArrows(tree(files as Record<string, string>))
    if (objection === null) expect(found).toEqual([])
    else expect(found).toEqual([expect.stringContaining(objection)])
  })
})

describe('what nothing uses', () => {
  it('is every arrow without an import, except to lib and of modules that import any', () => {
    const files = tree({ 'dns/a.ts': '', 'route/a.ts': "import { x } from '../directory/x.ts'" })
    const unused = unusedArrows(files)
    expect(unused).toContain('route → smtp')
    expect(unused).not.toContain('route → directory')
    expect(unused.filter((arrow) => /→ lib$|^cli/.test(arrow))).toEqual([])
  })

  it('is every contract file that only its own module or a module that imports any needs', () => {
    const files = tree({
      'delivery/a.ts': "import { x } from '../dns/mx.ts'\nimport { y } from '../queue/contract/y.ts'",
      'dns/a.ts': "import { x } from './name.ts'",
      'cli/a.ts': "import { x } from '../dns/fcrdns.ts'",
    })
    const unused = unusedContracts(files)
    expect(unused).toEqual(expect.arrayContaining(['dns/name.ts', 'dns/fcrdns.ts']))
    expect(unused).not.toContain('dns/mx.ts')
    expect(unused).not.toContain('queue/contract/')
  })
})

describe('circles', () => {
  it('finds a circle of three once, and none in a diamond', () => {
    const round = tree({
      'smtp/a.ts': "import { b } from './b.ts'",
      'smtp/b.ts': "import type { c } from './c.ts'",
      'smtp/c.ts': "import { a } from './a.ts'",
    })
    expect(circles(round)).toEqual(['smtp/a.ts → smtp/b.ts → smtp/c.ts → smtp/a.ts'])
    const diamond = tree({
      'smtp/a.ts': "import './b.ts'\nimport './c.ts'",
      'smtp/b.ts': "import './d.ts'",
      'smtp/c.ts': "import './d.ts'",
      'smtp/d.ts': '',
    })
    expect(circles(diamond)).toEqual([])
  })

  it('finds a file that imports itself', () => {
    expect(circles(tree({ 'lib/a.ts': "import './a.ts'" }))).toEqual(['lib/a.ts → lib/a.ts'])
  })
})

describe('fragments', () => {
  const long = '\n'.repeat(30)

  it('finds a short file that only its neighbour imports', () => {
    expect(fragments(tree({ 'lib/a.ts': "import './b.ts'", 'lib/b.ts': '' }))).toEqual(['lib/b.ts → lib/a.ts'])
  })

  it.each([
    ['a long file', { 'lib/a.ts': "import './b.ts'", 'lib/b.ts': long }],
    ['two importers', { 'lib/a.ts': "import './b.ts'", 'lib/c.ts': "import './b.ts'", 'lib/b.ts': '' }],
    ['another folder', { 'dns/x/a.ts': "import '../b.ts'", 'dns/b.ts': '' }],
    ['a contract', { 'dns/a.ts': "import './mx.ts'", 'dns/mx.ts': '' }],
  ])('leaves %s', (_name, files) => {
    expect(fragments(tree(files))).toEqual([])
  })
})
