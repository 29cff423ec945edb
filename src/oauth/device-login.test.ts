// The login by device: a code, patience, and the refresh token or the reason why there is none.

import { afterEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { startTokenServer, type TokenServer } from '../../test/lib/token-server.ts'
import { until } from '../../test/lib/until.ts'
import { awaitDeviceLogin, requestDeviceCode } from './device-login.ts'

const servers: TokenServer[] = []
afterEach(async () => void (await Promise.all(servers.splice(0).map((one) => one.close()))))

async function begin(clientId = 'node') {
  const server = await startTokenServer()
  servers.push(server)
  const proof = { clientId, secretFile: null, place: 'post' } as const
  const grant = { kind: 'refresh-token', proof, tokenFile: '/nowhere' } as const
  const client = {
    name: 'x',
    tokenUrl: server.url,
    deviceUrl: server.deviceUrl,
    scope: 's',
    ca: null,
    timeoutMs: 1000,
    grant,
  }
  const clock = createFakeClock()
  const request = { client, proof, deviceUrl: server.deviceUrl }
  return { server, clock, request, code: await requestDeviceCode(request, clock) }
}

/** Lets time pass in steps until the login ends. */
async function wait<T>(login: Promise<T>, clock: ReturnType<typeof createFakeClock>): Promise<T> {
  let result: T | null = null
  void login.then((value) => (result = value))
  await until(
    async () => {
      if (clock.sleeping > 0) await clock.advance(1000)
      return result !== null
    },
    { what: 'the end of the login' },
  )
  return login
}

describe('the login by device', () => {
  it('names a page and a code, and ends with a refresh token', async () => {
    const { server, clock, request, code } = await begin()
    if (code.kind === 'failed') throw new Error(code.cause)
    expect(code).toMatchObject({ page: 'https://login.example/device', userCode: 'WXYZ-1234', intervalMs: 5000 })
    const login = awaitDeviceLogin(request, code, clock)
    await clock.advance(5000)
    await until(() => clock.sleeping > 0, { what: 'the second wait' })
    server.approve()
    expect(await wait(login, clock)).toEqual({ kind: 'granted', refreshToken: 'refresh-1' })
  })

  it('ends if the person says no, or does nothing', async () => {
    const refused = await begin()
    if (refused.code.kind === 'failed') throw new Error(refused.code.cause)
    refused.server.approve('denied')
    const no = await wait(awaitDeviceLogin(refused.request, refused.code, refused.clock), refused.clock)
    expect(no).toEqual({ kind: 'failed', cause: 'access_denied: the person said no' })
    const { code, clock, request } = await begin()
    if (code.kind === 'failed') throw new Error(code.cause)
    const late = await wait(awaitDeviceLogin(request, { ...code, lifeMs: 12_000 }, clock), clock)
    expect(late).toEqual({ kind: 'failed', cause: 'the code expired before the login' })
  })

  it('says why there is no code', async () => {
    const { code } = await begin('another')
    expect(code).toEqual({ kind: 'failed', cause: 'invalid_client: for a test' })
  })
})
