// Prometheus of Debian scrapes three nodes while mail flows: every query of every dashboard and every metric of every alert has data, or is in
// a list with the reason. WAYPOST_PLOTS names a folder for pictures of all panels.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { hashPassword } from '../../src/auth/schemes.ts'
import { filledIn, queriesOf, readDashboards } from '../lib/dashboards.ts'
import { type FakeClamd, startFakeClamd } from '../lib/fake-clamd.ts'
import { clean, type FakeRspamd, scanned, startFakeRspamd } from '../lib/fake-rspamd.ts'
import { freePort } from '../lib/free-port.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type Prometheus, promtool, startPrometheus } from '../lib/peers/prometheus.ts'
import { plotDashboard } from '../lib/plot-panel.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { testPointsOf } from '../lib/sample-dns-list.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** Two rounds of mail with commands, on a busy machine. */
const SETUP_MS = 240_000
const PASSWORD = 'correct horse battery staple'
const alertFile = join(import.meta.dirname, '../../deploy/alerts.yaml')

/** Panels without data here, and what they need. Each name is that of `queriesOf`. */
const withoutData: Readonly<Record<string, string>> = {
  'accounts: Page for people A': 'the page of `self_service`: test/scenarios/self-service.test.ts',
  'accounts: Changes by people A': 'the same',
  'accounts: Entries A': 'a mirrored LDAP or SQL source: test/peers/ldap-node.test.ts',
  'accounts: Age of snapshots A': 'the same',
  'overview: Refused by budgets A': 'a client beyond its share: test/attacks',
}

/** Metrics of alerts that these nodes do not have. */
const withoutSeries: Readonly<Record<string, string>> = {
  waypost_dns_findings: '`dns_check` with a fleet file: test/scenarios/dns-check.test.ts',
  waypost_directory_snapshot_age_seconds: 'a mirrored LDAP or SQL source',
  waypost_reports_last_read_age_seconds: '`reports`: test/scenarios/reports.test.ts',
  waypost_oauth_client_works: '`oauth_clients`: test/scenarios/oauth-smarthost.test.ts',
  waypost_oauth_secret_expiry_timestamp_seconds: 'the same',
  waypost_certificate_renewal_failures: '`tls.acme`: test/peers/acme.test.ts',
  waypost_certificate_key_wait_end_timestamp_seconds: 'a key that waits for its TLSA record',
}

describe.runIf(ensurePeers(['prometheus']))('Prometheus', () => {
  let world: World
  let mx: WholeNode
  let srs: WholeNode
  let submission: WholeNode
  let rspamd: FakeRspamd
  let clamd: FakeClamd
  let prometheus: Prometheus
  const admin = { mx: 0, srs: 0, submission: 0 }

  beforeAll(async () => {
    world = await startWorld()
    const { zone } = world.dns
    await world.destination('far.example')
    await world.destination('plain.example', { brokenTls: true, extensions: ['STARTTLS'] })
    await world.destination('sender.example')
    const spf = { TXT: 'v=spf1 ip4:127.0.0.0/8 -all' }
    zone.set('sender.example', { ...zone.get('sender.example'), ...spf })
    // Mail with a proof is not greylisted.
    zone.set('_dmarc.sender.example', { TXT: 'v=DMARC1; p=none' })
    for (const [name, entry] of testPointsOf('bl.test')) zone.set(name, entry)
    rspamd = await startFakeRspamd()
    clamd = await startFakeClamd()
    for (const role of ['mx', 'srs', 'submission'] as const) admin[role] = await freePort()
    writeFileSync(join(world.folder, 'passwd'), `lee:${hashPassword('ARGON2ID', PASSWORD)}\n`, { mode: 0o600 })
    writeFileSync(join(world.folder, 'probe.secret'), 'a secret only for these tests', { mode: 0o600 })
    const forwards = { kim: 'kim@far.example', gone: 'permfail-rcpt@far.example', late: 'tempfail-rcpt@far.example' }
    const mail = { domains: ['example.org'], forwards: { ...forwards, plain: 'plain@plain.example' } }
    const at = (role: keyof typeof admin) => ({ listen: `127.0.0.1:${admin[role]}` })
    srs = await world.node({ role: 'srs', mail, yaml: { admin: at('srs') } })
    mx = await world.node({
      role: 'mx',
      mail,
      yaml: {
        admin: at('mx'),
        peers: { srs: [{ host: `${srs.address}:${srs.port}`, name: 'node-1.example.org' }] },
        rspamd: { urls: [rspamd.url] },
        clamav: { servers: [clamd.name] },
        dnsbl: {
          own: [
            {
              name: 'ours',
              zone: 'bl.test',
              kinds: ['ip4'],
              answers: [{ answer: '127.0.0.2', points: 1, meaning: 'x' }],
            },
          ],
        },
        greylist: { delay: '1m' },
        webhooks: { nothing: { command: ['/bin/true'] } },
        checks: { 'harvest-throttle': 'test', virus: 'test' },
        probe: {
          address: 'probe@example.org',
          secrets: ['../probe.secret'],
          every: '1m',
          wait: '2s',
          targets: {
            accepted: { to: 'someone@far.example', until: 'accepted' },
            back: { to: 'probe@example.org', through: 'mx:example.org' },
            missing: { to: 'kim@example.org' },
          },
        },
      },
    })
    zone.set('example.org', { ...zone.get('example.org'), MX: '10 mx.example.org' })
    zone.set('mx.example.org', { A: mx.address })
    submission = await world.node({
      role: 'submission',
      listeners: ['submission', 'submissions'],
      start: false,
      mail: { domains: ['example.org'], users: { lee: null } },
      yaml: {
        admin: at('submission'),
        users: '../passwd',
        app_passwords: 'apps',
        peers: { mx: [`${mx.address}:${mx.port}`] },
        account_limits: { users: { new_domains: { burst: 'none', hour: 3, day: 'none' } }, warn_at: 0.5 },
      },
    })
    await runWaypost(['passwd', 'app', 'add', 'lee', '--label', 'phone', '-c', submission.config])
    await submission.start()
    const nodes = [
      { instance: 'mx-01.example.org', port: admin.mx },
      { instance: 'srs-01.example.org', port: admin.srs },
      { instance: 'submission-01.example.org', port: admin.submission },
    ]
    prometheus = await startPrometheus(nodes, alertFile)
    // What begins with its first value does not increase: the same mail flows twice.
    for (const round of [1, 2]) {
      await mailFlows(round)
      await until(async () => (await scrapedSince(Date.now())).length === nodes.length, {
        what: 'a scrape of each node after the mail',
        timeout: 30_000,
        every: 200,
      })
    }
  }, SETUP_MS)
  afterAll(async () => {
    await prometheus?.stop()
    await Promise.all([rspamd?.close(), clamd?.close()])
    await world.close()
  })

  /** The nodes that were scraped after this time. */
  const scrapedSince = async (ms: number) => {
    const at = Math.ceil(ms / 1000)
    await until(() => Date.now() / 1000 > at + 2, { what: 'two more scrapes' })
    return await prometheus.query(`timestamp(up == 1) > ${at}`)
  }

  const message = (subject: string, from = 'ann@sender.example') =>
    `From: ${from}\r\nSubject: ${subject}\r\n\r\nHello.\r\n`

  async function mailFlows(round: number): Promise<void> {
    const from = 'ann@sender.example'
    const send = (...to: string[]) =>
      mx.send({ from, to: to.map((one) => `${one}@example.org`), message: message(`round ${round}`) })
    for (const to of ['kim', 'gone', 'late', 'plain', 'nobody', 'no-one', 'none']) await send(to)
    await mx.send({
      from: `x@round${round}.example`,
      to: ['kim@example.org'],
      message: message('new', `x@round${round}.example`),
    })
    clamd.verdict = 'stream: Eicar FOUND'
    await send('kim')
    clamd.verdict = 'stream: OK'
    for (const [action, score] of [
      ['greylist', 5],
      ['add header', 7],
      ['reject', 20],
    ] as const) {
      rspamd.answer = scanned(action, score)
      await mx.send({
        from: 'x@stranger.example',
        to: ['kim@example.org'],
        message: message(action, 'x@stranger.example'),
      })
    }
    rspamd.answer = clean
    const login = { user: 'lee', password: PASSWORD }
    const tls = { ca: world.ca.certificate, servername: 'node-3.example.org' }
    const mine = {
      from: 'lee@example.org',
      message: message('mine', 'lee@example.org'),
      security: 'starttls',
      tls,
    } as const
    for (const domain of ['far', 'sender']) await submission.send({ ...mine, to: [`a@${domain}.example`], login })
    await submission.send({ ...mine, from: 'ann@sender.example', to: ['a@far.example'], login })
    await submission.send({ ...mine, to: ['a@far.example'], login: { user: 'lee', password: `wrong ${round}` } })
    await runWaypost(['account', 'hold', `user:somebody${round}`, '--reason', 'test', '-c', submission.config])
    await runWaypost(['ban', 'add', `192.0.2.${round}`, '--reason', 'test', '--for', '1h', '-c', mx.config])
    await runWaypost(['probe', '-c', mx.config])
    await until(() => submission.ledger().filter(({ kind }) => kind === 'delivered').length >= 2 * round, {
      what: 'mail of people',
    })
    await until(() => srs.ledger().filter(({ kind }) => kind === 'notified').length >= round, {
      what: 'a DSN',
      timeout: 30_000,
    }).catch((error: unknown) => {
      const refusals = mx
        .ledger()
        .flatMap((event) => (event.kind === 'rejected' ? [`${event.reply} (${event.cause})`] : []))
      throw new Error(`the mx refused: ${refusals.join('\n')}`, { cause: error })
    })
  }

  it('scrapes the nodes, and promtool accepts their metrics and the rules', async () => {
    expect(await prometheus.query('sum(up)')).toMatchObject([{ values: [[expect.any(Number), 3]] }])
    for (const port of Object.values(admin)) {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      const ours = promtool(['check', 'metrics'], text)
        .output.split('\n')
        .filter((line) => line.startsWith('waypost_'))
      expect(ours).toEqual([])
    }
    expect(promtool(['check', 'rules', alertFile]).output).toContain('SUCCESS')
    const example = join(import.meta.dirname, '../../deploy/prometheus/prometheus.yml')
    expect(promtool(['check', 'config', '--syntax-only', example]).output).toContain('SUCCESS')
  })

  it.each(readDashboards().flatMap(queriesOf))('$of has data', async ({ of, expr }) => {
    const found = await prometheus.query(filledIn(expr))
    const values = found.flatMap((series) => series.values.map(([, value]) => value))
    const hasData = values.some((value) => Number.isFinite(value))
    // A panel that has data now leaves the list.
    expect(hasData, withoutData[of] ?? `${expr} has no data`).toBe(withoutData[of] === undefined)
  })

  const rules = (
    parse(readFileSync(alertFile, 'utf8')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  ).groups.flatMap((group) => group.rules)

  it.each(rules)('the alert $alert is valid, and its metrics have series', async ({ expr }) => {
    await prometheus.query(expr)
    const names = [...new Set(expr.match(/waypost_\w+/g) ?? [])]
    for (const name of names) {
      const found = await prometheus.query(`count(${name})`)
      expect(found.length > 0, withoutSeries[name] ?? `${name} has no series`).toBe(withoutSeries[name] === undefined)
    }
  })

  it('shows each node by its role', async () => {
    const found = await prometheus.query('waypost_node_info')
    expect(found.map(({ metric }) => `${metric['instance']} ${metric['role']}`).toSorted()).toEqual([
      'mx-01.example.org mx',
      'srs-01.example.org srs',
      'submission-01.example.org submission',
    ])
  })

  it.runIf(process.env['WAYPOST_PLOTS'])('draws each dashboard', async () => {
    const folder = process.env['WAYPOST_PLOTS'] as string
    for (const dashboard of readDashboards()) {
      const page = join(folder, `${dashboard.name}.html`)
      writeFileSync(page, await plotDashboard(dashboard, prometheus))
      // The nodes ask servers of this process.
      const chromium = spawn('chromium', [
        '--headless',
        '--no-sandbox',
        '--window-size=1480,2400',
        `--screenshot=${join(folder, `${dashboard.name}.png`)}`,
        `file://${page}`,
      ])
      await once(chromium, 'exit')
    }
  })
})
