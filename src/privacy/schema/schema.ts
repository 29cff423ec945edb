// The schema of personal data: every place of a node that holds any. test/personal-data.test.ts compares it with the databases, files and
// metrics of the program; docs/reference/personal-data.md is generated from it.

import { filePlaces } from './file-places.ts'
import type { FilePlace } from './place.ts'
import { queuePlace } from './queue-place.ts'
import { reportsPlace } from './reports-place.ts'
import { statePlaces } from './state-places.ts'

export const places: readonly FilePlace[] = [queuePlace, ...statePlaces, reportsPlace, ...filePlaces]
