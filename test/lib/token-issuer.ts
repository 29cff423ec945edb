// An issuer of access tokens for tests: keys, tokens, and its key set on loopback.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { plant } from './planted-secrets.ts'
import type { JWK, JWTPayload } from 'jose'

export interface TokenIssuer {
  readonly issuer: string
  /** Of the key set; null until `serve`. */
  readonly url: string
  readonly keys: JWK[]
  /** How often the key set was asked for. */
  asked(): number
  /** The status of the answers. */
  answerWith(status: number): void
  /** Signs with the newest key. @param at Unix seconds */
  token(claims: JWTPayload, at: number): Promise<string>
  /** Adds a key, which signs from now on. */
  rotate(): Promise<void>
  close(): Promise<void>
}

export async function startTokenIssuer(algorithm = 'ES256'): Promise<TokenIssuer> {
  const keys: JWK[] = []
  let signer: { key: Parameters<SignJWT['sign']>[0]; kid: string } | null = null
  let status = 200
  let count = 0
  const rotate = async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const kid = `key-${keys.length + 1}`
    keys.push({ ...(await exportJWK(publicKey)), kid, alg: algorithm })
    signer = { key: privateKey, kid }
  }
  await rotate()
  const server = createServer((_request, response) => {
    count++
    response.writeHead(status).end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = 'https://login.example.org'
  return {
    issuer,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    keys,
    asked: () => count,
    answerWith: (code) => (status = code),
    token: async (claims, at) => {
      if (!signer) throw new Error('no key')
      const jwt = new SignJWT({ iss: issuer, aud: 'mail', iat: at, exp: at + 600, ...claims })
      const token = await jwt.setProtectedHeader({ alg: algorithm, kid: signer.kid }).sign(signer.key)
      plant(token)
      return token
    },
    rotate,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
