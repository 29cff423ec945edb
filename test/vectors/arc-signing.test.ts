// The signing suite for ARC (RFC 8617): every field exactly as its authors made it, signatures included.

import { createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { hashBody } from '../../src/dkim/canonical-body.ts'
import { splitFields } from '../../src/dkim/canonical-header.ts'
import { sealWith } from '../../src/dkim/seal.ts'
import { parseResults } from '../../src/message/results-field.ts'
import { fieldsNamed, readFields } from '../../src/message/header.ts'
import { contentOf } from '../lib/message.ts'
import { suite, wire } from './suites.ts'

interface Case {
  readonly message: string
  readonly t: number
  readonly 'sig-headers': string
  readonly 'srv-id': string
  readonly AS: string
  readonly AMS: string
  readonly AAR: string
}

interface Scenario {
  readonly description: string
  readonly tests: Record<string, Case>
  readonly domain: string
  readonly sel: string
  readonly privatekey: string
}

/** White space does not count. */
const bare = (text: string | undefined) => (text ?? '').replace(/\s+/g, '')

async function sealed(scenario: Scenario, one: Case) {
  const { header, body } = wire(one.message)
  const fields = readFields(header)
  const results = fieldsNamed(fields, 'authentication-results')
    .map((field) => field.value)
    .filter((value) => {
      const parsed = parseResults(value)
      return parsed.kind === 'results' && parsed.authservId === one['srv-id']
    })
  const privateKey = createPrivateKey(scenario.privatekey)
  const names = { domain: scenario.domain, selector: scenario.sel }
  const key = { ...names, algorithm: 'rsa-sha256', privateKey, stage: 'active', since: null, file: '' } as const
  const sealing = {
    key,
    fields: splitFields(header),
    names: one['sig-headers'].split(':'),
    bodyHash: await hashBody(contentOf({ header, body })),
  }
  const options = { domain: scenario.domain, authservId: one['srv-id'], results, now: one.t * 1000 }
  const result = await sealWith(sealing, options)
  const made = result.kind === 'sealed' ? readFields(result.fields) : []
  const value = (name: string) => bare(fieldsNamed(made, name)[0]?.value)
  return { AS: value('arc-seal'), AMS: value('arc-message-signature'), AAR: value('arc-authentication-results') }
}

describe('ARC sets', () => {
  const text = suite('arc/signing.yml')
  const scenarios = text === null ? [] : parseAllDocuments(text).map((document) => document.toJS() as Scenario)
  const cases = scenarios.flatMap((scenario) =>
    Object.entries(scenario.tests).map(([name, one]) => ({ name: `${scenario.description}: ${name}`, scenario, one })),
  )

  test.skipIf(text === null)('are complete', () => {
    expect(cases).toHaveLength(17)
  })

  test.skipIf(cases.length === 0).each(cases)('$name', async ({ scenario, one }) => {
    expect(await sealed(scenario, one)).toEqual({ AS: bare(one.AS), AMS: bare(one.AMS), AAR: bare(one.AAR) })
  })
})
