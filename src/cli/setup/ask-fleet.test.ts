import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { askFleet } from './ask-fleet.ts'

const ask = async (...answers: readonly string[]) => {
  const io = captureIo(answers.map((one) => `${one}\n`).join(''))
  return { found: await askFleet(undefined, io), out: io.out() }
}

test('one machine: Enter takes the answers in brackets', async () => {
  const { found, out } = await ask('Example.ORG', '', '', '192.0.2.25 2001:db8::25', '', '', '', '', '')
  expect(found).toMatchObject({ kind: 'ok', source: { folder: 'example.org', runner: 'systemd', person: null } })
  const text = found.kind === 'ok' ? found.source.text : ''
  expect(parse(text)).toMatchObject({
    domain: 'example.org',
    srs: { domain: 'srs.example.org' },
    nodes: { mail: { role: 'solo', addresses: ['192.0.2.25', '2001:db8::25'] } },
  })
  expect(out).toContain('Domain of rewritten senders [srs.example.org]:\n')
})

test('several machines: a node for each address, or each group of addresses with commas', async () => {
  const nodes = ['192.0.2.1,2001:db8::1 192.0.2.11', '192.0.2.2', '192.0.2.3', 'none']
  const rest = ['forwards.example', 'kim', 'kim@home.example.net', 'docker', '192.0.2.53', 'out']
  const { found } = await ask('example.org', 'several', ...nodes, ...rest)
  expect(found).toMatchObject({
    kind: 'ok',
    source: { folder: 'out', runner: 'docker', person: { name: 'kim', forward: 'kim@home.example.net' } },
  })
  const text = found.kind === 'ok' ? found.source.text : ''
  expect(Object.keys(parse(text).nodes)).toEqual(['mx-01', 'mx-02', 'srs-01', 'submission-01'])
  expect(parse(text).nodes['mx-01'].addresses).toEqual(['192.0.2.1', '2001:db8::1'])
})

test.each([
  [['example'], 'standard input:1: Mail domain: found example, expected a domain such as example.org'],
  [['example.org', 'two'], 'standard input:2: One machine'],
  [['example.org', 'one', '', '192.0.2.256'], 'standard input:4: Its public addresses, separated by spaces: found'],
  [['example.org', 'one', '', ''], 'found nothing, expected an answer'],
  [['example.org', 'one', '', '192.0.2.1', 'example.org'], 'found example.org, expected another domain'],
  [['example.org', 'one', '', '192.0.2.1', '', '', 'docker', '127.0.0.1'], 'loopback is the container itself'],
  [['example.org'], 'found the end of the input, expected an answer: One machine'],
])('a bad answer in a pipe ends the questions: %j', async (answers, problem) => {
  const { found } = await ask(...answers)
  expect(found.kind === 'bad' && found.problems[0]).toContain(problem)
  expect(found.kind === 'bad' && found.problems[0]).toContain('nothing was written')
})
