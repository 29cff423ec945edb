// The thread that unpacks, reads and stores reports, so that neither a large report nor the disk delays the replies of the node.

import { parentPort, workerData } from 'node:worker_threads'
import { errorText } from '../../lib/log.ts'
import { cutLog, openStateFile, type OpenedFile } from '../../state/sqlite/state-file.ts'
import { readReport } from '../reading/read-report.ts'
import { Unreadable } from '../reading/unreadable.ts'
import type { Report } from '../report-content.ts'
import { reportFormat } from '../store/report-format.ts'
import { packAggregate } from '../sending/pack-aggregate.ts'
import { createResultStore, type ResultStore } from '../store/result-store.ts'
import { createReportStore, type ReportStore } from '../store/report-store.ts'
import { summaryOf } from './report-summary.ts'
import type { FromThread, Replies, Request, ToThread } from './report-messages.ts'

const { path } = workerData as { readonly path: string }
let opened: (OpenedFile & { readonly store: ReportStore; readonly results: ResultStore }) | null = null
let last: Report | null = null

parentPort?.on('message', ({ id, request }: ToThread) => {
  void answer(request).then((reply) => parentPort?.postMessage({ id, reply } satisfies FromThread))
})

async function answer(request: Request): Promise<Replies[Request['kind']]> {
  if (request.kind === 'read') return await read(request)
  try {
    return useStore(request)
  } catch (error) {
    // The next request opens the file again.
    opened?.db.close()
    opened = null
    return { unavailable: errorText(error) }
  }
}

async function read({ message, now }: Request & { kind: 'read' }): Promise<Replies['read']> {
  try {
    last = await readReport(Buffer.from(message.buffer, message.byteOffset, message.byteLength), now)
    return { kind: 'read', summary: summaryOf(last) }
  } catch (error) {
    last = null
    // What a library throws at an odd report says as little against the node as what this program throws.
    return { kind: 'unreadable', reason: error instanceof Unreadable ? error.message : `error: ${errorText(error)}` }
  }
}

function useStore(request: Exclude<Request, { kind: 'read' }>): Exclude<Replies[Request['kind']], Replies['read']> {
  if (!opened) {
    const file = openStateFile(path, reportFormat)
    opened = { ...file, store: createReportStore(file.db), results: createResultStore(file.db) }
  }
  const { store, results, setAside } = opened
  switch (request.kind) {
    case 'open':
      return { rows: store.rows, newest: store.newest(), aside: setAside && `${setAside.path}: ${setAside.cause}` }
    case 'purge': {
      const removed = store.purge(request.before, request.complaintsBefore)
      // Removed rows must not stay in the log.
      if (removed > 0) cutLog(opened.db)
      return { removed, rows: store.rows }
    }
    case 'add-results':
      return results.add(request.results, request.capacity)
    case 'due':
      return { due: results.due(request.before, request.limit) }
    case 'write':
      return { packed: packAggregate(request.facts, results.results(request.due)) }
    case 'finish':
      results.finish(request.due)
      return {}
    case 'store': {
      if (last === null) return { unavailable: 'the thread has no report' }
      const result = store.add(last, request.arrival, request.capacity)
      if (result.kind === 'stored') last = null
      return { result, rows: store.rows }
    }
  }
}
