import { expect, test } from 'vitest'
import { sectionOf, withSection } from './page-section.ts'

test('a section replaces its old version and leaves the rest of the page', () => {
  const heading = '## Mail'
  const first = withSection('# Benchmarks\n\n## Relay\n\ntext\n', heading, '## Mail\n\nold\n')
  expect(first).toBe('# Benchmarks\n\n## Relay\n\ntext\n\n## Mail\n\nold\n')
  const second = withSection(`${first}\n## Later\n\nmore\n`, heading, '## Mail\n\nnew\n')
  expect(second).toBe('# Benchmarks\n\n## Relay\n\ntext\n\n## Mail\n\nnew\n\n## Later\n\nmore\n')
  expect(sectionOf(second, heading)).toBe('## Mail\n\nnew\n')
  expect(sectionOf(second, '## Other')).toBeNull()
})
