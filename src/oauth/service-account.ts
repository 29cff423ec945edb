// The assertion of a service account (RFC 7523 2.1 and 3): a JWT that its private key signs. The key file is the JSON that Google gives out.

import { createPrivateKey, sign } from 'node:crypto'
import { readJson } from './token-request.ts'

export interface ServiceAccount {
  readonly email: string
  /** PEM. */
  readonly privateKey: string
  readonly keyId: string | null
  readonly tokenUrl: string | null
}

/** Google refuses longer ones. */
const LIFE_S = 3600

/** The account of a key file, or why it is none. */
export function readServiceAccount(json: string): ServiceAccount | string {
  const read = readJson(json)
  if (read === null) return 'found no JSON object'
  const { client_email: email, private_key: privateKey, private_key_id: keyId, token_uri: tokenUrl } = read
  if (typeof email !== 'string' || typeof privateKey !== 'string') return 'found no client_email and private_key'
  try {
    if (createPrivateKey(privateKey).asymmetricKeyType !== 'rsa') return 'found a private_key that is not RSA'
  } catch {
    return 'found an unreadable private_key'
  }
  return {
    email,
    privateKey,
    keyId: typeof keyId === 'string' ? keyId : null,
    tokenUrl: typeof tokenUrl === 'string' ? tokenUrl : null,
  }
}

export interface AssertionRequest {
  readonly audience: string
  readonly scope: string | null
  /** The mailbox that the account acts for. */
  readonly subject: string | null
  /** Unix milliseconds. */
  readonly now: number
}

/** A JWT, signed with RS256. */
export function createAssertion(account: ServiceAccount, { audience, scope, subject, now }: AssertionRequest): string {
  const at = Math.floor(now / 1000)
  const header = { alg: 'RS256', typ: 'JWT', ...(account.keyId !== null && { kid: account.keyId }) }
  const claims = {
    iss: account.email,
    aud: audience,
    iat: at,
    exp: at + LIFE_S,
    ...(scope !== null && { scope }),
    ...(subject !== null && { sub: subject }),
  }
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), account.privateKey).toString('base64url')}`
}
