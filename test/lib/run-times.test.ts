import { expect, it } from 'vitest'
import { type FileTime, formatTotal, slowestFiles } from './run-times.ts'

const file = (name: string, seconds: number): FileTime => ({ name, ms: seconds * 1000 })
const times = (...files: FileTime[]) => JSON.stringify(files)

it('names the slowest files below the root, the slowest first', () => {
  const text = times(file('/root/src/a.test.ts', 0.04), file('/root/test/b.test.ts', 128.25))
  expect(slowestFiles(text, '/root')).toEqual([' 128.3 s  test/b.test.ts', '   0.0 s  src/a.test.ts'])
})

it('names ten at most', () => {
  const files = Array.from({ length: 12 }, (_unused, index) => file(`/root/${index}.test.ts`, index))
  const lines = slowestFiles(times(...files), '/root')
  expect(lines).toHaveLength(10)
  expect(lines.at(-1)).toContain('2.test.ts')
})

it('names none without times that can be read', () => {
  expect(slowestFiles(null, '/root')).toEqual([])
  expect(slowestFiles('[{"name', '/root')).toEqual([])
  expect(slowestFiles('{}', '/root')).toEqual([])
})

it('notes a total above twelve minutes in CI only', () => {
  expect(formatTotal(719_600, true)).toBe('total: 12 min 0 s')
  expect(formatTotal(720_000, true)).toBe('total: 12 min 0 s')
  expect(formatTotal(725_000, true)).toBe('total: 12 min 5 s\nnote: above the aim of 12 min 0 s on two processors')
  expect(formatTotal(725_000, false)).toBe('total: 12 min 5 s')
})
