import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { get, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { hostile, obeyed } from '../../test/lib/hostile-text.ts'
import type { HealthReport } from '../observe/health-report.ts'
import { startAdmin, startAdminSocket } from './http.ts'
import type { AdminSettings, AdminSources } from './http.ts'

const healthy: HealthReport = { kind: 'ok', checks: { queue: { kind: 'ok' } } }
const bugs: unknown[] = []
const sources: AdminSources = {
  metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'waypost_up 1\n' }),
  health: async () => healthy,
  bug: (error) => void bugs.push(error),
}
const running: { close(): Promise<void> }[] = []

async function start(
  changes: Partial<AdminSources> = {},
  settings: Partial<AdminSettings> = {},
): Promise<{ url: string; port: number }> {
  const started = await startAdmin(
    { host: '127.0.0.1', port: 0, allowRemote: false, ...settings },
    { ...sources, ...changes },
  )
  if (started.kind === 'refused') throw new Error(started.problem)
  running.push(started)
  return { url: `http://127.0.0.1:${started.port}`, port: started.port }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
  bugs.length = 0
})

describe('the admin server', () => {
  test('escapes in the health what a terminal obeys, and keeps its value', async () => {
    const report: HealthReport = {
      kind: 'degraded',
      checks: { ldap: { kind: 'degraded', reason: `down: ${hostile}` } },
    }
    const { url } = await start({ health: async () => report })
    const text = await (await fetch(`${url}/healthz`)).text()
    expect(obeyed(text)).toBeNull()
    expect(JSON.parse(text)).toEqual(report)
  })

  test('serves metrics', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/metrics?x=1`)
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'waypost_up 1\n',
    ])
  })

  test.each([
    [healthy, 200],
    [{ kind: 'degraded', checks: { ldap: { kind: 'degraded', reason: 'stale' } } } as const, 200],
    [{ kind: 'failing', checks: { queue: { kind: 'failing', reason: 'disk full' } } } as const, 503],
  ])('answers the health %j with %d', async (report, status) => {
    const { url } = await start({ health: async () => report })
    const response = await fetch(`${url}/healthz`)
    expect([response.status, await response.json()]).toEqual([status, report])
  })

  test('rejects other paths and methods', async () => {
    const { url } = await start()
    for (const path of ['/', '/metrics/', '/admin', '/%6detrics']) expect((await fetch(url + path)).status).toBe(404)
    const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('disconnects a client that does not finish its request, without a further half minute', {
    timeout: 15_000,
  }, async () => {
    const { port } = await start({}, { requestMs: 50 })
    const slow = connect(port, '127.0.0.1').on('error', () => undefined)
    slow.write('GET /healthz HTTP/1.1\r\n')
    slow.resume()
    await once(slow, 'close')
  })

  test('answers 500 and reports a bug if a source fails, and continues', async () => {
    const { url } = await start({ metrics: () => Promise.reject(new Error('no')) })
    const response = await fetch(`${url}/metrics`)
    expect([response.status, (await response.text()).includes('no')]).toEqual([500, false])
    expect(bugs).toHaveLength(1)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('listens on other than loopback addresses only if permitted', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'localhost', '']) {
      expect(await startAdmin({ host, port: 0, allowRemote: false }, sources)).toMatchObject({ kind: 'refused' })
    }
    const allowed = await startAdmin({ host: '127.0.0.2', port: 0, allowRemote: true }, sources)
    expect(allowed.kind).toBe('listening')
    if (allowed.kind === 'listening') await allowed.close()
  })

  test('is refused a port that is in use', async () => {
    const { port } = await start()
    const second = await startAdmin({ host: '127.0.0.1', port, allowRemote: false }, sources)
    expect(second.kind === 'refused' && second.problem).toContain('EADDRINUSE')
  })

  test('closes without waiting for an idle connection', async () => {
    const { port } = await start()
    const idle = connect(port, '127.0.0.1')
    await new Promise((resolve) => idle.once('connect', resolve))
    await running.splice(0)[0]?.close()
    await new Promise((resolve) => (idle.closed ? resolve(null) : idle.once('close', resolve)))
  })

  test('continues after a protocol error', async () => {
    const { port, url } = await start()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    socket.end('EHLO example.net\r\n\0\r\n')
    await new Promise((resolve) => socket.once('close', resolve))
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
  })

  test('asks for the status page what is neither metrics nor health, and never takes a TCP client for one of a socket', async () => {
    const asked: unknown[] = []
    const { url } = await start({
      page: async ({ method, url: path, body, ip, certificate }) => {
        asked.push({ method, path, body, ip, certificate })
        return { status: 200, contentType: 'text/html', content: 'page' }
      },
    })
    expect(await (await fetch(`${url}/queue?a=1`)).text()).toBe('page')
    await fetch(`${url}/act`, { method: 'POST', body: 'x=1' }).then((response) => response.text())
    const known = { ip: '127.0.0.1', certificate: null }
    expect(asked).toEqual([
      { method: 'GET', path: '/queue?a=1', body: '', ...known },
      { method: 'POST', path: '/act', body: 'x=1', ...known },
    ])
    expect((await fetch(`${url}/act`, { method: 'POST', body: 'x'.repeat(20_000) })).status).toBe(413)
    expect((await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405)
  })

  test('serves a Unix socket, whose clients have no address', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'waypost-admin-')), 'sock')
    const ips: unknown[] = []
    const page: AdminSources['page'] = async ({ ip }) => {
      ips.push(ip)
      return { status: 200, contentType: 'text/plain', content: 'page' }
    }
    const bind = (server: Server) => new Promise<void>((resolve) => server.listen(path, resolve))
    const started = await startAdminSocket(bind, { ...sources, page })
    if (started.kind === 'refused') throw new Error(started.problem)
    running.push(started)
    const [response] = await once(get({ socketPath: path, path: '/' }), 'response')
    response.resume()
    expect([response.statusCode, ips]).toEqual([200, [null]])
    const refused = await startAdminSocket(() => Promise.reject(new Error('EACCES')), sources)
    expect(refused).toMatchObject({ kind: 'refused', problem: 'EACCES' })
  })

  test('forbids caching and content sniffing', async () => {
    const { url } = await start()
    const { headers } = await fetch(`${url}/healthz`)
    expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
    await fetch(`${url}/metrics`).then((response) => response.text())
  })

  test('reads the metrics for each request', async () => {
    let scrapes = 0
    const { url } = await start({
      metrics: async () => ({ contentType: 'text/plain', text: `waypost_scrapes ${++scrapes}\n` }),
    })
    const texts = await Promise.all([1, 2, 3].map(async () => (await fetch(`${url}/metrics`)).text()))
    expect(texts.toSorted()).toEqual(['waypost_scrapes 1\n', 'waypost_scrapes 2\n', 'waypost_scrapes 3\n'])
  })
})
