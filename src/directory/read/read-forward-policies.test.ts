// The terms of forwards in mail data, and the errors for other values.

import { describe, expect, it } from 'vitest'
import { forwardTreatments } from '../directory.ts'
import { loadDirectory } from '../load-directory.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { formatProblem } from '../data-problem.ts'

function load(files: Record<string, string>, mail = Object.keys(files)) {
  const scope = { facts: {}, certname: 'n' }
  const loaded = loadDirectory({ mainDomain: 'example.org', mail, scope }, memoryFiles(files))
  return { directory: loaded.directory, problems: loaded.problems.map(formatProblem) }
}

describe('mail::forward_policies', () => {
  it('has a treatment for each foreign domain, with its place', () => {
    const text = ['mail::forward_policies:', ...forwardTreatments.map((one, i) => `  D${i}.example: ${one}`), ''].join(
      '\n',
    )
    const { directory, problems } = load({ 'm.yaml': text })
    expect(problems).toEqual([])
    expect(forwardTreatments.map((_, i) => directory?.forwardPolicy?.(`d${i}.example`))).toEqual(
      forwardTreatments.map((whenDmarcWouldFail, i) => ({ whenDmarcWouldFail, source: `m.yaml:${i + 2}` })),
    )
    expect(directory?.forwardPolicy?.('other.example')).toBeUndefined()
  })

  it('may be a record with several terms', () => {
    const text = [
      'forward_policies:',
      '  a.example: { when_dmarc_would_fail: wrap, spam_ceiling: 7.5, comment: agreed }',
      '  b.example: { spam_ceiling: none }',
      '',
    ].join('\n')
    const { directory, problems } = load({ 'm.yaml': text })
    expect(problems).toEqual([])
    expect(directory?.forwardPolicy?.('a.example')).toEqual({
      whenDmarcWouldFail: 'wrap',
      spamCeiling: 7.5,
      source: 'm.yaml:2',
    })
    expect(directory?.forwardPolicy?.('b.example')).toEqual({ spamCeiling: null, source: 'm.yaml:3' })
  })

  it('may be empty', () => {
    expect(load({ 'm.yaml': 'forward_policies:\n' }).problems).toEqual([])
  })

  it.each([
    [
      'an unknown treatment',
      'forward_policies: { a.example: bounce }\n',
      'expected one of pass, rewrite-from, wrap, reject',
    ],
    [
      'an unknown key',
      'forward_policies: { a.example: { spam: 6 } }\n',
      'unknown key "spam": expected when_dmarc_would',
    ],
    ['a record that says nothing', 'forward_policies: { a.example: {} }\n', 'empty record: expected'],
    ['an invalid score', 'forward_policies: { a.example: { spam_ceiling: high } }\n', 'expected a spam score above 0'],
    ['a list', 'forward_policies: [a.example]\n', 'expected a mapping, found a list'],
    ['what is not a domain name', 'forward_policies: { "a@b.example": wrap }\n', 'is not a domain name'],
    ['a domain of ours', 'forward_policies: { example.org: wrap }\n', 'example.org is a domain of ours'],
  ])('refuses %s', (_, text, problem) => {
    const { problems, directory } = load({ 'm.yaml': text })
    expect(problems).toEqual([expect.stringContaining(problem)])
    expect(problems[0]).toMatch(/^m\.yaml:1:\d+: error: /)
    expect(directory).toBeNull()
  })

  it('must not repeat a domain', () => {
    const text = 'forward_policies: { a.example: wrap }\n'
    expect(load({ 'a.yaml': text, 'b.yaml': text }).problems).toEqual([
      'b.yaml:1:21: error: duplicate "a.example", first written at a.yaml:1',
    ])
  })
})

describe('when_dmarc_would_fail of one forward', () => {
  it('is kept with the entry', () => {
    const { directory, problems } = load({
      'm.yaml': 'forwards: { kim: { to: kim@a.example, when_dmarc_would_fail: wrap } }\n',
    })
    expect(problems).toEqual([])
    expect(directory?.find('kim@example.org')).toMatchObject({ value: { forward: { whenDmarcWouldFail: 'wrap' } } })
  })

  it('is one of the four treatments', () => {
    const text = 'forwards: { kim: { to: kim@a.example, when_dmarc_would_fail: drop } }\n'
    expect(load({ 'm.yaml': text }).problems).toEqual([
      'm.yaml:1:62: error: expected one of pass, rewrite-from, wrap, reject, found "drop"',
    ])
  })
})

describe('spam_ceiling of one forward or alias', () => {
  const load1 = (ceiling: string) =>
    load({ 'm.yaml': `aliases: { kim: { to: kim@a.example, spam_ceiling: ${ceiling} } }\n` })

  it.each([
    ['6', 6],
    ['7.5', 7.5],
    ['none', null],
  ])('%s is kept with the entry', (ceiling, spamCeiling) => {
    const { directory, problems } = load1(ceiling)
    expect(problems).toEqual([])
    expect(directory?.find('kim@example.org')).toMatchObject({ value: { alias: { spamCeiling } } })
  })

  it.each(['0', '-1', 'never', '[6]', '1e9', '""'])('%s is refused', (ceiling) => {
    expect(load1(ceiling).problems).toEqual([
      expect.stringMatching(/^m\.yaml:1:\d+: error: expected a spam score above 0 such as 6 or 7\.5, or none, found /),
    ])
  })
})
