import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { configurationPage, jsonSchema } from './describe-keys.ts'

const page = fileURLToPath(new URL('../../docs/reference/configuration.md', import.meta.url))

describe('the page of all keys', () => {
  test('matches the schemas; UPDATE_EXPECTED=1 writes it', () => {
    if (process.env.UPDATE_EXPECTED) writeFileSync(page, configurationPage())
    expect(readFileSync(page, 'utf8')).toBe(configurationPage())
  })

  test('explains every key', () => {
    const rows = configurationPage()
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    expect(rows.length).toBeGreaterThan(60)
    expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([])
  })
})

describe('the schemas for editors', () => {
  test.each(['node', 'role'] as const)('docs/%s.schema.json matches the schemas', (of) => {
    const file = fileURLToPath(new URL(`../../docs/${of}.schema.json`, import.meta.url))
    const text = `${JSON.stringify(jsonSchema(of), null, 2)}\n`
    if (process.env.UPDATE_EXPECTED) writeFileSync(file, text)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('list the required keys', () => {
    expect(jsonSchema('node')).toMatchObject({
      required: expect.arrayContaining(['role', 'hostname', 'domain', 'data']),
    })
  })
})
