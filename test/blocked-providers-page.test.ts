// docs/reference/blocked-providers.md has every provider and list whose refusal a rule recognizes as a block, and each sample of the page
// is recognized by its rule.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { blockedProvidersPage } from '../src/cli/report/blocked-providers-page.ts'
import { removalRequests } from '../src/cli/report/removal-requests.ts'
import { loadShippedReplyRules } from '../src/config/reply-rules-file.ts'
import { createReplyRules } from '../src/delivery/attempt/reply-rules.ts'

const page = fileURLToPath(new URL('../docs/reference/blocked-providers.md', import.meta.url))
const rules = loadShippedReplyRules()
/** Rules without a provider, and those of providers whose contact says all. */
const withoutSection = ['blocked', 'mailru-blocked', 'qq-blocked', 'sorbs-uceprotect-blocked', 'cisco-blocked']

it('is up to date; UPDATE_EXPECTED=1 rewrites it', () => {
  const text = blockedProvidersPage(rules)
  if (process.env['UPDATE_EXPECTED']) writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

it('has every rule of the class blocked', () => {
  const blocked = rules.filter((rule) => rule.class === 'blocked').map(({ name }) => name)
  expect([...Object.keys(removalRequests), ...withoutSection].toSorted()).toEqual(blocked.toSorted())
})

it.each(Object.entries(removalRequests))('%s recognizes its sample', (name, { sample }) => {
  const rule = rules.find((one) => one.name === name)
  const host = (rule?.host?.[0] ?? 'mx.example.net').replace('*', 'mx')
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(sample)?.[1] ?? ''
  const reply = { code: Number(sample.slice(0, 3)), enhanced, verbatim: sample }
  expect(createReplyRules(rules).classify(reply, { host, phase: 'rcpt' })).toMatchObject({
    rule: name,
    class: 'blocked',
  })
  expect(rule?.contact).toBeDefined()
})
