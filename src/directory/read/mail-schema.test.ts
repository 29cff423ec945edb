import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { plainOf } from '../located.ts'
import { ownSection, ownSections } from './mail-keys.ts'
import { mailJsonSchema, mailSchemaOf } from './mail-schema.ts'
import { collectProblems } from '../data-problem.ts'
import { readYaml } from '../files/yaml-file.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const examples = [
  'common/mail.yaml',
  'common/people.yaml',
  'nodes/mx-01.example.org.yaml',
  'nodes/srs-01.example.org.yaml',
]

describe('the JSON Schema of mail data', () => {
  it('has every key of the readers', () => {
    const { properties } = mailJsonSchema() as { properties: Record<string, object> }
    expect(Object.keys(properties).toSorted()).toEqual(
      ownSections.flatMap((name) => [name, `mail::${name}`]).toSorted(),
    )
  })

  it('is the one in docs/mail.schema.json', () => {
    const written = JSON.parse(readFileSync(`${root}docs/mail.schema.json`, 'utf8')) as unknown
    expect(mailJsonSchema()).toEqual(written)
  })

  it.each([
    ...examples.map((name) => `hiera-examples/data/${name}`),
    'hiera-examples/fragments/web-01.example.org.yaml',
  ])('accepts %s', (name) => {
    const data = readYaml(name, readFileSync(root + name, 'utf8'), collectProblems())
    for (const entry of data?.entries ?? []) {
      const section = ownSection(entry.key)
      if (section) expect(mailSchemaOf(section).safeParse(plainOf(entry.value)).error, entry.key).toBeUndefined()
    }
  })

  it.each([
    ['aliases', { press: { too: 'kim' } }],
    ['aliases', { press: 7 }],
    ['forwards', { press: { to: 'x', tag: 'lose' } }],
    ['domains', 'example.org example.net'],
    ['assertions', [{ adress: 'x' }]],
    ['users', { kim: { mail: 'x' } }],
  ] as const)('refuses %s %j', (section, data) => {
    expect(mailSchemaOf(section).safeParse(data).success).toBe(false)
  })
})
