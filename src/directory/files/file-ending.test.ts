import { describe, expect, it } from 'vitest'
import { endingOf, incompleteFile, recordEndings } from './file-ending.ts'
import { memoryFiles } from './memory-files.ts'
import { readYaml } from './yaml-file.ts'
import { collectProblems } from '../data-problem.ts'

describe('endingOf', () => {
  it.each([
    ['', 'line'],
    ['a: b\n', 'line'],
    ['a: b\r\n', 'line'],
    ['a: b', 'open'],
    ['a: b\n...\n', 'marker'],
    ['a: b\n...', 'marker'],
    ['a: b\r\n...\r\n', 'marker'],
    ['a: b\n# end\n\n', 'marker'],
    ['root: kim\n#END\n', 'marker'],
    ['a: and so on...\n', 'line'],
    ['a: b\n... more\n', 'line'],
    ['a: b\n# endless\n', 'line'],
  ])('%j: %s', (text, ending) => expect(endingOf(text)).toBe(ending))
})

describe('incompleteFile', () => {
  it('finds a file that ended better before', () => {
    expect(incompleteFile({ a: 'line', b: 'open' }, { a: 'line', b: 'line' })).toBe(
      'b is incomplete: its last version ends with a complete line',
    )
    expect(incompleteFile({ a: 'line' }, { a: 'marker' })).toBe(
      'a is incomplete: its last version ends with the marker "..." or "# end"',
    )
  })

  it('accepts better endings, and files that are new or gone', () => {
    expect(incompleteFile({ a: 'line', new: 'open' }, { a: 'open', gone: 'marker' })).toBeNull()
  })
})

it('records the ending of every text that is read', () => {
  const { files, endings } = recordEndings(memoryFiles({ 'd/a.yaml': 'a: b', 'd/b': 'c: d\n', 'd/c': '' }))
  for (const path of ['d/a.yaml', 'd/b', 'd', 'none']) files.read(path)
  expect(endings).toEqual({ 'd/a.yaml': 'open', 'd/b': 'line' })
})

it('the marker does not change what YAML means, in small and in large files', () => {
  const small = 'aliases:\n  a: b\n'
  const large = `aliases:\n${Array.from({ length: 5000 }, (_, n) => `  address${n}: target${n}`).join('\n')}\n`
  for (const text of [small, large]) {
    const list = collectProblems()
    expect(readYaml('f', `${text}...\n`, list)).toEqual(readYaml('f', text, list))
    expect(list.problems).toEqual([])
  }
})
