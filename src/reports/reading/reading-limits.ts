// How much a report may be. Strangers write reports, and each part of one can be made to unfold.

const MIB = 2 ** 20

/** Octets of the message. The largest reports of large reporters have some MiB. */
export const MOST_MESSAGE_OCTETS = 25 * MIB
/** MIME parts with a file. A report has one. */
export const MOST_FILES = 20
/** MIME parts within parts. A report has two levels, a forwarded one four. */
export const MOST_MIME_DEPTH = 16
/** Octets of all header sections of the parts. */
export const MOST_MIME_HEADERS = MIB
/** Octets of an unpacked report: some hundred thousand records. */
export const MOST_UNPACKED_OCTETS = 64 * MIB
/** Unpacked octets for each packed one. Reports have 10 to 60; deflate can have a thousand. */
export const MOST_RATIO = 250
/** Below this size no ratio is a danger. */
export const FREE_RATIO_OCTETS = MIB
/** Files in an archive. A report has one, and some archives have a folder or a signature beside it. */
export const MOST_ARCHIVE_ENTRIES = 10
/** Elements within elements. The schema of RFC 9990 has five levels. */
export const MOST_XML_DEPTH = 12
/** Characters of the text of one element. */
export const MOST_XML_TEXT = 64 * 1024
/** Objects and arrays within each other. RFC 8460 has five levels. */
export const MOST_JSON_DEPTH = 16
/** Octets of an unpacked TLS report, which is parsed in one step. */
export const MOST_JSON_OCTETS = 16 * MIB
/** Records of a DMARC report, and failures of a TLS report. The limit of octets allows more only if they are tiny. */
export const MOST_RECORDS = 50_000
/** Signatures of a record: RFC 9990 asks for no more than 100. */
export const MOST_SIGNATURES = 100
/** Reasons of a record, and errors of a report. */
export const MOST_NOTES = 20
/** Characters of a stored text. The longest domain has 253. */
export const MOST_TEXT = 255
/** Received fields of the mail of a complaint. RFC 5321 6.3 counts a hundred as a loop. */
export const MOST_HOPS = 100
