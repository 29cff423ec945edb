// waypost operator-token: a new token for the status page, and the line of the list of operators that admits it.

import { randomBytes } from 'node:crypto'
import { operatorName, type Right, rights, tokenDigest } from '../../status/operator-list.ts'
import { type Io, json, line, OK, USAGE } from '../io.ts'

interface TokenOptions {
  readonly name: string
  readonly right: string
  readonly json: boolean
}

const TOKEN_OCTETS = 32

/** The token is printed once; the file needs the line only. */
export function operatorToken({ name, right, json: asJson }: TokenOptions, io: Io): number {
  if (!operatorName.test(name)) {
    line(io.stderr, `found ${name}, expected a name of letters, digits and . _ @ + -`)
    return USAGE
  }
  if (!isRight(right)) {
    line(io.stderr, `--right: found ${right}, expected one of ${rights.join(', ')}`)
    return USAGE
  }
  const token = randomBytes(TOKEN_OCTETS).toString('base64url')
  const entry = `${name} ${right} token:${tokenDigest(token)}`
  if (asJson) json(io.stdout, { name, right, token, line: entry })
  else {
    line(io.stdout, `token: ${token}`)
    line(io.stdout, `line for admin.login.operators: ${entry}`)
  }
  return OK
}

function isRight(text: string): text is Right {
  return (rights as readonly string[]).includes(text)
}
