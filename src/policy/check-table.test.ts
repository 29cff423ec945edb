// The order of the checks of the shipped roles: cheap ones first, so that a scan is for the mail that nothing else refuses.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { expensiveFirst, type RoleCheckName } from './check-table.ts'

const folder = join(import.meta.dirname, '../../roles')
const roles = globSync('{*,examples/*}.yaml', { cwd: folder }).map((file) => {
  const { checks } = parse(readFileSync(join(folder, file), 'utf8')) as { checks: RoleCheckName[] }
  return { role: basename(file, '.yaml'), checks }
})

describe('the order of checks', () => {
  it.each(roles)('of the role $role is cheap first', ({ checks }) => {
    expect(checks.length).toBeGreaterThan(0)
    expect(expensiveFirst(checks)).toBeNull()
  })

  it('with a scan before what looks at memory, the DNS or signatures is wrong', () => {
    for (const later of ['hop-count', 'dnsbl', 'authentication-results'] as const)
      for (const first of ['virus', 'spam'] as const) expect(expensiveFirst([first, later])).toEqual({ first, later })
    expect(expensiveFirst(['hop-count', 'authentication-results', 'dnsbl'])).toEqual({
      first: 'authentication-results',
      later: 'dnsbl',
    })
  })

  it('of checks that cost the same is free', () => {
    expect(expensiveFirst(['spam', 'virus'])).toBeNull()
    expect(expensiveFirst([])).toBeNull()
  })
})
