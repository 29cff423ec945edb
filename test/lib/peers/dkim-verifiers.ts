// Two independent verifiers of DKIM signatures (RFC 6376, RFC 8463): dkimpy reads both algorithms, OpenDKIM 2.11 rsa-sha256 only. dkimpy
// signs too.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** TXT records by name, as far as the verifier may know the DNS. */
export type TxtRecords = Readonly<Record<string, string>>

const script = `
import base64, json, sys
import dkim
ask = json.load(sys.stdin)
records = ask['records']
message = base64.b64decode(ask['message'])
def txt(name, timeout=5):
    text = records.get(name.decode().rstrip('.'))
    return text.encode() if text is not None else None
answers = []
for index in range(ask['signatures']):
    try:
        answers.append('pass' if dkim.DKIM(message).verify(idx=index, dnsfunc=txt) else 'fail')
    except dkim.DKIMException as error:
        answers.append('error: ' + str(error))
json.dump(answers, sys.stdout)
`

/** dkimpy's verdict on each of the topmost `signatures`: `pass`, `fail` or `error: …`. */
export function verifyWithDkimpy(message: Buffer, records: TxtRecords, signatures: number): string[] {
  const input = JSON.stringify({ message: message.toString('base64'), records, signatures })
  const run = spawnSync('/usr/bin/python3', ['-c', script], { input, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`python3 ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout) as string[]
}

const signScript = `
import base64, json, sys
import dkim
ask = json.load(sys.stdin)
message = base64.b64decode(ask['message'])
[header, body] = [part.encode() for part in ask['canonicalize'].split('/')]
field = dkim.sign(message, ask['selector'].encode(), ask['domain'].encode(), ask['key'].encode(), canonicalize=(header, body),
    identity=ask['identity'].encode() if ask['identity'] else None, length=ask['length'])
sys.stdout.write(field.decode())
`

export interface DkimpySigning {
  readonly domain: string
  readonly selector: string
  /** PEM. */
  readonly key: string
  readonly canonicalize: string
  /** i=, or null for none. */
  readonly identity: string | null
  /** True to write l=. */
  readonly length: boolean
}

/** The DKIM-Signature field that dkimpy makes, with its line end. */
export function signWithDkimpy(message: Buffer, signing: DkimpySigning): string {
  const input = JSON.stringify({ message: message.toString('base64'), ...signing })
  const run = spawnSync('/usr/bin/python3', ['-c', signScript], { input, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`python3 ended with ${run.status}: ${run.stderr}`)
  return run.stdout
}

/** OpenDKIM's verdict on the message, and what it said. */
export function verifyWithOpendkim(
  message: Buffer,
  records: TxtRecords,
): { readonly pass: boolean; readonly said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-opendkim-'))
  try {
    const keys = Object.entries(records).map(([name, text]) => `${name} ${text}\n`)
    writeFileSync(join(folder, 'keys'), keys.join(''))
    writeFileSync(join(folder, 'conf'), `Mode v\nTestPublicKeys ${join(folder, 'keys')}\n`)
    writeFileSync(join(folder, 'mail'), message)
    const args = ['-v', '-x', join(folder, 'conf'), '-t', join(folder, 'mail')]
    const run = spawnSync('/usr/sbin/opendkim', args, { encoding: 'utf8' })
    const said = run.stdout + run.stderr
    return { pass: /verification \(.*\) succeeded/.test(said), said }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
