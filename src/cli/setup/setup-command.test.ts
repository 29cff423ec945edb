import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { createAuthority } from '../../demo/ca.ts'
import { publicKeyDigest } from '../../lib/public-key-digest.ts'
import { FAILED, OK, USAGE } from '../io.ts'
import { setup, type SetupOptions } from './setup-command.ts'

const root = mkdtempSync(join(tmpdir(), 'waypost-setup-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function run(options: Partial<SetupOptions>, input = '') {
  const io = captureIo(input)
  const code = await setup({ nodes: [], person: null, runner: null, ...options }, io)
  return { code, out: io.out().replaceAll(`${root}/`, ''), err: io.err().replaceAll(`${root}/`, '') }
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const yaml = (path: string) => parse(read(path))

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

const kim = { name: 'kim', forward: 'kim@home.example.net' }

describe('one machine', () => {
  const folder = join(root, 'solo')
  const options = { folder, solo: true, domain: 'example.org', srsDomain: 'forwards.example', address: ['192.0.2.25'] }
  let first: Awaited<ReturnType<typeof run>>
  beforeAll(async () => {
    first = await run({ ...options, person: kim })
  })

  test('gets a folder that passes the check, and the password of the first person', () => {
    expect(first).toMatchObject({ code: OK, err: '' })
    expect(first.out).toMatch(/mail\/node.yaml: ok\. solo mail.example.org: .* 4 signing keys, 1 assertion, .*1 user/)
    expect(first.out).toMatch(/^Password of kim: [a-z2-9]{4}(-[a-z2-9]{4}){4}$/m)
    expect(first.out).toContain('Next: follow solo/CHECKLIST.md.')
  })

  test('only the owner reads the files', () => {
    for (const file of filesOf('solo')) expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600])
    expect(statSync(join(folder, 'mail/dkim/example.org')).mode & 0o777).toBe(0o700)
  })

  test('the zone has every kind of record, and the check list each host and address', () => {
    const zone = read('solo/dns.zone')
    for (const part of [
      'example.org. 3600 IN MX 10 mail.example.org.',
      'forwards.example. 3600 IN MX',
      'v=spf1 ip4:192.0.2.25 -all',
      'v=DMARC1; p=none',
      '_domainkey.forwards.example.',
      '25.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org.',
    ])
      expect(zone).toContain(part)
    const list = read('solo/CHECKLIST.md')
    expect(list).toContain('copy mail mail.example.org')
    expect(list).toContain('waypost trace kim@example.org')
  })

  test('a second run writes nothing, in the folder or by the same command', async () => {
    const before = filesOf('solo').map((file) => [file, readFileSync(file, 'utf8'), statSync(file).ino])
    for (const again of [{ folder }, { ...options, person: kim }]) {
      const result = await run(again)
      expect(result).toMatchObject({ code: OK, err: '' })
      expect(result.out).toContain('There is nothing to write.')
      expect(result.out).not.toContain('Password')
    }
    const after = filesOf('solo').map((file) => [file, readFileSync(file, 'utf8'), statSync(file).ino])
    const withoutRecord = (files: typeof before) => files.filter(([file]) => !String(file).endsWith('setup.json'))
    expect(withoutRecord(after)).toEqual(withoutRecord(before))
  })

  test('a person is added by the operator after the first run; the same person again is no change', async () => {
    const lee = await run({ folder, person: { name: 'lee', forward: 'lee@home.example.net' } })
    expect(lee).toMatchObject({ code: USAGE, err: expect.stringContaining('--person: found lee, expected kim, who') })
    expect((await run({ folder, person: kim })).code).toBe(OK)
  })

  test('contradictions to the folder are errors of the command line', async () => {
    expect(await run({ folder, domain: 'example.net' })).toMatchObject({
      code: USAGE,
      err: '--domain: found example.net, expected example.org as in solo/fleet.yaml; change it there\n',
    })
    expect(await run({ ...options, address: ['192.0.2.26'] })).toMatchObject({
      code: USAGE,
      err: 'found the node mail, which solo/fleet.yaml has with another role or address; change it there\n',
    })
  })
})

describe('a fleet', () => {
  const folder = join(root, 'fleet')
  const node = (name: string, role: string, address: string) => ({ name, role, addresses: [address] })
  const nodes = [
    node('mx-01', 'mx', '192.0.2.1'),
    node('srs-01', 'srs', '192.0.2.2'),
    node('submission-01', 'submission', '192.0.2.3'),
    node('mta-01', 'mta', '192.0.2.4'),
  ]
  beforeAll(async () => {
    const { code, err } = await run({
      folder,
      domain: 'example.org',
      srsDomain: 'forwards.example',
      nodes,
      person: kim,
    })
    expect({ code, err }).toEqual({ code: OK, err: '' })
  })

  test('each node has what its role needs, and nothing of the others', () => {
    const names = (name: string) => readdirSync(join(folder, name)).toSorted()
    const all = ['ca.pem', 'cert.pem', 'key.pem', 'mail.yaml', 'node.yaml']
    expect(names('mx-01')).toEqual([...all, 'srs.secret'].toSorted())
    expect(names('srs-01')).toEqual([...all, 'dkim', 'srs.secret'].toSorted())
    expect(names('submission-01')).toEqual([...all, 'dkim', 'passwd'].toSorted())
    expect(names('mta-01')).toEqual([...all, 'dkim', 'machines'].toSorted())
    expect(read('mx-01/srs.secret'.replace('mx', 'fleet/mx'))).toBe(read('fleet/srs-01/srs.secret'))
  })

  test('a node that is added writes its folder and what others need of it', async () => {
    const secret = read('fleet/shared/srs.secret')
    const key = read('fleet/mx-01/key.pem')
    const { code, out } = await run({ folder, nodes: [node('mx-02', 'mx', '192.0.2.11')] })
    expect(code).toBe(OK)
    expect(out).toMatch(/^created {2}mx-02\/ \(6 files\)\nupdated {2}fleet.yaml$/m)
    expect(out).toContain('Copy to the hosts again: mx-01, srs-01, submission-01, mta-01, mx-02')
    expect(out).toContain('Publish again: dns.zone')
    expect(yaml('fleet/srs-01/node.yaml').peers.mx).toHaveLength(2)
    expect([read('fleet/shared/srs.secret'), read('fleet/mx-01/key.pem')]).toEqual([secret, key])
    expect(read('fleet/mx-02/srs.secret')).toBe(secret)
  })

  test('a client host is a machine of the mta', async () => {
    expect((await run({ folder, nodes: [{ name: 'web-01', role: 'client', addresses: [] }] })).code).toBe(OK)
    expect(yaml('fleet/mta-01/machines/web-01.yaml').machines[0]).toMatchObject({
      name: 'web-01',
      senders: ['@web-01.example.org', 'postmaster@example.org'],
    })
  })

  test('a change of a shared file reaches the nodes; a problem in it is shown with its position', async () => {
    appendFileSync(join(folder, 'shared/mail.yaml'), 'mail::discards: { news: closed }\n')
    const { out } = await run({ folder })
    expect(out).toContain('Copy to the hosts again: mx-01, srs-01, submission-01, mta-01')
    expect(read('fleet/mx-01/mail.yaml')).toContain('mail::discards')
    appendFileSync(join(folder, 'shared/mail.yaml'), 'mail::alases: {}\n')
    const bad = await run({ folder })
    expect(bad.code).toBe(FAILED)
    expect(bad.err).toMatch(/fleet\/mx-01\/mail.yaml:\d+:1: .*mail::alases/)
    writeFileSync(join(folder, 'shared/mail.yaml'), read('fleet/shared/mail.yaml').replace('mail::alases: {}\n', ''))
    expect((await run({ folder })).code).toBe(OK)
  })

  test('a node.yaml that was changed by hand stays, and the difference is shown until it is resolved', async () => {
    const file = 'fleet/srs-01/node.yaml'
    appendFileSync(join(root, file), 'watch: true\n')
    expect(await run({ folder })).toMatchObject({
      code: OK,
      out: expect.stringContaining('kept     srs-01/node.yaml (changed by hand)'),
    })
    const added = { folder, nodes: [node('mx-03', 'mx', '192.0.2.12')] }
    for (const options of [added, { folder }]) {
      const { code, err } = await run(options)
      expect(code).toBe(FAILED)
      expect(err).toContain('srs-01/node.yaml was changed by hand and is kept')
      expect(err).toContain('    - watch: true')
      expect(err).toContain('    +     - host: mx-03.example.org')
    }
    expect(read(file)).toContain('watch: true')
    expect(read(file)).not.toContain('mx-03')
  })

  test('a certificate that a host renews itself is left to the check on that host', async () => {
    const file = join(folder, 'fleet.yaml')
    const { certificate } = createAuthority('Public').issue({ names: ['submission-01.example.org'] })
    writeFileSync(join(folder, 'submission-01/public.pem'), certificate)
    const tls = '{ certificate: /etc/waypost/public/fullchain.pem, key: /etc/waypost/public/privkey.pem }'
    const changed = read('fleet/fleet.yaml').replace(
      'certificate: submission-01/cert.pem',
      `certificate: submission-01/public.pem\n    settings: { tls: ${tls} }`,
    )
    writeFileSync(file, changed)
    rmSync(join(folder, 'srs-01/node.yaml'))
    const { code, out, err } = await run({ folder })
    expect({ code, err }).toEqual({ code: OK, err: '' })
    expect(out).toContain('tls.certificate: found /etc/waypost/public/fullchain.pem on the host')
    const [peer] = yaml('fleet/mx-01/node.yaml').peers.submission
    expect(peer.fingerprints).toEqual([`sha256:${publicKeyDigest(certificate)}`])
  })

  test('differences of secrets are not printed', async () => {
    writeFileSync(join(folder, 'mx-01/srs.secret'), 'another secret of the operator\n')
    writeFileSync(join(folder, 'shared/srs.secret'), 'the new secret of all of them\n')
    const { err } = await run({ folder })
    expect(err).toContain('mx-01/srs.secret was changed by hand')
    expect(err).not.toContain('secret of')
  })
})

test('a dry run names every file and writes nothing', async () => {
  const folder = join(root, 'dry')
  const solo = { folder, solo: true, domain: 'example.org', address: ['192.0.2.25'], dryRun: true }
  const { code, out } = await run(solo)
  expect(code).toBe(OK)
  expect(out).toContain('would be created  mail/node.yaml')
  expect(out).toContain('would be created  shared/dkim/example.org/')
  expect(existsSync(folder)).toBe(false)
})

test('Hiera and containers', async () => {
  const folder = join(root, 'podman')
  const solo = { folder, solo: true, domain: 'example.org', srsDomain: 'forwards.example', address: ['192.0.2.25'] }
  const result = await run({ ...solo, hiera: true, runner: 'podman', resolver: ['192.0.2.53'], person: kim })
  expect(result).toMatchObject({ code: OK, err: '' })
  expect(yaml('podman/mail/data/common.yaml')['mail::forwards']).toEqual({ kim: kim.forward })
  expect(read('podman/mail/waypost.container')).toContain('PublishPort=465:465')
  await run({ folder, runner: 'docker' })
  expect(yaml('podman/mail/compose.yaml').services.waypost.ports).toEqual(['25:25', '465:465', '587:587'])
})

describe('errors', () => {
  test.each([
    [{ domain: 'example.org' }, 'found neither --solo nor --node, expected the nodes\n'],
    [{ domain: 'example.org', solo: true }, '--address: found nothing, expected the public address of the host\n'],
    [
      { domain: 'example.org', nodes: [{ name: 'a', role: 'mx', addresses: ['192.0.2.1'] }] },
      'nodes.a.role: found mx, which sends to srs nodes, expected a node with the role srs\n',
    ],
    [
      { domain: 'example.org', nodes: [{ name: 'a', role: 'pop', addresses: [] }] },
      expect.stringContaining('nodes.a.role: found "pop", expected one of client, mta'),
    ],
    [
      { domain: 'example.org', solo: true, address: ['192.0.2.1'], runner: 'docker' as const },
      '--resolver: found nothing, expected an address that a docker container can reach\n',
    ],
    [{ answers: join(root, 'none.yaml') }, expect.stringContaining('none.yaml: cannot be read: ENOENT')],
  ])('%j', async (options, err) => {
    const folder = join(root, 'bad')
    expect(await run({ folder, ...options })).toMatchObject({ code: USAGE, err })
    expect(existsSync(folder)).toBe(false)
  })

  test('in answers have their position in that file, and nothing is written', async () => {
    const answers = join(root, 'answers.yaml')
    const nodes = 'nodes: { mail: { role: solo, addresses: [ 192.0.2.25 ] } }'
    const folder = join(root, 'answered')
    const cases = [
      [
        `domain: example\n${nodes}\n`,
        'answers.yaml:1:9: domain: found "example", expected a domain such as example.org',
      ],
      [`domain: example.org\nrun: cron\n${nodes}\n`, 'answers.yaml:2:6: run: found "cron", expected one of systemd'],
      [
        `domain: example.org\nperson: { name: kim, forward: kim }\n${nodes}\n`,
        'answers.yaml:2:31: person.forward: found kim, expected an address',
      ],
      [
        `domain: example.org\n${nodes}\nsrs: { domain: forwards.example }\nsettings: { dns: { timout: 1s } }\n`,
        'answers.yaml:4:20: settings.dns.timout',
      ],
    ]
    for (const [text, problem] of cases) {
      writeFileSync(answers, text as string)
      const { code, err } = await run({ answers, folder })
      expect([code, err]).toEqual([USAGE, expect.stringContaining(problem as string)])
    }
    expect(existsSync(folder)).toBe(false)
  })

  test('answers that were changed say what differs, and write nothing', async () => {
    const answers = join(root, 'changed.yaml')
    const folder = join(root, 'changed')
    const text = [
      'domain: example.org',
      'srs: { domain: forwards.example }',
      'person: { name: kim, forward: kim@home.example.net }',
      'nodes: { mail: { role: solo, addresses: [ 192.0.2.25 ] } }',
    ].join('\n')
    writeFileSync(answers, text)
    expect(await run({ answers, folder })).toMatchObject({ code: OK, err: '' })
    // The same answers in another order and layout are the same.
    writeFileSync(answers, `# again\n${text.split('\n').toReversed().join('\n')}\n`)
    expect(await run({ answers, folder })).toMatchObject({ code: OK, err: '' })
    const before = read('changed/fleet.yaml')
    appendFileSync(join(folder, 'fleet.yaml'), 'records: { dmarc: { policy: reject } }\n')
    const now = text.replace('192.0.2.25', '192.0.2.26').replace('} }', '}, mx: { role: mx } }')
    writeFileSync(answers, now)
    const { code, err } = await run({ answers, folder })
    expect([code, err.split('\n')]).toEqual([
      USAGE,
      [
        'changed.yaml:4:41: nodes.mail.addresses: found ["192.0.2.26"], but changed/fleet.yaml has ["192.0.2.25"]',
        'changed.yaml:4:63: nodes.mx: found {"role":"mx"}, which changed/fleet.yaml does not have',
        'changed.yaml:1:1: records.dmarc.policy: found nothing, but changed/fleet.yaml has reject',
        'changed/fleet.yaml counts since the first run, so nothing was written: make these changes there and run setup in its folder, or give the answers another folder',
        '',
      ],
    ])
    expect(read('changed/fleet.yaml')).toBe(`${before}records: { dmarc: { policy: reject } }\n`)
    expect(await run({ answers, folder, domain: 'example.org', hiera: true })).toMatchObject({
      code: USAGE,
      err: expect.stringMatching(/^--domain: found with --answers, expected it in .*\n--hiera: found with --answers/),
    })
  })

  test('the usual SRS domain is explained once, and not warned of; another one inside is', async () => {
    const nodes = [
      { name: 'mx', role: 'mx', addresses: ['192.0.2.1'] },
      { name: 'srs-01', role: 'srs', addresses: ['192.0.2.2'] },
    ]
    const usual = await run({ folder: join(root, 'usual'), domain: 'example.org', nodes, person: kim })
    expect(usual).toMatchObject({ code: OK, err: '' })
    expect(usual.out.match(/Forwards leave/g)).toHaveLength(1)
    expect(usual.out).toContain('Forwards leave with senders at srs.example.org. It is inside example.org')
    const own = { folder: join(root, 'inside'), domain: 'example.org', srsDomain: 'f.example.org', nodes, person: kim }
    expect((await run(own)).err).toContain('srs.domain: found f.example.org, which shares its organization')
  })

  test('flags of a new fleet that say something else than the fleet file are refused', async () => {
    const folder = join(root, 'flags')
    const options = {
      folder,
      solo: true,
      domain: 'example.org',
      srsDomain: 'f.example',
      address: ['192.0.2.25'],
      person: kim,
    }
    expect(await run(options)).toMatchObject({ code: OK })
    expect(await run({ ...options, resolver: ['127.0.0.1:53'] })).toMatchObject({ code: OK, err: '' })
    expect(await run({ folder, resolver: ['192.0.2.53'], hiera: true, address: ['192.0.2.1'] })).toMatchObject({
      code: USAGE,
      err: [
        '--address: found without --solo, expected the addresses of the nodes in flags/fleet.yaml; change it there',
        '--resolver: found 192.0.2.53, expected settings.dns.servers in flags/fleet.yaml; change it there',
        '--hiera: found a fleet without Hiera, expected settings.hiera in flags/fleet.yaml; change it there',
        '',
      ].join('\n'),
    })
  })

  test.each(['nodes: [ a ]\n', 'nodes: { a: }\n', 'a\n', ''])(
    'a fleet file with the text %j is reported',
    async (text) => {
      const folder = mkdtempSync(join(root, 'broken-'))
      writeFileSync(join(folder, 'fleet.yaml'), text)
      const node = { name: 'mx-01', role: 'mx', addresses: ['192.0.2.1'] }
      const { code, err } = await run({ folder, nodes: [node] })
      expect(code).toBe(USAGE)
      expect(err).not.toBe('')
      expect(readdirSync(folder)).toEqual(['fleet.yaml'])
    },
  )

  test('a folder in which files cannot be written', async () => {
    writeFileSync(join(root, 'file'), '')
    const solo = { folder: join(root, 'file'), solo: true, domain: 'example.org', address: ['192.0.2.25'] }
    expect(await run(solo)).toMatchObject({ code: USAGE, err: expect.stringContaining('file: cannot be written') })
  })
})
