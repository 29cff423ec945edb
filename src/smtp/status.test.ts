import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isStatus, statusMeaning, statusOfCode } from './status.ts'

const source = new URL('..', import.meta.url).pathname

test('knows meaning and origin', () => {
  expect(statusMeaning('5.1.1')).toBe('no such recipient (RFC 3463 3.2)')
  expect(statusMeaning('4.7.1')).toContain('policy')
  expect(statusMeaning('5.9.9')).toBeNull()
  expect(statusMeaning('3.1.1')).toBeNull()
  expect(statusMeaning('constructor')).toBeNull()
})

test('knows the syntax', () => {
  for (const good of ['2.0.0', '4.7.26', '5.999.1']) expect(isStatus(good)).toBe(true)
  for (const bad of ['', '1.0.0', '5.1', '5.1.1.1', '5.1.1000', '5.1.1 ']) expect(isStatus(bad)).toBe(false)
})

test('gives a reply code its class', () => {
  expect([250, 421, 451, 550, 554].map(statusOfCode)).toEqual(['2.0.0', '4.0.0', '4.0.0', '5.0.0', '5.0.0'])
})

test('every status that the program says is in the table', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (f) => f.endsWith('.ts') && !f.endsWith('.test.ts'),
  )
  const said = files.flatMap((file) => {
    const text = readFileSync(join(source, file), 'utf8')
    return [...text.matchAll(/['"`]([245]\.\d{1,3}\.\d{1,3})['"`]/g)].map((match) => `${file}: ${match[1]}`)
  })
  expect(said.length).toBeGreaterThan(5)
  expect(said.filter((line) => statusMeaning(line.split(': ')[1] as string) === null)).toEqual([])
})
