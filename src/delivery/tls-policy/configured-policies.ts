// The policies that a configuration can name. A new policy adds its line here.

import { daneOnlyPolicy } from './dane-only-policy.ts'
import { encryptPolicy } from './encrypt-policy.ts'
import { mayPolicy, nonePolicy } from './opportunistic-policy.ts'
import { publishedPolicy } from './published-policy.ts'
import type { TlsPolicy } from './tls-policy.ts'
import { verifyPolicy } from './verify-policy.ts'

export type PolicyName = 'none' | 'may' | 'encrypt' | 'verify' | 'dane' | 'dane-only'

export const tlsPolicies: Readonly<Record<PolicyName, TlsPolicy>> = {
  none: nonePolicy,
  may: mayPolicy,
  encrypt: encryptPolicy,
  verify: verifyPolicy,
  dane: publishedPolicy,
  'dane-only': daneOnlyPolicy,
}
