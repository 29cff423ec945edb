// A token server for tests, on loopback: the token endpoint of RFC 6749 with the grants that a node uses, and the login by device of RFC
// 8628. It checks what clients send as strictly as the servers of Microsoft and Google do.

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface TokenServerOptions {
  readonly clientId?: string
  readonly clientSecret?: string
  /** Of the access tokens. */
  readonly lifeSeconds?: number
  /** The refresh token that is valid at first; each use replaces it if `rotates`. */
  readonly refreshToken?: string
  readonly rotates?: boolean
  /** The public key of a service account, PEM. */
  readonly serviceKey?: string
  /** Seconds between two questions of the login by device. */
  readonly deviceInterval?: number
  /** Octets of an access token: those of Microsoft have some 2000. */
  readonly tokenLength?: number
  /** Runs before each request to the token endpoint is answered. */
  readonly before?: () => void
  /** PEM, for HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

export interface TokenServer {
  readonly url: string
  readonly deviceUrl: string
  /** The forms that it got, without those of the login by device. */
  readonly forms: Readonly<Record<string, string>>[]
  /** The only refresh token that is valid. */
  refreshToken(): string
  isValid(accessToken: string): boolean
  /** Makes every access token invalid. */
  revokeAll(): void
  /** Replies to the token endpoint with this until it is called with null. */
  failWith(
    failure: { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> } | null,
  ): void
  /** The person enters the code; or says no. */
  approve(decision?: 'granted' | 'denied'): void
  /** Requests at the same time, at most. */
  mostAtOnce(): number
  close(): Promise<void>
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

type Form = Readonly<Record<string, string>>
type Answer = readonly [status: number, body: object]

export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const { clientId = 'node', clientSecret = 'secret of the client', lifeSeconds = 3600, tokenLength = 40 } = options
  const forms: Form[] = []
  const valid = new Set<string>()
  let refresh = options.refreshToken ?? 'refresh-1'
  let failure: Parameters<TokenServer['failWith']>[0] = null
  let decision: 'pending' | 'granted' | 'denied' = 'pending'
  let polls = 0
  let count = 0
  let [open, most] = [0, 0]
  const grant = (more: object = {}): Answer => {
    const token = `${'t'.repeat(tokenLength)}.${++count}`
    valid.add(token)
    return [200, { access_token: token, token_type: 'Bearer', expires_in: lifeSeconds, ...more }]
  }
  const refused = (error: string, description = 'for a test'): Answer => [
    400,
    { error, error_description: description },
  ]
  const isClient = (form: Form, request: IncomingMessage) => {
    const basic = Buffer.from(`${clientId}:${new URLSearchParams({ x: clientSecret }).toString().slice(2)}`).toString(
      'base64',
    )
    if (request.headers.authorization === `Basic ${basic}`) return true
    return form['client_id'] === clientId && form['client_secret'] === clientSecret
  }
  const byRefreshToken = (form: Form): Answer => {
    if (form['refresh_token'] !== refresh) return refused('invalid_grant', 'AADSTS70008: the refresh token has expired')
    if (options.rotates !== true) return grant()
    refresh = `refresh-${count + 2}`
    return grant({ refresh_token: refresh })
  }
  const byDevice = (form: Form): Answer => {
    if (form['device_code'] !== 'device-1' || form['client_id'] !== clientId) return refused('invalid_grant')
    polls++
    if (decision === 'denied') return refused('access_denied', 'the person said no')
    if (decision === 'pending') return refused(polls === 1 ? 'slow_down' : 'authorization_pending')
    return grant({ refresh_token: refresh })
  }
  const token = (form: Form, request: IncomingMessage): Answer => {
    if (form['grant_type'] === DEVICE) return byDevice(form)
    forms.push(form)
    options.before?.()
    if (form['grant_type'] === JWT_BEARER)
      return isAssertion(form, options.serviceKey) ? grant() : refused('invalid_grant')
    if (!isClient(form, request))
      return [401, { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret' }]
    if (form['grant_type'] === 'client_credentials') return grant()
    return form['grant_type'] === 'refresh_token' ? byRefreshToken(form) : refused('unsupported_grant_type')
  }
  const device = (form: Form): Answer =>
    form['client_id'] === clientId
      ? [
          200,
          {
            device_code: 'device-1',
            user_code: 'WXYZ-1234',
            verification_uri: 'https://login.example/device',
            expires_in: 900,
            interval: options.deviceInterval ?? 5,
          },
        ]
      : refused('invalid_client')
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    most = Math.max(most, ++open)
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const form = Object.fromEntries(new URLSearchParams(text))
    const isDevice = request.url === '/devicecode'
    if (failure && !isDevice)
      response.writeHead(failure.status, failure.headers ?? {}).end(JSON.stringify(failure.body ?? {}))
    else {
      const [status, body] = isDevice ? device(form) : token(form, request)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    open--
  }
  const handler = (request: IncomingMessage, response: ServerResponse) => void serve(request, response)
  const { tls } = options
  const server = tls ? createTlsServer({ cert: tls.certificate, key: tls.key }, handler) : createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/token`,
    deviceUrl: `${base}/devicecode`,
    forms,
    refreshToken: () => refresh,
    isValid: (one) => valid.has(one),
    revokeAll: () => valid.clear(),
    failWith: (one) => (failure = one),
    approve: (said = 'granted') => (decision = said),
    mostAtOnce: () => most,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** RFC 7523 3: signature, audience, and a life of an hour at most. */
function isAssertion({ assertion = '' }: Form, key: string | undefined): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  if (key === undefined) return false
  const publicKey: KeyObject = createPublicKey(key)
  const isSigned = verify('sha256', Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))
  const { aud, iat, exp, iss, scope, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<
    string,
    unknown
  >
  const isHour = Number(exp) - Number(iat) <= 3600
  return (
    isSigned && isHour && String(aud).endsWith('/token') && [iss, scope, sub].every((one) => typeof one === 'string')
  )
}
