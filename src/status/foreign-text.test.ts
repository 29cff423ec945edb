import { expect, it } from 'vitest'
import { hostile, obeyed } from '../../test/lib/hostile-text.ts'
import { foreign, shown } from './foreign-text.ts'

it('is one line that keeps its direction to itself, without markup', () => {
  const { html } = foreign(`<b>"a"\r\n b</b>\u202e${hostile}`)
  expect(obeyed(html)).toBeNull()
  expect(html).toMatch(/^<bdi>&lt;b&gt;&quot;a&quot; b&lt;\/b&gt;\\u202e[^<]*<\/bdi>$/)
})

it('is cut by characters, and never within one', () => {
  expect(shown('x'.repeat(301))).toBe(`${'x'.repeat(300)}…`)
  expect(shown('😀'.repeat(6), 5)).toBe(`${'😀'.repeat(5)}…`)
  expect(shown('😀'.repeat(5), 5)).toBe('😀'.repeat(5))
})
