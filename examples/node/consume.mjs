// Keep what stands on geowire's topics in a journal file, and print it at the end.
//
//   npm ci --omit=optional
//   node consume.mjs --bootstrap localhost:9092 --until-end

import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { Consumer, compressionsAlgorithms, stringDeserializer } from '@platformatic/kafka'
import { decompress } from 'fzstd'

// geowire writes zstd. Node has it from 22.15 on; an older one gets a decoder in plain JavaScript.
const { zstd } = compressionsAlgorithms
if (!zstd.available) {
  const bytes = (data) => (Buffer.isBuffer(data) ? data : data.buffer)
  Object.assign(zstd, { available: true, decompressSync: (data) => Buffer.from(decompress(bytes(data))) })
}

const { values: options } = parseArgs({
  options: {
    bootstrap: { type: 'string', default: 'localhost:9092' },
    topics: { type: 'string', default: 'geowire.tagged.v1,geowire.flagged.v1' },
    group: { type: 'string', default: 'example-node' },
    state: { type: 'string', default: 'consume.jsonl' },
    'until-end': { type: 'boolean', default: false }
  }
})
const topics = options.topics.split(',')

const seen = new Set()
const articles = new Map()
const flags = new Map()
const retracted = new Set()

// One line of the journal is the effect of one message and says that it was seen. Memory alone is not enough: a message
// comes again just when this process was killed between the effect and the commit, and then memory is empty. In a service
// with a database, a UNIQUE column for ce_id in the transaction of the effect does the same.
function openJournal (path) {
  const text = fs.existsSync(path) ? fs.readFileSync(path) : Buffer.alloc(0)
  const whole = text.subarray(0, text.lastIndexOf('\n') + 1)
  for (const line of whole.toString().split('\n').filter(Boolean)) apply(JSON.parse(line))
  if (whole.length < text.length) fs.truncateSync(path, whole.length) // a crash tore the last line: its message comes again
  return fs.openSync(path, 'a')
}

function apply ({ ce_id: id, article, flag, retracts }) {
  seen.add(id)
  if (flag) flags.set(id, flag)
  if (retracts) retracted.add(retracts)
  if (article && isNewer(article, articles.get(article.id))) articles.set(article.id, article)
}

// A higher (version, model) replaces, a lower one that comes late is ignored. Models sort as text.
function isNewer (one, held) {
  if (!held || one.version !== held.version) return !held || one.version > held.version
  return one.model > held.model
}

// What is kept of a message; undefined for a type that is not known: a later geowire may have more of them.
function effect (type, data) {
  switch (type) {
    case 'geowire.article.published':
    case 'geowire.article.updated':
    case 'geowire.article.tagged':
      return { article: { id: data.id, version: data.version, model: data.model ?? '', words: words(data) } }
    case 'geowire.article.withdrawn': // kept without content: a version that comes late must not undo it
      return { article: { id: data.id, version: data.version, model: '', words: null } }
    case 'geowire.flag.raised':
      return { flag: { watch: data.watch, reason: data.reason.value } }
    case 'geowire.flag.retracted':
      return { retracts: data.retracts }
  }
}

// The first mentions, cut out by their offsets. Offsets count code points, JavaScript's strings count UTF-16 units: text
// with an emoji before the mention would be cut in the wrong place, so cut an array of code points.
function words (article) {
  const points = { title: Array.from(article.title), text: Array.from(article.text) }
  const first = (article.entities ?? []).slice(0, 3)
  return first.map(({ field, start, end }) => points[field].slice(start, end).join('')).join('|')
}

function handle (journal, { topic, partition, offset, headers, value }) {
  const id = headers.get('ce_id')
  if (headers.get('ce_specversion') !== '1.0' || !headers.has('ce_type')) {
    console.error(`skipped: no CloudEvent at ${topic}/${partition}/${offset}`)
    return
  }
  const type = headers.get('ce_type')
  const kept = seen.has(id) || !type.startsWith('geowire.') ? undefined : effect(type, JSON.parse(value))
  if (!kept) return
  const line = { ce_id: id, ...kept }
  fs.writeSync(journal, JSON.stringify(line) + '\n')
  fs.fsyncSync(journal)
  apply(line)
}

// Whether the group has handled everything that stands on the topics now.
async function atEnd (consumer) {
  const begins = await consumer.listOffsets({ topics, timestamp: -2n })
  const ends = await consumer.listOffsets({ topics, timestamp: -1n })
  const places = topics.map((topic) => ({ topic, partitions: [...ends.get(topic).keys()] }))
  const done = await consumer.listCommittedOffsets({ topics: places })
  const isDone = (topic, end, partition) => end === begins.get(topic)[partition] || done.get(topic)[partition] >= end
  return topics.every((topic) => ends.get(topic).every((end, partition) => isDone(topic, end, partition)))
}

const journal = openJournal(options.state)
const consumer = new Consumer({
  clientId: 'example-node',
  groupId: options.group,
  bootstrapBrokers: options.bootstrap.split(','),
  deserializers: { key: stringDeserializer, value: stringDeserializer, headerKey: stringDeserializer, headerValue: stringDeserializer }
})
const stream = await consumer.consume({ topics, autocommit: false, mode: 'committed', fallbackMode: 'earliest', maxWaitTime: 500 })

let stopping = false
const stop = () => { stopping = true; stream.close() }
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
const timer = options['until-end'] && setInterval(async () => { if (!stopping && await atEnd(consumer)) stop() }, 500)

for await (const message of stream) {
  if (stopping) break
  handle(journal, message)
  await message.commit() // after the effect, never before
}
clearInterval(timer)
await consumer.close(true)

for (const [id, { version, words }] of [...articles].sort()) {
  if (words !== null) console.log(['article', id, version, words].join('\t'))
}
for (const [id, { watch, reason }] of [...flags].sort()) {
  if (!retracted.has(id)) console.log(['flag', id, watch, reason].join('\t'))
}
