// A failed start names the key of the YAML with its position, and the remedy.

import { expect, it } from 'vitest'
import { parseYaml } from '../config/yaml-source.ts'
import { inDataDirectory, StartFailure, startProblem } from './start-failure.ts'

const yaml = parseYaml('node.yaml', 'role: mx\ndata: /x\nlisten:\n  smtp: "*:25"\nadmin:\n  listen: 127.0.0.1:9125\n')
if (yaml.kind === 'bad') throw new Error('the sample is invalid')
const config = { file: 'node.yaml', at: yaml.source.at }

const system = (code: string, more: object = {}) => Object.assign(new Error(`${code}: it failed`), { code, ...more })

it.each([
  [system('EACCES', { port: 25 }), /CAP_NET_BIND_SERVICE/],
  [system('EACCES', { port: 2525 }), /SELinux/],
  [system('EADDRINUSE', { port: 25 }), /another program listens there: ss -ltnp 'sport = :25'/],
  [system('EADDRNOTAVAIL'), /does not have the address/],
])('%s of a listener', (cause, remedy) => {
  const problem = startProblem(config, new StartFailure(['listen', 'smtp'], `cannot listen: ${cause.message}`, cause))
  expect(problem).toMatchObject({ file: 'node.yaml', line: 4, column: 9 })
  expect(problem.message).toMatch(/^the node cannot start: cannot listen: E\w+: it failed; /)
  expect(problem.message).toMatch(remedy)
})

it('is at the nearest key if the YAML does not have the key', () => {
  const failure = new StartFailure(['listen', 'other'], 'cannot listen', system('EPIPE'))
  expect(startProblem(config, failure)).toEqual({
    file: 'node.yaml',
    line: 4,
    column: 3,
    message: 'the node cannot start: cannot listen',
  })
})

it.each([
  ['EACCES', /who must own the directory/],
  ['EROFS', /read-only/],
  ['ENOENT', /choose another one/],
])('%s of the data directory', async (code, remedy) => {
  const failure: unknown = await inDataDirectory(() => Promise.reject(system(code))).catch((error: unknown) => error)
  const problem = startProblem(config, failure)
  expect(problem).toMatchObject({ line: 2, column: 7 })
  expect(problem.message).toMatch(remedy)
})

it('of a bug has no position', async () => {
  const bug = new TypeError('x is not a function')
  await expect(inDataDirectory(() => Promise.reject(bug))).rejects.toBe(bug)
  expect(startProblem(config, bug)).toMatchObject({ line: 1, message: 'the node cannot start: x is not a function' })
})
