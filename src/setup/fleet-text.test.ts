import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { completeFleetText, newFleetText, withNodes, withoutKeys } from './fleet-text.ts'

const answers = {
  domain: 'example.org',
  srsDomain: 'forwards.example',
  resolvers: ['127.0.0.1:53'],
  hiera: false,
  nodes: [{ name: 'mx-01', role: 'mx', addresses: ['192.0.2.1', '2001:db8::1'] }],
}

test('a new file has the answers, a certificate for each node, and the spam score of nodes that receive', () => {
  expect(parse(newFleetText(answers))).toEqual({
    domain: 'example.org',
    srs: { domain: 'forwards.example' },
    settings: { dns: { servers: ['127.0.0.1:53'] }, admin: { listen: '127.0.0.1:9125' } },
    roles: { mx: { score: {} } },
    nodes: { 'mx-01': { role: 'mx', addresses: ['192.0.2.1', '2001:db8::1'], certificate: 'mx-01/cert.pem' } },
    dkim_keys: ['shared/dkim'],
  })
})

test('a solo node alone has no authority for peers, an mta has a folder of machines, Hiera takes the place of mail.yaml', () => {
  const solo = newFleetText({ ...answers, nodes: [{ name: 'mail', role: 'solo', addresses: ['192.0.2.1'] }] })
  expect(parse(solo).roles.solo.tls).toEqual({ ca: null })
  const mta = newFleetText({ ...answers, nodes: [{ name: 'mta-01', role: 'mta', addresses: [] }] })
  expect(parse(mta).roles.mta).toEqual({ machines: 'machines' })
  expect(parse(newFleetText({ ...answers, hiera: true })).settings).toMatchObject({ mail: null, hiera: 'hiera.yaml' })
})

const written = `# ours
domain: example.org   # since 2009
nodes: { mx-01: { role: mx, addresses: [192.0.2.1] } }
`

test('completing a file keeps comments and values, and a complete file stays as it is, octet by octet', () => {
  const complete = completeFleetText(written)
  expect(complete).toContain('# since 2009')
  expect(parse(complete)).toMatchObject({
    dkim_keys: ['shared/dkim'],
    nodes: { 'mx-01': { certificate: 'mx-01/cert.pem' } },
  })
  const odd = `dkim_keys: [  "k"  ]\nnodes: {  a: {role: mx, public_keys: [x]} }\n`
  expect(completeFleetText(odd)).toBe(odd)
})

test('nodes are added, known ones stay, and a contradiction has the name of its node', () => {
  const node = { name: 'mx-02', role: 'mx', addresses: ['192.0.2.2'] }
  const added = withNodes(written, [{ name: 'mx-01', role: 'mx', addresses: ['192.0.2.1'] }, node])
  expect(added).toMatchObject({ kind: 'ok', added: ['mx-02'] })
  const text = added.kind === 'ok' ? added.text : ''
  expect(text).toContain('# ours')
  expect(Object.keys(parse(text).nodes)).toEqual(['mx-01', 'mx-02'])
  expect(withNodes(text, [node])).toEqual({ kind: 'ok', text, added: [] })
  expect(withNodes(text, [{ ...node, role: 'srs' }])).toEqual({ kind: 'conflict', name: 'mx-02' })
})

test('removes keys', () => {
  expect(withoutKeys('a: 1 # x\nperson: { name: kim }\n', ['person', 'run'])).toBe('a: 1 # x\n')
  expect(withoutKeys('- a\n', ['person'])).toBe('- a\n')
})
