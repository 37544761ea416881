// One video: how far it is, who appears when, and the annotated picture at any moment.
import { ask, path, send } from '../api.js'
import { button, fill, h, icon } from '../dom.js'
import { attempt, empty, notify, problem } from '../notices.js'
import { fetchProduct, product } from '../shop.js'
import { clock, count, percent, statePill, verdictPill } from '../words.js'
import { Timeline } from './timeline.js'

const POLL_MS = 1000

/** A view of one job; follows it while it runs. */
export class VideoJob {
  constructor(id) {
    this.id = id
    this.events = []
    this.cursor = ''
    this.title = h('h1', { class: 'break' }, 'Video')
    this.status = h('div', { class: 'row', role: 'status' })
    this.progress = h('div')
    this.player = h('div', { class: 'stage-frame' })
    this.timeline = new Timeline({ onSeek: seconds => this.seek(seconds) })
    this.appearances = h('div')
    this.actions = h('div', { class: 'row' })
    this.element = h(
      'div', { class: 'view' },
      h('div', { class: 'view-head' }, h('div', { class: 'row grow title-row' }, h('a', { class: 'button button-quiet button-icon', href: '#/video', 'aria-label': 'All videos' }, icon('back')), this.title), this.status, this.actions),
      this.progress, h('div', { class: 'video-job' }, this.player, this.timeline.element), this.appearances,
    )
    this.follow()
  }

  close() {
    this.isClosed = true
    clearTimeout(this.timer)
  }

  async follow() {
    try {
      const job = await ask(path('videos', this.id))
      await this.readEvents()
      if (this.isClosed) return
      this.show(job)
      if (job.state === 'running' || job.state === 'waiting') this.timer = setTimeout(() => this.follow(), POLL_MS)
    } catch (error) {
      if (!this.isClosed) fill(this.progress, problem(error))
      if (error.status === 0) this.timer = setTimeout(() => this.follow(), 3 * POLL_MS)
    }
  }

  async readEvents() {
    let more = true
    while (more && !this.isClosed) {
      const page = await ask(`${path('videos', this.id, 'events')}${this.cursor ? `?cursor=${encodeURIComponent(this.cursor)}` : ''}`)
      this.merge(page.events)
      more = page.events.length > 0 && Boolean(page.next_cursor) && page.next_cursor !== this.cursor
      this.cursor = page.next_cursor ?? this.cursor
    }
    const ids = new Set(this.events.map(event => event.product_id).filter(Boolean))
    await Promise.all([...ids].map(fetchProduct))
  }

  merge(events) {
    const last = this.events.at(-1)?.sequence ?? 0
    this.events.push(...events.filter(event => event.sequence > last))
  }

  show(job) {
    const runs = job.state === 'running' || job.state === 'waiting'
    this.job = job
    fill(this.title, job.name)
    fill(this.status, statePill(job.state))
    fill(this.progress, runs && this.progressLine(job), job.error && problem({ status: 0, message: job.error }))
    fill(this.actions, button(runs ? 'Cancel' : 'Delete', () => this.remove(runs), { look: 'quiet', symbol: runs ? 'stop' : 'trash' }))
    const spans = spansOf(this.events, job)
    const duration = job.result?.duration_s || Math.max(0, ...spans.map(span => span.to))
    this.timeline.show(spans, duration)
    this.showPlayer(job)
    fill(this.appearances, this.list(spans, runs))
  }

  progressLine(job) {
    const share = job.total ? job.done / job.total : undefined
    const said = job.state === 'waiting' ? 'Waiting for its turn' : `${job.stage || 'Looking'}${share === undefined ? '' : ` · ${Math.floor(share * 100)} %`}`
    return h('div', { class: 'panel stack' }, h('p', { class: 'small quiet' }, said), h('progress', { max: 1, value: share, 'aria-label': 'Progress' }))
  }

  showPlayer(job) {
    const which = job.result?.annotated ? 'annotated.mp4' : 'video'
    if (this.shown === which) return
    this.shown = which
    const at = this.video?.currentTime ?? 0
    this.video = h('video', {
      src: path('videos', this.id, which), controls: true, playsInline: true, preload: 'metadata', 'aria-label': which === 'video' ? 'The video' : 'The video with what was found drawn in',
      on: { timeupdate: () => this.timeline.at(this.video.currentTime), error: () => fill(this.player, h('p', { class: 'empty' }, 'This browser cannot play the video.')) },
    })
    if (at) this.video.currentTime = at
    fill(this.player, this.video)
  }

  seek(seconds) {
    if (this.video) this.video.currentTime = seconds
    this.timeline.at(seconds)
  }

  list(spans, runs) {
    const known = spans.filter(span => span.product_id)
    if (!known.length) {
      if (runs) return null
      return this.job.state === 'done' ? h('div', { class: 'panel' }, empty('video', 'No product of the catalog appears', 'What was seen and not recognised is in the timeline as “unknown”.')) : null
    }
    return h('section', { class: 'stack' }, h('h2', {}, count(known.length, 'appearance')), h('div', { class: 'panel panel-flush scroll' }, h(
      'table', {}, h('thead', {}, h('tr', {}, ['Product', 'From', 'To', 'Verdict'].map(name => h('th', { scope: 'col' }, name)), h('th', { scope: 'col', class: 'number' }, 'Probability'))),
      h('tbody', {}, known.map(span => h('tr', { data: { product: span.product_id } },
        h('td', {}, button(product(span.product_id).name, () => this.seek(span.from), { look: 'link' })), h('td', {}, clock(span.from, true)), h('td', {}, span.open ? '…' : clock(span.to, true)),
        h('td', {}, verdictPill(span.verdict)), h('td', { class: 'number' }, percent(span.probability)))))),
    ))
  }

  async remove(runs) {
    const done = await attempt(() => send(path('videos', this.id), { method: 'DELETE' }))
    if (!done) return
    notify(runs ? 'The video was cancelled.' : 'The video was deleted.')
    location.hash = '#/video'
  }
}

/** From events, or better from the job's result, to who was there from when to when. */
function spansOf(events, job) {
  if (job.result?.appearances) {
    return job.result.appearances.map(one => ({ ...one, product_id: one.verdict === 'unknown' ? null : one.product_id, from: one.from_s, to: one.to_s, open: false }))
  }
  const now = Math.max(0, ...events.map(event => event.media_time_s))
  const spans = new Map()
  for (const event of events) {
    const span = spans.get(event.appearance_id) ?? { from: event.media_time_s }
    const isLeft = event.event === 'left'
    // A product keeps its name when it leaves without one: `left` may say what was last seen.
    const named = event.verdict === 'unknown' ? null : event.product_id
    Object.assign(span, { product_id: named ?? (isLeft ? span.product_id : null), verdict: event.verdict, probability: event.probability, to: isLeft ? event.media_time_s : now, open: !isLeft })
    spans.set(event.appearance_id, span)
  }
  return [...spans.values()]
}
