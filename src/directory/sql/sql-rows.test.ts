import { describe, expect, it } from 'vitest'
import { isTable, MissingColumn, readRows, sourceOf, WrongColumn } from './sql-rows.ts'
import type { SqlAnswers } from './sql-rows.ts'

const labels = {
  name: 'crm',
  queries: { users: 'mail.users', addresses: null, aliases: 'SELECT a AS address, b AS target FROM x', forwards: null },
}
const read = (answers: Partial<SqlAnswers>) =>
  readRows({ users: [], addresses: [], aliases: [], forwards: [], ...answers }, labels)

describe('rows of SQL', () => {
  it('have the table as source, or the kind for a SELECT', () => {
    expect(sourceOf(labels, 'users', 'kim')).toBe('sql:crm:mail.users/kim')
    expect(sourceOf(labels, 'aliases', 'press')).toBe('sql:crm:aliases/press')
  })

  it.each([
    ['users', true],
    ['mail.users', true],
    ['_x9', true],
    ['SELECT 1', false],
    ['a b', false],
    ['a;DROP TABLE a', false],
    ['9a', false],
  ])('%j is a table: %s', (query, expected) => {
    expect(isTable(query)).toBe(expected)
  })

  it('join users and their addresses, regardless of the case of names', () => {
    const { users } = read({
      users: [{ name: 'Kim', password: '{SSHA}x' }],
      addresses: [
        { name: 'kim', address: 'k.im@example.org' },
        { name: 'KIM', address: 'kimmy@example.org' },
      ],
    })
    expect(users).toEqual([
      {
        name: 'Kim',
        addresses: ['Kim', 'k.im@example.org', 'kimmy@example.org'],
        password: '{SSHA}x',
        source: 'sql:crm:mail.users/Kim',
      },
    ])
  })

  it('need no password column; NULL and empty texts are ignored', () => {
    const { users } = read({ users: [{ name: 'kim' }, { name: null }, { name: ' ' }, { name: 'lee', password: '' }] })
    expect(users.map((user) => [user.name, user.password])).toEqual([
      ['kim', undefined],
      ['lee', undefined],
    ])
  })

  it('give the targets of an address in a fixed order', () => {
    const rows = [
      { address: 'Press', target: 'lee' },
      { address: 'office', target: 'kim' },
      { address: 'press', target: 'kim' },
    ]
    const { aliases } = read({ aliases: rows })
    expect(aliases.map((row) => [row.address, row.targets])).toEqual([
      ['Press', ['kim', 'lee']],
      ['office', ['kim']],
    ])
    expect(read({ aliases: rows.toReversed() }).aliases.find((row) => row.address === 'press')?.targets).toEqual([
      'kim',
      'lee',
    ])
  })

  it.each([[['kim', 'lee']], [new Date(0)], [{ to: 'kim' }], [true]])('must be text: %j', (target) => {
    const message = 'the query for aliases has a column target that is not text'
    expect(() => read({ aliases: [{ address: 'press', target }] })).toThrow(new WrongColumn(message))
    expect(read({ aliases: [{ address: 1n, target: 2n }] }).aliases[0]).toMatchObject({ address: '1', targets: ['2'] })
  })

  it('may be octets or numbers', () => {
    const { aliases } = read({ aliases: [{ address: 1234, target: Buffer.from('büro@example.org') }] })
    expect(aliases[0]).toMatchObject({ address: '1234', targets: ['büro@example.org'] })
  })

  it.each([
    [{ users: [{ login: 'kim' }] }, 'the query for users has no column name'],
    [{ aliases: [{ address: 'press' }] }, 'the query for aliases has no column target'],
    [{ addresses: [{ name: 'kim', mail: 'x' }] }, 'the query for addresses has no column address'],
  ])('must have the required columns: %j', (answers, message) => {
    expect(() => read(answers)).toThrow(new MissingColumn(message))
  })
})
