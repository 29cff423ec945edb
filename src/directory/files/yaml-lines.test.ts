import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { collectProblems } from '../data-problem.ts'
import { readYaml } from './yaml-file.ts'
import { readYamlLines } from './yaml-lines.ts'

/** Reads the same text by readYamlLines, with the library for its parts, and by the library alone. */
function bothWays(text: string) {
  const list = collectProblems()
  const ordinary = readYaml('m.yaml', text, list)
  const quick = readYamlLines('m.yaml', text, (part, line) => {
    const inner = collectProblems()
    const value = readYaml('m.yaml', '\n'.repeat(line - 1) + part, inner)
    return inner.problems.length === 0 ? value : null
  })
  return { ordinary, quick, problems: list.problems }
}

const name = fc.constantFrom(
  'kim',
  'lee',
  'no',
  'y',
  'press',
  'role-1',
  'a.b',
  'x+y',
  'kim@home.example.net',
  'null',
  '010',
  '1st',
  'Ünal',
  "'q'",
)
const value = fc.oneof(
  name,
  fc.array(name, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((items) => `\n${items.map((item) => `    - ${item}`).join('\n')}`),
  name.map((item) => `{ to: ${item}, tag: keep }`),
  fc.constantFrom(
    '"quoted"',
    '|\n    text: x\n    more',
    'one\n    two',
    '',
    '*a',
    '&a kim',
    '[kim,\n    lee]',
    'kim # why',
    '[a] # b',
  ),
)
const entry = fc.tuple(name, value).map(([key, text]) => `  ${key}: ${text}`)
const filler = fc.constantFrom('', '  # a remark', '# another', '')
const part = fc
  .tuple(
    fc.constantFrom('mail::aliases', 'aliases', 'a', 'b', 'c'),
    fc.array(fc.oneof(entry, entry, filler), { maxLength: 6 }),
  )
  .map(([key, lines]) => [`${key}:`, ...lines].join('\n'))
const file = fc
  .array(
    fc.oneof(
      part,
      part,
      fc.constantFrom('d: [kim]', 'e: x', 'domains:\n  - a.example\n  - b.example', 'f:\n- a\n- b', '---', ''),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `${parts.join('\n')}\n`)

describe('readYamlLines', () => {
  it('gives the result of the library, or null', () => {
    let answered = 0
    fc.assert(
      fc.property(file, (text) => {
        const { ordinary, quick, problems } = bothWays(text)
        if (quick === null) return
        answered += 1
        expect(problems).toEqual([])
        expect(quick).toEqual(ordinary)
      }),
      { numRuns: 800 },
    )
    expect(answered).toBeGreaterThan(80)
  })

  it('reads plain sections without the library', () => {
    const text = 'mail::aliases:\n  # roles\n  press: [kim, lee@example.org]\n\n  media: press # since May\n'
    const quick = readYamlLines('m.yaml', text, () => {
      throw new Error('asked')
    })
    expect(quick).toEqual(bothWays(text).ordinary)
  })

  it.each([
    'a: &x kim\n',
    'a:\n  <<: { b: c }\n',
    'a:\n  b: !t c\n',
    'a:\n\tb: c\n',
    'a:\n  b: c\u00a0\n',
    '--- \na:\n  b: c\n',
    'a:\n  b: c\n  b: d\n',
    'a:\n  b: c\n d: e\n',
  ])('returns null for %j', (text) => expect(bothWays(text).quick).toBeNull())
})
