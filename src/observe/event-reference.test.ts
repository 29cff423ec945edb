import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { eventsPage } from './event-reference.ts'

const page = fileURLToPath(new URL('../../docs/reference/events.md', import.meta.url))

test('docs/reference/events.md is the reference of all events; UPDATE_EXPECTED=1 rewrites it', () => {
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, eventsPage())
  expect(readFileSync(page, 'utf8')).toBe(eventsPage())
})
