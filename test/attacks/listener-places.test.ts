import { listenerPlaces } from './listener-places.ts'
import { testAttack } from './test-attack.ts'

testAttack(listenerPlaces)
