import { dnsPlaces } from './dns-places.ts'
import { testAttack } from './test-attack.ts'

testAttack(dnsPlaces)
