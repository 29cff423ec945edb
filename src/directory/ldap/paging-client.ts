// The library's client with a request for a single page (RFC 2696). The library's own paging takes a page without the control for the last
// one, so half a directory would look whole. Uses two internal members; the version is pinned, and a test with slapd covers them.

import { Client, PagedResultsControl, SearchRequest, StatusCodeParser } from 'ldapts'
import type { Filter, SearchResponse } from 'ldapts'

export interface PageRequest {
  readonly base: string
  readonly filter: Filter
  readonly attributes: readonly string[]
  readonly size: number
  /** From the previous page; null for the first page. */
  readonly cookie: Buffer | null
}

export interface Page {
  readonly entries: ReturnType<SearchResponse['searchEntries'][number]['toObject']>[]
  readonly references: readonly string[]
  /** Empty after the last page; null if the answer has no paging control. */
  readonly cookie: Buffer | null
}

interface Inside {
  _nextMessageId(): number
  _send(message: SearchRequest): Promise<SearchResponse | undefined>
}

const SUCCESS = 0

export class PagingClient extends Client {
  /** Requests one page on a connected client. Throws the library's errors. */
  async searchPage(request: PageRequest): Promise<Page> {
    const inside = this as unknown as Inside
    const attributes = [...request.attributes]
    // Critical: a server without paged results must return an error.
    const control = new PagedResultsControl({
      critical: true,
      value: { size: request.size, cookie: request.cookie ?? Buffer.alloc(0) },
    })
    const message = new SearchRequest({
      messageId: inside._nextMessageId(),
      baseDN: request.base,
      scope: 'sub',
      filter: request.filter,
      attributes,
      controls: [control],
    })
    const answer = await inside._send(message)
    if (answer?.status !== SUCCESS) throw StatusCodeParser.parse(answer)
    const answered = answer.controls?.find((each) => each instanceof PagedResultsControl)
    return {
      entries: answer.searchEntries.map((entry) => entry.toObject(attributes, [])),
      references: answer.searchReferences.flatMap((reference) => reference.uris),
      cookie: answered?.value?.cookie ?? null,
    }
  }
}
