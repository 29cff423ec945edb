import { expect, it } from 'vitest'
import { credentialPath } from './credential-path.ts'

const VARIABLE = '$' + '{CREDENTIALS_DIRECTORY}'

it.each([
  [
    'in a unit',
    `${VARIABLE}/key.pem`,
    { CREDENTIALS_DIRECTORY: '/run/credentials/other.service' },
    '/run/credentials/other.service/key.pem',
  ],
  ['in a command of an operator', `${VARIABLE}/key.pem`, {}, '/run/credentials/waypost.service/key.pem'],
  ['a path without it', 'tls/key.pem', { CREDENTIALS_DIRECTORY: '/run/x' }, 'tls/key.pem'],
  [
    'a path with it elsewhere',
    `/etc/${VARIABLE}/key.pem`,
    { CREDENTIALS_DIRECTORY: '/run/x' },
    `/etc/${VARIABLE}/key.pem`,
  ],
])('%s', (_where, file, environment, expected) => {
  expect(credentialPath(file, environment)).toBe(expected)
})
