// Which operator sends a request: by a session after the sign-in with a token, by a client certificate, by the header of a reverse proxy,
// or as a local user. A request that proves nothing gets the sign-in page.

import type { Rate } from '../budget/rate.ts'
import { browserToken, type PageCookie } from '../lib/form-guard.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Sessions } from '../self-service/sessions.ts'
import type { PageRequest } from '../admin/http.ts'
import {
  findOperator,
  type OperatorEntry,
  operatorName,
  parseOperators,
  type Right,
  tokenDigest,
} from './operator-list.ts'

export interface Operator {
  /** For the ledger. */
  readonly name: string
  readonly right: Right
  readonly via: 'token' | 'certificate' | 'proxy' | 'local'
}

export interface LoginSettings {
  /** Operators without a login. */
  readonly local: boolean
  /** Path of the list of operators; null without one. */
  readonly operators: string | null
  readonly proxy: { readonly header: string; readonly isProxy: (ip: string | null) => boolean } | null
}

export interface LoginPorts {
  /** Reads the list of operators; rejects with the error of the file system. */
  readonly readList: (file: string) => Promise<string>
  readonly sessions: Sessions
  /** Budget `operatorLogins`. */
  readonly failures: Pick<Rate, 'take' | 'giveBack' | 'isOver'>
  readonly log: Pick<Log, 'info' | 'warn'>
}

export type Identified =
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'unknown' }
  /** The list of operators cannot be used. */
  | { readonly kind: 'unavailable' }

export type SignedIn =
  | { readonly kind: 'signed-in'; readonly token: string }
  | { readonly kind: 'wrong' | 'throttled' | 'unavailable' | 'full' }

export interface OperatorLogin {
  /** Whether there are tokens, so that a sign-in page makes sense. */
  readonly hasTokens: boolean
  identify(request: PageRequest, cookie: PageCookie): Promise<Identified>
  /** Opens a session for a token. */
  signIn(token: string, ip: string | null): Promise<SignedIn>
  signOut(request: PageRequest, cookie: PageCookie): void
}

/** The name in the ledger of an operator whom only the rights of the host identify. */
const LOCAL_OPERATOR = 'local operator'
/** Tokens are shorter; longer texts are not hashed. */
const MAX_TOKEN = 200
const SOCKET_KEY = 'socket'

export function createOperatorLogin(settings: LoginSettings, ports: LoginPorts): OperatorLogin {
  const { sessions } = ports
  const { local, operators: file, proxy } = settings
  const list = () => readEntries(file, ports)
  const ofEntry = (entry: OperatorEntry): Operator => ({ name: entry.name, right: entry.right, via: entry.proof })
  const ofCertificate = async (digest: string): Promise<Identified> => {
    const entries = await list()
    if (entries === null) return { kind: 'unavailable' }
    const entry = findOperator(entries, 'certificate', digest)
    return entry ? { kind: 'operator', operator: ofEntry(entry) } : { kind: 'unknown' }
  }
  const ofSession = async (request: PageRequest, cookie: PageCookie): Promise<Identified> => {
    const browser = browserToken(request, cookie)
    const session = browser === null ? null : await sessions.find(browser)
    if (!session) return { kind: 'unknown' }
    // The session knows its digest; a line that was removed or changed counts at once.
    const entries = await list()
    if (entries === null) return { kind: 'unavailable' }
    const entry = findOperator(entries, 'token', session.identity)
    return entry ? { kind: 'operator', operator: ofEntry(entry) } : { kind: 'unknown' }
  }
  return {
    hasTokens: file !== null,
    identify: async (request, cookie) => {
      if (proxy?.isProxy(request.ip)) {
        const name = request.headers[proxy.header.toLowerCase()]
        if (typeof name === 'string' && operatorName.test(name))
          return { kind: 'operator', operator: { name, right: 'act', via: 'proxy' } }
      }
      if (request.certificate !== null) {
        const found = await ofCertificate(request.certificate)
        if (found.kind !== 'unknown') return found
      }
      const found = await ofSession(request, cookie)
      if (found.kind !== 'unknown' || !local) return found
      return { kind: 'operator', operator: { name: LOCAL_OPERATOR, right: 'act', via: 'local' } }
    },
    signIn: (token, ip) => signInWith(token, ip, { ...ports, list }),
    signOut: (request, cookie) => {
      const browser = browserToken(request, cookie)
      if (browser !== null) sessions.end(browser)
    },
  }
}

/** None without a file; null if the file cannot be used. */
async function readEntries(
  file: string | null,
  { readList, log }: Pick<LoginPorts, 'readList' | 'log'>,
): Promise<readonly OperatorEntry[] | null> {
  if (file === null) return []
  try {
    const read = parseOperators(await readList(file))
    if (read.kind === 'read') return read.entries
    log.warn({ file, cause: read.problem }, 'the list of operators cannot be used: sign-in is not possible')
  } catch (error) {
    log.warn({ file, cause: errorText(error) }, 'the list of operators cannot be read: sign-in is not possible')
  }
  return null
}

interface SignInPorts extends LoginPorts {
  readonly list: () => Promise<readonly OperatorEntry[] | null>
}

async function signInWith(
  token: string,
  ip: string | null,
  { list, sessions, failures, log }: SignInPorts,
): Promise<SignedIn> {
  const client = ip ?? SOCKET_KEY
  if (!failures.take(client)) return { kind: 'throttled' }
  const entries = await list()
  if (entries === null) return { kind: 'unavailable' }
  const digest = tokenDigest(token.slice(0, MAX_TOKEN))
  const entry = token.length > MAX_TOKEN ? null : findOperator(entries, 'token', digest)
  if (!entry) {
    log.warn({ ip }, 'a sign-in at the status page with a wrong token')
    return { kind: 'wrong' }
  }
  failures.giveBack(client)
  const opened = sessions.open({ identity: digest, whyEnded: () => null, stage: 'open' })
  if (opened === null) return { kind: 'full' }
  log.info({ operator: entry.name, ip }, 'an operator has signed in at the status page')
  return { kind: 'signed-in', token: opened }
}
