// The server's half of SASL for tests, one password for all: PLAIN, LOGIN and SCRAM-SHA-256 (RFC 5802 3). Written apart from the client's
// half, so that a mistake there does not meet the same mistake here.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { plant } from './planted-secrets.ts'

export interface SaslAccount {
  /** In the order in which they are offered. */
  readonly mechanisms: readonly ('PLAIN' | 'LOGIN' | 'SCRAM-SHA-256' | 'OAUTHBEARER' | 'XOAUTH2')[]
  readonly user: string
  readonly password: string
  /** The access tokens that are valid now; none without it. */
  readonly isToken?: (token: string) => boolean
  /** Shows in SCRAM that it knows another password. */
  readonly impostor?: boolean
}

export type SaslStep = { readonly challenge: string } | { readonly passed: boolean }

/** Begins an exchange; each answer of the client leads to the next step. */
export function startSasl(account: SaslAccount, mechanism: string): ((answer: string) => SaslStep) | null {
  if (!account.mechanisms.some((one) => one === mechanism)) return null
  // The node has it to log in there.
  plant(account.password)
  if (mechanism === 'OAUTHBEARER' || mechanism === 'XOAUTH2') return bearer(account, mechanism)
  if (mechanism === 'PLAIN') return (answer) => ({ passed: answer === `\0${account.user}\0${account.password}` })
  return mechanism === 'LOGIN' ? login(account) : scram(account)
}

function login({ user, password }: SaslAccount): (answer: string) => SaslStep {
  const answers: string[] = []
  return (answer) => {
    answers.push(answer)
    if (answers.length === 1) return { challenge: 'Username:' }
    if (answers.length === 2) return { challenge: 'Password:' }
    return { passed: answers[1] === user && answers[2] === password }
  }
}

/** RFC 7628 3.2, and the same for XOAUTH2: a refused token gets JSON, whose answer carries no data. */
function bearer({ user, isToken }: SaslAccount, mechanism: 'OAUTHBEARER' | 'XOAUTH2'): (answer: string) => SaslStep {
  const form =
    mechanism === 'XOAUTH2' ? /^user=([^^]+)\^auth=Bearer ([^^]+)\^\^$/ : /^n,a=([^,]+),\^auth=Bearer ([^^]+)\^\^$/
  let step = 0
  return (answer) => {
    step++
    // A command without a message: it follows an empty challenge.
    if (step === 1 && answer === '') return { challenge: '' }
    const [, name, token] = form.exec(answer.replaceAll('\u0001', '^')) ?? []
    if (token !== undefined) plant(token)
    if (name === user && token !== undefined && isToken?.(token) === true) return { passed: true }
    if (token !== undefined) return { challenge: '{"status":"401","schemes":"bearer"}' }
    if (answer !== (mechanism === 'XOAUTH2' ? '' : '\u0001'))
      throw new Error(`unexpected answer ${JSON.stringify(answer)}`)
    return { passed: false }
  }
}

function scram(account: SaslAccount): (answer: string) => SaslStep {
  const salt = Buffer.from('salt for tests')
  const key = pbkdf2Sync(account.impostor ? 'another' : account.password, salt, 4096, 32, 'sha256')
  let bare = ''
  let first = ''
  let passed = false
  return (answer) => {
    if (first === '') {
      bare = answer.replace(/^n,,/, '')
      first = `r=${/r=([^,]+)/.exec(bare)?.[1]}of-the-server,s=${salt.toString('base64')},i=4096`
      return { challenge: first }
    }
    if (answer === '') return { passed }
    const [withoutProof = '', proof = ''] = answer.split(',p=')
    const said = `${bare},${first},${withoutProof}`
    passed = account.impostor === true || (bare.includes(`n=${account.user},`) && isProof(key, said, proof))
    if (!passed) return { passed }
    return { challenge: `v=${sign(sign(key, 'Server Key'), said).toString('base64')}` }
  }
}

/** RFC 5802 3: the proof gives the client's key away, whose hash is known. */
function isProof(key: Buffer, said: string, proof: string): boolean {
  const stored = createHash('sha256').update(sign(key, 'Client Key')).digest()
  const signature = sign(stored, said)
  const shown = Buffer.from(Buffer.from(proof, 'base64').map((octet, at) => octet ^ (signature[at] ?? 0)))
  return createHash('sha256').update(shown).digest().equals(stored)
}

function sign(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
