// The files of the program from this tree. Tests with whole nodes use those of a bundle; test/scenarios/executable.test.ts those of an
// executable.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  hasProgramFile,
  programCommand,
  programFile,
  programFilesIn,
  programFolder,
  readFileText,
} from './program-files.ts'

const root = join(import.meta.dirname, '../..')

it('finds a file by its path in the tree', () => {
  expect(programFile('roles/mx.yaml')).toBe(join(root, 'roles/mx.yaml'))
  expect(readFileText(programFile('src/openssl.cnf'))).toBe(readFileSync(join(root, 'src/openssl.cnf'), 'utf8'))
  expect([hasProgramFile('roles/mx.yaml'), hasProgramFile('roles/my.yaml')]).toEqual([true, false])
})

it('lists a folder with the folders below it', () => {
  const names = programFilesIn('roles')
  expect(names).toContain('roles/mx.yaml')
  expect(names).toContain('roles/examples/lists.yaml')
  expect(names).toEqual(names.toSorted())
})

it('uses the folders of the tree in place', () => {
  expect(programFolder('hiera-examples', '/nowhere')).toBe(join(root, 'hiera-examples'))
})

it('gives the error of the system for a file that is not there', () => {
  expect(() => readFileText(programFile('roles/my.yaml'))).toThrow('ENOENT')
})

it('starts itself with the OpenSSL configuration of a node', () => {
  expect(programCommand()).toEqual({
    command: process.execPath,
    nodeArgs: [`--openssl-config=${join(root, 'src/openssl.cnf')}`],
    args: [join(root, 'src/main.ts')],
  })
})
