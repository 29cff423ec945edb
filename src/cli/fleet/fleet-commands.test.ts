import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { sampleFleetYaml, writeFleetFiles } from '../../../test/lib/sample-fleet.ts'
import { FAILED, OK, USAGE } from '../io.ts'
import { fleetCheck } from './fleet-check.ts'
import { fleetGenerate } from './fleet-generate.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-fleet-cli-'))
writeFleetFiles(folder)
const fleet = join(folder, 'fleet.yaml')
writeFileSync(fleet, sampleFleetYaml)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const generate = async (options: object = {}) => {
  const io = captureIo()
  const code = await fleetGenerate({ fleet, node: undefined, ...options }, io)
  return { code, out: io.out(), err: io.err() }
}
const check = (options: object = {}) => {
  const io = captureIo()
  const code = fleetCheck({ fleet, ...options }, io)
  return { code, out: io.out(), err: io.err() }
}

test('before the nodes have files, check says so; generate prints them', async () => {
  expect(check()).toMatchObject({ code: FAILED, out: expect.stringContaining('mx-01\tmissing\t') })
  const printed = await generate({ node: 'srs-01' })
  expect(printed.code).toBe(OK)
  expect(printed.out).toMatch(/^# Written by .*\nrole: srs\nhostname: srs-01.example.org\n/)
  expect(existsSync(join(folder, 'srs-01'))).toBe(false)
  expect((await generate()).out.split('---\n')).toHaveLength(4)
  expect(await generate({ node: 'srs-02' })).toMatchObject({
    code: USAGE,
    err: 'found no node srs-02, expected one of mx-01, srs-01, submission-01, mta-01\n',
  })
})

test('written files agree, and a file that was changed is kept until --overwrite', async () => {
  expect((await generate({ write: true })).code).toBe(OK)
  expect(check().code).toBe(OK)
  const file = join(folder, 'srs-01/node.yaml')
  const before = readFileSync(file, 'utf8')
  writeFileSync(file, before.replace('forwards.example', 'other.example'))
  const found = check()
  expect(found).toMatchObject({ code: FAILED, out: expect.stringContaining('mx-01\tsame') })
  expect(found.err).toMatch(/srs-01\/node.yaml:\d+:\d+: srs.domain: found "other.example", expected "forwards.example"/)
  expect(JSON.parse(check({ json: true }).out)[1]).toMatchObject({ node: 'srs-01', state: 'different' })
  expect(await generate({ write: true })).toMatchObject({ code: FAILED, err: expect.stringContaining('is kept') })
  expect((await generate({ write: true, overwrite: true })).out).toContain(`${file}: replaced`)
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect((await generate({ write: true })).out).toContain(`${file}: unchanged`)
})

test('a bad fleet file is an error of the configuration', () => {
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'domain: example.org\nnodes: {}\n')
  expect(check({ fleet: bad })).toMatchObject({
    code: USAGE,
    err: `${bad}:2:8: nodes: found a map of keys, expected at least one node\n`,
  })
})
