// The policies that a configuration can name. A new policy adds its line here.

import { encryptPolicy } from './encrypt-policy.ts'
import { mayPolicy, nonePolicy } from './opportunistic-policy.ts'
import type { TlsPolicy } from './tls-policy.ts'
import { verifyPolicy } from './verify-policy.ts'

export type PolicyName = 'none' | 'may' | 'encrypt' | 'verify'

export const tlsPolicies: Readonly<Record<PolicyName, TlsPolicy>> = {
  none: nonePolicy,
  may: mayPolicy,
  encrypt: encryptPolicy,
  verify: verifyPolicy,
}
