import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readSettings } from './read-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-settings-'))
const file = join(folder, 'sendmail.conf')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (text: string) => {
  writeFileSync(file, text)
  return readSettings(file)
}

it('has defaults, without the file too', () => {
  const settings = { server: { kind: 'tcp', host: '127.0.0.1', port: 25 }, drop: '/var/spool/waypost/drop' }
  expect(readSettings(join(folder, 'absent'))).toMatchObject({ kind: 'ok', settings })
  expect(read('# nothing\n\n')).toMatchObject({ kind: 'ok', settings })
})

it('reads every key', () => {
  expect(read('server [::1]:2525 # here\ndrop none\nsubmission /run/s\ndomain a.example\nnode /etc/n.yaml\n')).toEqual({
    kind: 'ok',
    settings: {
      server: { kind: 'tcp', host: '::1', port: 2525 },
      drop: null,
      submission: '/run/s',
      domain: 'a.example',
      node: '/etc/n.yaml',
    },
  })
  expect(read('server /run/mail.sock')).toMatchObject({
    settings: { server: { kind: 'socket', path: '/run/mail.sock' } },
  })
})

it.each(['server', 'server localhost', 'drop relative', 'port 25', 'node /a b', 'submission x', 'node x'])(
  'refuses %j with its line',
  (line) => {
    const result = read(`# settings\n${line}\n`)
    expect(result.kind === 'bad' && result.problem).toContain(`${file}:2: found "${line}", expected `)
  },
)

it('reports a file that cannot be read', () => expect(readSettings(folder).kind).toBe('bad'))
